"""Addresses on the content host: contacts' pages, with no sign-in and no cookie of members."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url=settings.SITE_URL)),
    path("", include("accounts.urls_content")),
    path("", include("contacts.urls_content")),
    path("", include("privacy.urls_content")),
    path("", include("tracking.urls_content")),
    path("", include("campaigns.urls_content")),
]
