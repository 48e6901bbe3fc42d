"""The lib as a Django app, for its commands only."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    """Owns create_roles and describe_settings."""

    name = "emailconcert.lib"
    label = "lib"
