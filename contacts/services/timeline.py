"""A contact's timeline: what this app writes down, and what higher apps register to show beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contacts.models import Contact, ContactEvent


@dataclass(frozen=True)
class Entry:
    """One line of a timeline; `icon` is a Lucide name, `url` leads to what it is about."""

    at: datetime
    text: str
    icon: str = "circle"
    note: str = ""
    url: str = ""


Source = Callable[[Contact, int], Sequence[Entry]]
_sources: dict[str, Source] = {}

_TEXTS = {
    "added": ("Added", "user-plus"),
    "changed": ("Details changed", "pencil"),
    "imported": ("Changed by an import", "upload"),
    "subscribed": ("Subscribed", "mail-check"),
    "confirmed": ("Confirmed by link", "badge-check"),
    "unsubscribed": ("Unsubscribed", "mail-x"),
    "resubscribed": ("Subscribed again, by themselves", "mail-check"),
    "tagged": ("Tagged", "tag"),
    "untagged": ("Tag removed", "tag"),
    "restored": ("Restored", "undo-2"),
}


_ARRIVALS: dict[str, str] = {
    Contact.Source.MEMBER: "Added by a member",
    Contact.Source.IMPORT: "Came with an import",
    Contact.Source.FORM: "Came through a form",
    Contact.Source.API: "Came through the API",
    Contact.Source.DEMO: "Came with the sample data",
}


def register(name: str, source: Source) -> None:
    """Add a source of entries: called with the contact and how many entries are wanted, the newest first."""
    _sources[name] = source


def write(*, contact_id: int, kind: str, now: datetime, details: dict[str, Any] | None = None) -> None:
    """Write one entry; `details` holds ids, names of lists, tags and fields, never the person's values."""
    ContactEvent.objects.create(contact_id=contact_id, kind=kind, at=now, details=details or {})


def entries(contact: Contact, *, limit: int = 50) -> list[Entry]:
    """Return the newest entries from every source, the newest first."""
    found = [*_own(contact, limit)]
    for source in _sources.values():
        found += source(contact, limit)
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:limit]


def _own(contact: Contact, limit: int) -> list[Entry]:
    events = ContactEvent.objects.filter(account_id=contact.account_id, contact=contact).order_by("-id")[:limit]
    found = [_entry(event, contact) for event in events]
    if not any(event.kind == "added" for event in events):
        found.append(Entry(contact.created_at, _arrival(contact), "user-plus"))
    return found


def _arrival(contact: Contact) -> str:
    return _ARRIVALS.get(contact.source, "Added")


def _entry(event: ContactEvent, contact: Contact) -> Entry:
    text, icon = _TEXTS.get(event.kind, (event.kind.replace("_", " ").capitalize(), "circle"))
    details = event.details
    if event.kind == "added":
        text = _arrival(contact)
    if about := details.get("list") or details.get("tag"):
        text = f"{text}: {about}"
    note = details.get("reason") or ", ".join(name.replace("_", " ") for name in details.get("fields", ()))
    return Entry(event.at, text, icon, note=str(note))
