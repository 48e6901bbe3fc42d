"""Addresses of what providers report, among an account's settings for sending."""

from django.urls import path

from tracking.views import webhook_settings

app_name = "tracking"

urlpatterns = [
    path("settings/sending/events/", webhook_settings.overview, name="webhooks"),
    path("settings/sending/events/<int:pk>/", webhook_settings.open_door, name="open-webhook"),
]
