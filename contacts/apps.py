"""The contacts app."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "contacts"
