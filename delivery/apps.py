"""The delivery app."""

from importlib import import_module

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """Wires the app's registrations."""

    name = "delivery"

    def ready(self) -> None:
        """Register the outbox's mail handler and the settings page."""
        from accounts import settings_pages  # noqa: PLC0415  # models are ready only now
        from accounts.models import Role  # noqa: PLC0415

        import_module("delivery.receivers")
        settings_pages.register("Sending", "delivery:sending", 40, role=Role.VIEWER)
