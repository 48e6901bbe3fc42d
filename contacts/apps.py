"""The contacts app."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "contacts"

    def ready(self) -> None:
        """Add the place to the side bar."""
        from emailconcert.shell import nav  # noqa: PLC0415  # apps are ready only now

        nav.register("Contacts", "contacts:list", "users", 30, ("contacts",))
