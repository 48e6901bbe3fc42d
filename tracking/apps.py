"""The tracking app."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    """Wires the app's registrations."""

    name = "tracking"
