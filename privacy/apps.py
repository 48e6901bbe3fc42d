"""The privacy app."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Wires the app's registrations."""

    name = "privacy"
