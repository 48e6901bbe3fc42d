"""Where each value of a contact came from. What is not noted came in with the contact itself."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from contacts.models import Contact, Form, Import


@dataclass(frozen=True)
class Origin:
    """Where one value came from, for people: "Import “spring.csv”", on which day (UTC)."""

    text: str
    on: date


def mark(contact: Contact, *, names: Collection[str], source: str, source_id: int | None = None, now: datetime) -> None:
    """Note in `contact.value_sources` where the values of these fields come from; the caller saves the column.

    `names` as in `contacts.fields`: "first_name", "field:<key>". `source` is one of `Contact.Source`.
    """
    noted = dict(contact.value_sources)
    noted.update(dict.fromkeys(names, entry(source=source, source_id=source_id, now=now)))
    contact.value_sources = noted


def forget(contact: Contact, *, names: Collection[str]) -> None:
    """Take the notes of fields that have no value any more away; the caller saves the column."""
    contact.value_sources = {name: noted for name, noted in contact.value_sources.items() if name not in set(names)}


def entry(*, source: str, source_id: int | None = None, now: datetime) -> list[str | int | None]:
    """Return one note as `Contact.value_sources` keeps it: [source, its id, "YYYY-MM-DD"]."""
    return [str(source), source_id, now.date().isoformat()]


def origins(contact: Contact, names: Collection[str]) -> Mapping[str, Origin]:
    """Return where the values of these fields came from, the contact's own source where nothing is noted."""
    default = [contact.source, contact.source_id, contact.created_at.date().isoformat()]
    noted = {name: contact.value_sources.get(name, default) for name in names}
    titles = _titles(contact.account_id, [(each[0], each[1]) for each in noted.values()])
    return {
        name: Origin(titles[source, source_id], date.fromisoformat(day))
        for name, (source, source_id, day) in noted.items()
    }


def _titles(account_id: int, pairs: Collection[tuple[str, int | None]]) -> Mapping[tuple[str, int | None], str]:
    imports = {number for source, number in pairs if source == Contact.Source.IMPORT and number}
    forms = {number for source, number in pairs if source == Contact.Source.FORM and number}
    files = Import.objects.filter(account_id=account_id, pk__in=imports) if imports else Import.objects.none()
    shown = Form.objects.filter(account_id=account_id, pk__in=forms) if forms else Form.objects.none()
    names: dict[tuple[str, int | None], str] = {
        (Contact.Source.IMPORT, pk): f"Import “{name}”" for pk, name in files.values_list("pk", "file_name")
    }
    names |= {(Contact.Source.FORM, pk): f"Form “{name}”" for pk, name in shown.values_list("pk", "name")}
    labels = dict(Contact.Source.choices)
    return {pair: names.get(pair, str(labels.get(pair[0], pair[0]))) for pair in pairs}
