"""Addresses on the members' host. What accounts write lives on the content host: `emailconcert.urls_content`."""

from django.contrib import admin
from django.urls import include, path

from emailconcert import health

urlpatterns = [
    path("_components/", include("emailconcert.shell.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]
