"""The contacts app."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "contacts"

    def ready(self) -> None:
        """Add the place to the side bar; say how opt-outs hold after a restore."""
        from contacts.services import subscribing  # noqa: PLC0415  # apps are ready only now
        from emailconcert.shell import nav  # noqa: PLC0415
        from privacy.services import standing_log  # noqa: PLC0415

        standing_log.replays_lists(subscribing.leave_again)
        nav.register("Contacts", "contacts:list", "users", 30, ("contacts",))
