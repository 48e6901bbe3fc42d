"""The tracking app."""

from importlib import import_module

from django.apps import AppConfig

_AUDITED = {
    "review.opened": "Opened a mail that was not understood",
    "review.decided": "Decided what a mail means",
    "webhook.opened": "Made an address for a provider’s reports",
}


class TrackingConfig(AppConfig):
    """Wires the app's registrations."""

    name = "tracking"

    def ready(self) -> None:
        """Register the outbox's handler, segment conditions and the timeline's entries."""
        import_module("tracking.receivers")
        import_module("tracking.conditions")
        import_module("tracking.timeline")
        import_module("accounts.audit_words").register(_AUDITED)
