"""A contact's values by field: read, written, kept sealed where the field is sensitive. In the account's scope."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

import orjson

from accounts.services import keys
from contacts.fields import Field, Value, read, show
from contacts.fields.kinds import Kind
from contacts.models import Contact
from emailconcert.lib.errors import ExpectedError
from privacy.services import guard

SEALED = "contacts_contact.sealed_values"
# What people write themselves; numbers, dates and codes say nothing of belief or health.
_FREE = (Kind.TEXT, Kind.LONG_TEXT, Kind.CHOICE, Kind.CHOICES)


class MissingValue(ExpectedError):
    """A required field is empty."""

    def __init__(self, field: Field) -> None:
        super().__init__(f"“{field.label}” is required.")
        self.field = field


def value_of(contact: Contact, field: Field) -> Value:
    """Return the value of a field that is not sensitive, as `contacts.fields` keeps it."""
    if field.is_own:
        found: Value = contact.values.get(field.key)
        return found
    held = getattr(contact, field.name)
    return held.isoformat() if isinstance(held, date) else held or None


def unseal(contact: Contact) -> dict[str, Value]:
    """Return the values of sensitive fields by key. Showing them to somebody is to be audited by the caller."""
    if contact.sealed_values is None:
        return {}
    text = keys.unseal_text(bytes(contact.sealed_values), account_id=contact.account_id, context=SEALED)
    opened: dict[str, Value] = orjson.loads(text)
    return opened


def seal(values: Mapping[str, Value], *, account_id: int) -> bytes | None:
    """Return the values of sensitive fields by key as `Contact.sealed_values` keeps them; None without any."""
    filled = {key: value for key, value in values.items() if not is_empty(value)}
    text = orjson.dumps(filled, option=orjson.OPT_SORT_KEYS).decode()
    return keys.seal_text(text, account_id=account_id, context=SEALED) if filled else None


def put(contact: Contact, values: Mapping[Field, Value]) -> list[Field]:
    """Set values on the contact and return the fields that changed; the caller saves `columns_of` them."""
    changed = [field for field, value in values.items() if not field.sensitive and _differs(contact, field, value)]
    own = dict(contact.values)
    for field in changed:
        _set(contact, own, field, values[field])
    contact.values = own
    secret = {field: value for field, value in values.items() if field.sensitive}
    if secret:
        changed += _put_sealed(contact, secret)
    return changed


def columns_of(fields: Iterable[Field]) -> list[str]:
    """Return the contact's columns in which these fields are kept."""
    columns = {"sealed_values" if field.sensitive else "values" if field.is_own else field.name for field in fields}
    return sorted(columns)


def is_empty(value: Value) -> bool:
    """Tell whether a value is none; false and 0 are values."""
    return value is None or value in ("", [])


def with_defaults(fields: Collection[Field], values: Mapping[Field, Value]) -> dict[Field, Value]:
    """Return the values with defaults where there is none. Raises `MissingValue` for a required field of the account."""
    whole = dict(values)
    for field in fields:
        if is_empty(whole.get(field)) and field.default:
            whole[field] = read(field, field.default)
        if field.is_own and field.required and is_empty(whole.get(field)):
            raise MissingValue(field)
    return whole


def look_at(values: Mapping[Field, Value], *, place: str, now: datetime) -> None:
    """Raise `guard.SpecialCategory` if one of the values tells what the law protects specially.

    The finding is written down: call it outside the transaction that the refusal undoes.
    """
    for field, value in values.items():
        if field.is_own and field.kind in _FREE and not is_empty(value):
            guard.refuse_values([show(value)], place=place, name=field.label, now=now)


def _differs(contact: Contact, field: Field, value: Value) -> bool:
    held = value_of(contact, field)
    return not (is_empty(held) and is_empty(value)) and (type(held), held) != (type(value), value)


def _set(contact: Contact, own: dict[str, Value], field: Field, value: Value) -> None:
    if not field.is_own:
        if field.kind == Kind.BIRTH:
            contact.date_of_birth = date.fromisoformat(str(value)) if value else None
        else:
            setattr(contact, field.name, value or "")
    elif is_empty(value):
        own.pop(field.key, None)
    else:
        own[field.key] = value


def _put_sealed(contact: Contact, values: Mapping[Field, Value]) -> list[Field]:
    held = unseal(contact)
    changed = [field for field, value in values.items() if (held.get(field.key) or None) != (value or None)]
    if changed:
        for field in changed:
            held[field.key] = values[field]
        contact.sealed_values = seal(held, account_id=contact.account_id)
    return changed
