"""A contact's timeline: what this app writes down, and what higher apps register to show beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from contacts.models import Contact, ContactEvent

OWN = "contacts"
PAGE = 50
_ANY, _NONE = 2**62, -1


@dataclass(frozen=True)
class Entry:
    """One line of a timeline; `icon` is a Lucide name, `url` leads to what it is about.

    `number` tells entries of one source and one moment apart, so that pages neither repeat nor lose any.
    """

    at: datetime
    text: str
    icon: str = "circle"
    note: str = ""
    url: str = ""
    number: int = 0


@dataclass(frozen=True, order=True)
class Key:
    """Where a page of a timeline ends."""

    at: datetime
    source: str
    number: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.source}~{self.number}"


@dataclass(frozen=True)
class Bound:
    """What a source gives: entries of which (at, number) is smaller."""

    at: datetime
    number: int

    def smaller(self, number: str = "pk") -> Q:
        """Return the condition on columns `at` and `number`."""
        return Q(at__lt=self.at) | Q(**{"at": self.at, f"{number}__lt": self.number})


@dataclass(frozen=True)
class Page:
    """Some entries, the newest first; `older` is the key of those that follow, empty at the end."""

    entries: Sequence[Entry]
    older: str = ""


Source = Callable[[Contact, int, Bound | None], Sequence[Entry]]
_sources: dict[str, Source] = {}

_TEXTS = {
    "added": ("Added", "user-plus"),
    "changed": ("Details changed", "pencil"),
    "imported": ("Changed by an import", "upload"),
    "subscribed": ("Subscribed", "mail-check"),
    "confirmed": ("Confirmed by link", "badge-check"),
    "unsubscribed": ("Unsubscribed", "mail-x"),
    "resubscribed": ("Subscribed again, by themselves", "mail-check"),
    "shown": ("Sensitive values shown to a member", "eye"),
    "tagged": ("Tagged", "tag"),
    "untagged": ("Tag removed", "tag"),
    "restored": ("Restored", "undo-2"),
}


_ARRIVALS: dict[str, str] = {
    Contact.Source.MEMBER: "Added by a member",
    Contact.Source.IMPORT: "Came with an import",
    Contact.Source.FORM: "Came through a form",
    Contact.Source.API: "Came through the API",
    Contact.Source.PREFERENCES: "Came through the preference centre",
    Contact.Source.AUTOMATION: "Came through an automation",
    Contact.Source.DEMO: "Came with the sample data",
}


def register(name: str, source: Source) -> None:
    """Add a source: called with the contact, how many entries are wanted, and the bound below which they lie."""
    _sources[name] = source


def write(*, contact_id: int, kind: str, now: datetime, details: dict[str, Any] | None = None) -> None:
    """Write one entry; `details` holds ids, names of lists, tags and fields, never the person's values."""
    ContactEvent.objects.create(contact_id=contact_id, kind=kind, at=now, details=details or {})


def read(contact: Contact, *, before: str = "", limit: int = PAGE) -> Page:
    """Return a page of entries from every source, those before a key where one is given. Bad keys give the first page."""
    key = _key(before)
    found: list[tuple[Key, Entry]] = []
    for name, source in {OWN: _own, **_sources}.items():
        entries = source(contact, limit + 1, _bound(key, name))
        found += [(Key(entry.at, name, entry.number), entry) for entry in entries]
    found.sort(key=lambda pair: pair[0], reverse=True)
    shown = found[:limit]
    return Page([entry for _, entry in shown], str(shown[-1][0]) if len(found) > limit else "")


def word_of(kind: str) -> str:
    """Return what an event of this app is called."""
    return _TEXTS.get(kind, (kind.replace("_", " ").capitalize(), ""))[0]


def _key(text: str) -> Key | None:
    at, _, rest = text.partition("~")
    source, _, number = rest.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return Key(moment, source, int(number)) if moment.tzinfo else None
    except ValueError:
        return None


def _bound(key: Key | None, source: str) -> Bound | None:
    """Return the bound of a source: of the same moment it still has all, none, or what is below the number."""
    if key is None:
        return None
    if source == key.source:
        return Bound(key.at, max(_NONE, min(_ANY, key.number)))
    return Bound(key.at, _ANY if source < key.source else _NONE)


def _own(contact: Contact, limit: int, bound: Bound | None) -> Sequence[Entry]:
    events = ContactEvent.objects.filter(account_id=contact.account_id, contact=contact)
    rows = (events.filter(bound.smaller()) if bound else events).order_by("-at", "-pk")[:limit]
    found = [_entry(event, contact) for event in rows]
    if len(found) < limit and not events.filter(kind="added").exists():
        arrival = Entry(contact.created_at, _arrival(contact), "user-plus")
        if bound is None or (arrival.at, 0) < (bound.at, bound.number):
            found.append(arrival)
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
    note = details.get("reason") or ", ".join(_named(name) for name in details.get("fields", ()))
    return Entry(event.at, text, icon, note=str(note), number=event.pk)


def _named(field: str) -> str:
    return field.rpartition(":")[2].replace("_", " ")
