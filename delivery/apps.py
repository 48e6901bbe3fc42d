"""The delivery app."""

from importlib import import_module

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Wires the app's registrations."""

    name = "delivery"

    def ready(self) -> None:
        """Register the outbox's mail handler."""
        import_module("delivery.receivers")
