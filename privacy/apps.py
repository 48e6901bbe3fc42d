"""The privacy app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PrivacyConfig(AppConfig):
    """Wires the app's registrations."""

    name = "privacy"

    def ready(self) -> None:
        """Gather what every app says of the personal data it holds."""
        from privacy import checks  # noqa: F401, PLC0415  # registers the system check; needs the models

        autodiscover_modules("personal_data")
