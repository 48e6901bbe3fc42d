"""The delivery app."""

from importlib import import_module

from django.apps import AppConfig

_AUDITED = {
    "domain.added": "Added a sending domain",
    "domain.keys_made": "Made new DKIM keys",
    "domain.removed": "Removed a sending domain",
    "connection.added": "Added a connection",
    "connection.changed": "Changed a connection",
    "connection.removed": "Removed a connection",
}
_WORDS = "senders addresses from domains dns dkim spf dmarc records connections smtp"


class DeliveryConfig(AppConfig):
    """Wires the app's registrations."""

    name = "delivery"

    def ready(self) -> None:
        """Register the outbox's mail handler, what is held after a restore, and the settings page."""
        from accounts import audit_words, settings_pages  # noqa: PLC0415  # models are ready only now
        from accounts.models import Role  # noqa: PLC0415
        from contacts import senders  # noqa: PLC0415
        from delivery import queries  # noqa: PLC0415
        from delivery.services import holding  # noqa: PLC0415
        from privacy.services import backups  # noqa: PLC0415

        import_module("delivery.receivers")
        senders.register(queries.sender_choices)
        backups.holds_after_restore(holding.hold_restored)
        audit_words.register(_AUDITED)
        settings_pages.register("Sending", "delivery:sending", 40, role=Role.VIEWER, words=_WORDS)
