"""The delivery app."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Wires the app's registrations."""

    name = "delivery"
