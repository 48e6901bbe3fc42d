"""Addresses on the members' host. What accounts write lives on the content host: `emailconcert.urls_content`."""

from django.contrib import admin
from django.urls import include, path

from campaigns.views import home
from emailconcert import health, tls

urlpatterns = [
    path("", home.show, name="home"),
    path("", include("campaigns.urls")),
    path("", include("campaigns.urls_templates")),
    path("", include("campaigns.urls_feeds")),
    path("", include("contacts.urls")),
    path("", include("accounts.urls")),
    path("", include("privacy.urls")),
    path("settings/sending/", include("delivery.urls")),
    path("", include("tracking.urls")),
    path("_components/", include("emailconcert.shell.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("-/tls-ask", tls.tls_ask, name="tls-ask"),
    path("admin/", admin.site.urls),
]
