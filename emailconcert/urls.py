"""Addresses on the members' host. What accounts write lives on the content host: `emailconcert.urls_content`."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("_components/", include("emailconcert.shell.urls")),
    path("admin/", admin.site.urls),
]
