"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "accounts"
