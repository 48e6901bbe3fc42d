"""Addresses of hosted forms, on the content host."""

from django.urls import path

from contacts.views import public

app_name = "contacts_public"

urlpatterns = [
    path("f/confirm/<str:token>", public.confirm, name="confirm"),
    path("f/<slug:slug>", public.form, name="form"),
    path("f/<slug:slug>/", public.form),
]
