from django.apps import AppConfig


class ShellConfig(AppConfig):
    name = "emailconcert.shell"
    label = "shell"
    verbose_name = "Shell"

    def ready(self) -> None:
        from emailconcert.shell import checks  # noqa: F401, PLC0415 (registers the system checks)
