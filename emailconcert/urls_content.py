"""Addresses on the content host: contacts' pages, with no sign-in and no cookie of members."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("contacts.urls_content")),
    path("", include("privacy.urls_content")),
    path("", include("tracking.urls_content")),
    path("", include("campaigns.urls_content")),
]
