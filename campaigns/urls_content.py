"""Addresses of campaigns on the content host."""

from django.urls import path

from campaigns.views import previewing

urlpatterns = [
    path("preview/<str:token>/", previewing.show, name="campaign-preview"),
    path("preview/template/<str:token>/", previewing.template, name="template-picture"),
]
