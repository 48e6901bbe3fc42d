"""The shell app: what pages are made of, without models."""

from django.apps import AppConfig


class ShellConfig(AppConfig):
    """Registers the system checks."""

    name = "emailconcert.shell"
    label = "shell"
    verbose_name = "Shell"

    def ready(self) -> None:
        """Let Django find the checks."""
        from emailconcert.shell import checks  # noqa: F401, PLC0415 (registers the system checks)
