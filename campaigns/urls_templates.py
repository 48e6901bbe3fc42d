"""Addresses of templates on the members' host."""

from django.urls import path

from campaigns.views import templates

app_name = "templates"
urlpatterns = [
    path("content/templates/", templates.index, name="list"),
    path("content/templates/gallery/<slug:slug>/", templates.sample, name="sample"),
    path("content/templates/use/", templates.use, name="use"),
]
