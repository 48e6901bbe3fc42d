"""What a contact's page shows: each field with its value for people and where it came from, and histories of lists."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from babel import Locale
from django.utils.formats import date_format
from django.utils.timezone import localtime

from accounts.services import auditing
from accounts.services.auditing import Actor
from contacts.fields import Field, Value, all_fields, show
from contacts.fields.kinds import Kind
from contacts.models import Contact, ContactEvent
from contacts.services import people, timeline
from contacts.services.fields import field_values, sources
from contacts.services.fields.sources import Origin
from privacy.services import standing


@dataclass(frozen=True)
class Row:
    """One field on the page. `is_hidden` where a sensitive value is or may be kept that is not shown."""

    field: Field
    text: str
    url: str
    origin: Origin | None
    is_noted: bool
    is_hidden: bool

    @property
    def dom(self) -> str:
        """Return the row's id on the page."""
        return f"value-{self.field.name.replace(':', '-')}"


@dataclass(frozen=True)
class Step:
    """One thing that happened to a contact's standing on a list."""

    at: datetime
    text: str


def rows(contact: Contact, *, fields: Collection[Field] | None = None) -> list[Row]:
    """Return every field (or those given) with its value; sensitive values are not opened."""
    known = list(all_fields(contact.account_id) if fields is None else fields)
    values = {field: field_values.value_of(contact, field) for field in known if not field.sensitive}
    filled = [field.name for field, value in values.items() if not field_values.is_empty(value)]
    origins = sources.origins(contact, filled)
    return [_row(contact, field, values.get(field), origins.get(field.name)) for field in known]


def reveal(contact: Contact, field: Field, *, actor: Actor, now: datetime) -> Row:
    """Open one sensitive field, which is audited and stands on the timeline. Raises `people.IsRestricted`."""
    if people.kind_of_block(account_id=contact.account_id, address=contact.email) == standing.Kind.RESTRICTED:
        raise people.IsRestricted
    value = field_values.unseal(contact).get(field.key)
    auditing.record(
        action="contact.value_shown",
        actor=actor,
        now=now,
        account_id=contact.account_id,
        target=("contact", contact.pk),
        details={"fields": [field.name]},
    )
    timeline.write(contact_id=contact.pk, kind="shown", now=now, details={"fields": [field.name]})
    origin = None if field_values.is_empty(value) else sources.origins(contact, [field.name])[field.name]
    return Row(field, display(field, value), "", origin, field.name in contact.value_sources, is_hidden=False)


def histories(contact: Contact) -> Mapping[str, list[Step]]:
    """Return what happened on each list, by its name, the oldest first."""
    kinds = ("subscribed", "confirmed", "unsubscribed", "resubscribed", "restored")
    events = ContactEvent.objects.filter(account_id=contact.account_id, contact=contact, kind__in=kinds)
    found: dict[str, list[Step]] = {}
    for event in events.order_by("at", "pk"):
        text = timeline.word_of(event.kind)
        if reason := event.details.get("reason"):
            text = f"{text}: {reason}"
        found.setdefault(str(event.details.get("list", "")), []).append(Step(event.at, text))
    return found


def display(field: Field, value: Value) -> str:
    """Return a value as people read it: names in place of codes, moments in the member's own time zone."""
    if not isinstance(value, str) or not value:
        return show(value)
    if field.kind in (Kind.DATE, Kind.BIRTH):
        return date_format(date.fromisoformat(value), "j F Y")
    if field.kind == Kind.DATETIME:
        return date_format(localtime(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)), "j F Y, H:i")
    if field.kind == Kind.COUNTRY:
        return str(Locale("en").territories.get(value, value))
    if field.kind == Kind.LANGUAGE:
        return str(Locale("en").languages.get(value, value))
    return value


def _row(contact: Contact, field: Field, value: Value, origin: Origin | None) -> Row:
    text = display(field, value)
    is_hidden = field.sensitive and contact.sealed_values is not None
    url = text if field.kind == Kind.URL else ""
    return Row(field, text, url, origin, field.name in contact.value_sources, is_hidden)
