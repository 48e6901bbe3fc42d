"""The columns that the table can show beside the name, and what stands in them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from accounts import choices as offered
from contacts import fields, queries
from contacts.models import Contact, ContactTag, Subscription

DEFAULT = ("standing", "source", "added")
_OTHERS = {
    "standing": "Standing",
    "lists": "Lists",
    "tags": "Tags",
    "source": "Source",
    "added": "Added",
    "changed": "Changed",
}
_SORTS = {"added": "added", "changed": "changed"}


@dataclass(frozen=True)
class Column:
    """One column; `sort` is the word of the page's address where it can be sorted by."""

    name: str
    label: str
    sort: str = ""
    is_field: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell: `kind` says how it is drawn."""

    kind: str
    value: Any


def choices(account_id: int) -> list[Column]:
    """Return every column that can be chosen. Sensitive fields are in none."""
    own = [field for field in fields.all_fields(account_id) if field.name != "email" and not field.sensitive]
    first = [Column(name, label, _SORTS.get(name, "")) for name, label in _OTHERS.items()]
    return [*first, *(Column(field.name, field.label, is_field=True) for field in own)]


def chosen(names: Sequence[str], known: Sequence[Column]) -> list[Column]:
    """Return the columns of these names, in their order; those that are gone are left out."""
    by_name = {column.name: column for column in known}
    return [by_name[name] for name in names if name in by_name]


def cells(contacts: Sequence[Contact], columns: Sequence[Column]) -> list[tuple[Contact, list[Cell]]]:
    """Return each contact with its cells, asking the database once for all of them."""
    names = {column.name for column in columns}
    ids = [contact.pk for contact in contacts]
    known: dict[str, dict[int, Any]] = {
        "standing": dict(queries.standings(contacts)) if "standing" in names else {},
        "lists": _lists(ids) if "lists" in names else {},
        "tags": _tags(ids) if "tags" in names else {},
    }
    return [(contact, [_cell(contact, column.name, known) for column in columns]) for contact in contacts]


def word_for(field: str, code: str) -> str:
    """Return the name of a country or language, and any other value as it is."""
    if field == "country":
        return dict(offered.countries()).get(code.upper(), code)
    return dict(offered.languages()).get(code.lower(), code) if field == "language" else code


def _cell(contact: Contact, name: str, known: dict[str, dict[int, Any]]) -> Cell:
    if name in known:
        return Cell(name, known[name].get(contact.pk, ""))
    if name == "source":
        return Cell("text", contact.get_source_display())
    if name in {"added", "changed"}:
        return Cell("time", contact.created_at if name == "added" else contact.updated_at)
    if name.startswith(fields.FIELD):
        return Cell("text", fields.show(contact.values.get(name.removeprefix(fields.FIELD))))
    return Cell("text", word_for(name, getattr(contact, name) or ""))


def _lists(ids: Collection[int]) -> dict[int, list[str]]:
    places = Subscription.objects.filter(contact_id__in=ids, state=Subscription.State.SUBSCRIBED)
    return _grouped(places.order_by("list__name").values_list("contact_id", "list__name"))


def _tags(ids: Collection[int]) -> dict[int, list[str]]:
    links = ContactTag.objects.filter(contact_id__in=ids).order_by("tag__name")
    return _grouped(links.values_list("contact_id", "tag__name"))


def _grouped(rows: Any) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for pk, name in rows:
        found.setdefault(pk, []).append(name)
    return found
