"""Addresses of hosted forms, on the content host."""

from django.urls import path

from contacts.views import public, public_parts

app_name = "contacts_public"

urlpatterns = [
    path("f/confirm/<str:token>", public.confirm, name="confirm"),
    path("f/look.css", public_parts.look, name="look"),
    path("f/logo/<uuid:account_key>/<str:digest>.png", public_parts.logo, name="logo"),
    path("f/<slug:slug>", public.form, name="form"),
    path("f/<slug:slug>/", public.form),
    path("f/<slug:slug>/embed", public.form, {"embedded": True}, name="embed"),
]
