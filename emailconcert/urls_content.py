"""Addresses on the content host: contacts' pages, with no sign-in and no cookie of members."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("privacy.urls_content")),
    path("", include("campaigns.urls_content")),
]
