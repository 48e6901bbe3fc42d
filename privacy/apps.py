"""The privacy app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PrivacyConfig(AppConfig):
    """Wires the app's registrations."""

    name = "privacy"

    def ready(self) -> None:
        """Gather what every app says of the personal data it holds; tell accounts which notices are in force."""
        from accounts.services import documents, outbox  # noqa: PLC0415  # needs the models
        from privacy import checks, places  # noqa: F401, PLC0415  # registers the system check and the places
        from privacy.services import ledger, notices  # noqa: PLC0415  # needs the models

        documents.register_versions(notices.versions_in_force)
        outbox.register_guard(ledger.may_serve)
        autodiscover_modules("personal_data")
