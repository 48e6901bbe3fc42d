"""The contacts app."""

from django.apps import AppConfig

_AUDITED = {
    "contact.added": "Added a contact",
    "contact.changed": "Changed a contact",
    "contact.deleted": "Deleted a contact",
    "contact.value_shown": "Looked at a sensitive value",
    "contact.evidence": "Downloaded evidence of consent",
    "field.created": "Added a field",
    "field.changed": "Changed a field",
    "field.moved": "Put a field in another place",
    "field.deleted": "Deleted a field with its values",
}


class ContactsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "contacts"

    def ready(self) -> None:
        """Add the place to the side bar; name what is audited; say how opt-outs hold after a restore."""
        from accounts import audit_words  # noqa: PLC0415
        from accounts.services.media import uses  # noqa: PLC0415
        from contacts import receivers  # noqa: F401, PLC0415
        from contacts.pictures import uses_of_pictures  # noqa: PLC0415
        from contacts.services.lists import subscribing  # noqa: PLC0415  # apps are ready only now
        from emailconcert.shell import nav  # noqa: PLC0415
        from privacy.services import standing_log  # noqa: PLC0415

        audit_words.register(_AUDITED)
        uses.register(uses_of_pictures)
        standing_log.replays_lists(subscribing.leave_again)
        nav.register("Contacts", "contacts:list", "users", 30, ("contacts",))
