"""Moving what contacts have in a field after the field has changed: sealed, opened, read as another type, or taken away.

Each step takes one piece of the contacts in the order of their keys and can be repeated without harm.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction

from accounts.services import outbox
from contacts.fields import FIELD, BadValue, Field, Value, read, show
from contacts.fields.kinds import Kind
from contacts.models import Contact, CustomField
from contacts.services.fields import field_values
from emailconcert.lib.tenancy import account_scope

PIECE = 1000
# What the outbox carries: one entry moves pieces for so long, then asks for the next.
TOPIC = "contacts.values_to_move"
_SECONDS = 20.0


class Move(StrEnum):
    """What is done to the values."""

    SEAL = "seal"
    OPEN = "open"
    CONVERT = "convert"
    DROP = "drop"


def step(*, account_id: int, key: str, move: Move, after: int = 0) -> int | None:
    """Move one piece of values, in the account's scope; return the contact after which the next begins, or None.

    Nothing is done where the field has changed again since: another run was asked for then.
    """
    row = CustomField.objects.filter(account_id=account_id, key=key).first()
    if not _still_wanted(row, move):
        return None
    with transaction.atomic():
        found = Contact.objects.select_for_update().filter(account_id=account_id, pk__gt=after)
        people = list(_holding(found, key, move).order_by("pk")[:PIECE])
        change = _CHANGES[move]
        for contact in people:
            change(contact, key, row)
        Contact.objects.bulk_update(people, ["values", "sealed_values", "value_sources"], batch_size=PIECE)
    return people[-1].pk if len(people) == PIECE else None


def run(*, account_id: int, key: str, move: Move) -> None:
    """Move everything at once, in the account's scope."""
    after: int | None = 0
    while after is not None:
        after = step(account_id=account_id, key=key, move=move, after=after)


def ask(*, account_id: int, key: str, move: Move, now: datetime, after: int = 0) -> None:
    """Have everything moved in the background: the outbox forgets nothing, whatever is killed."""
    payload = {"key": key, "move": str(move), "after": after}
    outbox.put_event(topic=TOPIC, payload=payload, account_id=account_id, now=now)


def carry_on(*, account_id: int, key: str, move: Move, after: int, clock: Callable[[], datetime]) -> None:
    """Move pieces for a while, and ask for the rest; from the start again does no harm."""
    until = clock() + timedelta(seconds=_SECONDS)
    with account_scope(account_id):
        left = step(account_id=account_id, key=key, move=move, after=after)
        while left is not None and clock() < until:
            left = step(account_id=account_id, key=key, move=move, after=left)
    if left is not None:
        ask(account_id=account_id, key=key, move=move, now=clock(), after=left)


def unreadable(*, account_id: int, field: Field, kind: Kind, choices: tuple[str, ...]) -> tuple[int, str]:
    """Return how many values another type would not take, and one of the reasons."""
    wanted = Field(field.name, field.label, kind, choices=choices)
    count, reason = 0, ""
    rows = Contact.objects.filter(account_id=account_id, values__has_key=field.key)
    for value in rows.values_list(f"values__{field.key}", flat=True).iterator(chunk_size=5000):
        try:
            _converted(wanted, value)
        except BadValue as error:
            count, reason = count + 1, reason or str(error)
    return count, reason


def _still_wanted(row: CustomField | None, move: Move) -> bool:
    if move == Move.DROP or row is None:
        return move == Move.DROP and row is None
    return row.sensitive == (move == Move.SEAL) if move in (Move.SEAL, Move.OPEN) else not row.sensitive


def _holding(found: Any, key: str, move: Move) -> Any:
    if move == Move.OPEN:
        return found.filter(sealed_values__isnull=False)
    if move == Move.DROP:
        return found.filter(values__has_key=key) | found.filter(sealed_values__isnull=False)
    return found.filter(values__has_key=key)


def _seal(contact: Contact, key: str, row: CustomField | None) -> None:  # noqa: ARG001  # all moves look alike
    sealed = field_values.unseal(contact)
    sealed[key] = contact.values.pop(key)
    contact.sealed_values = field_values.seal(sealed, account_id=contact.account_id)


def _open(contact: Contact, key: str, row: CustomField | None) -> None:  # noqa: ARG001
    sealed = field_values.unseal(contact)
    if key in sealed:
        contact.values[key] = sealed.pop(key)
        contact.sealed_values = field_values.seal(sealed, account_id=contact.account_id)


def _drop(contact: Contact, key: str, row: CustomField | None) -> None:  # noqa: ARG001
    contact.values.pop(key, None)
    contact.value_sources.pop(f"{FIELD}{key}", None)
    sealed = field_values.unseal(contact)
    if sealed.pop(key, None) is not None:
        contact.sealed_values = field_values.seal(sealed, account_id=contact.account_id)


def _convert(contact: Contact, key: str, row: CustomField | None) -> None:
    assert row is not None  # noqa: S101  # for the type checker: `_still_wanted` saw to it
    wanted = Field(f"{FIELD}{key}", row.label, Kind(row.type), choices=tuple(row.choices))
    try:
        value = _converted(wanted, contact.values[key])
    except BadValue:  # written since it was counted; it stays and is shown as it is
        return
    contact.values[key] = value


def _converted(field: Field, value: Value) -> Value:
    text = "\n".join(value) if isinstance(value, list) and field.kind == Kind.CHOICES else show(value)
    found = read(field, text)
    if found is None:
        raise BadValue("There would be nothing left of a value.")
    return found


_CHANGES: Mapping[Move, Callable[[Contact, str, CustomField | None], None]] = {
    Move.SEAL: _seal,
    Move.OPEN: _open,
    Move.CONVERT: _convert,
    Move.DROP: _drop,
}
