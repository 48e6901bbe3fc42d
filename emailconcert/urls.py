"""Addresses on the members' host. What accounts write lives on the content host: `emailconcert.urls_content`."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
