"""Addresses on the content host: contacts' pages, with no sign-in and no cookie of members."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
