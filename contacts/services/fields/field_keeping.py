"""The account's own fields: added, changed, put in order, deleted; and what becomes of their values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max
from django.utils.text import slugify

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.fields import FIELD, STANDARD, Field, read
from contacts.fields.kinds import Kind
from contacts.fields.known import of_row
from contacts.models import Contact, CustomField
from contacts.services.fields import field_moving, field_uses
from contacts.services.fields.field_moving import Move
from emailconcert.lib.errors import ExpectedError
from privacy.services import guard

MOST = 200
_CHOOSING = (Kind.CHOICE, Kind.CHOICES)
# Names that mails and the API have for something else.
_TAKEN = {field.name for field in STANDARD} | {"id", "tags", "lists", "source", "created_at"}


class BadField(ExpectedError):
    """The field can't be kept like this; `part` is the input to mend."""

    def __init__(self, text: str, part: str = "label") -> None:
        super().__init__(text)
        self.part = part


class FieldInUse(ExpectedError):
    """Something else needs the field as it is."""


@dataclass(frozen=True)
class Draft:
    """What a member wants a field to be."""

    label: str
    type: str = Kind.TEXT
    help: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    default: str = ""
    sensitive: bool = False


@dataclass(frozen=True)
class Counted:
    """A field, and how many contacts have a value; of a sensitive one, how many have any sealed value."""

    row: CustomField
    people: int

    @property
    def type_label(self) -> str:
        """Return the type for people."""
        return str(CustomField.Type(self.row.type).label)


def with_counts(account_id: int) -> list[Counted]:
    """Return the account's fields in their order."""
    rows = list(CustomField.objects.filter(account_id=account_id).order_by("position", "label", "pk"))
    counts = _counts(account_id, rows)
    return [Counted(row, counts[row.pk]) for row in rows]


def count_values(row: CustomField) -> int:
    """Return how many contacts have a value in a field, or any sealed value if the field is sensitive."""
    return _counts(row.account_id, [row])[row.pk]


def add_field(*, account_id: int, draft: Draft, key: str = "", now: datetime, actor: Actor = SYSTEM) -> CustomField:
    """Add a field; its key is made of the label where none is given. Raises `BadField`, `guard.SpecialCategory`."""
    _look_at(draft, now=now, key=key)
    made = slugify(key or draft.label).replace("-", "_")[:40].strip("_")
    if not made or not made[0].isalpha():
        made = f"field_{made}"[:40].strip("_")
    if made in _TAKEN:
        raise BadField("Every contact has this field already. Take another name.")
    if _has_leftovers(account_id, made):
        raise BadField("What people had in a deleted field of this name is just being removed. Try again in a minute.")
    if CustomField.objects.filter(account_id=account_id).count() >= MOST:
        raise BadField(f"There are {MOST} fields already. Delete one that nobody uses.")
    last = CustomField.objects.filter(account_id=account_id).aggregate(last=Max("position"))["last"]
    row = CustomField(account_id=account_id, key=made, position=0 if last is None else last + 1)
    _fill(row, _checked(draft))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise BadField("You have a field of this name already.") from None
    _audit("created", row, actor=actor, now=now)
    return row


def edit_field(*, row: CustomField, draft: Draft, now: datetime, actor: Actor = SYSTEM) -> Move | None:
    """Change a field; return what is still to be done to its values (`field_moving`), if anything.

    The type changes only where every value can be read as the new one. Raises `BadField`, `FieldInUse`,
    `guard.SpecialCategory`.
    """
    _look_at(draft, now=now)
    checked = _checked(draft)
    move = _move(row, checked)
    _fill(row, checked)
    row.save()
    _audit("changed", row, actor=actor, now=now)
    return move


def move_field(*, row: CustomField, up: bool, now: datetime, actor: Actor = SYSTEM) -> None:
    """Put a field before the one above it, or behind the one below."""
    rows = list(CustomField.objects.filter(account_id=row.account_id).order_by("position", "label", "pk"))
    at = next(number for number, each in enumerate(rows) if each.pk == row.pk)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, each in enumerate(rows):
        each.position = position
    CustomField.objects.bulk_update(rows, ["position"])
    _audit("moved", row, actor=actor, now=now)


def delete_field(*, row: CustomField, confirmed: str = "", now: datetime, actor: Actor = SYSTEM) -> Move | None:
    """Delete a field; where people have a value in it, only if its key was typed. Return what is to be done to values.

    Forms and saved views go on without it. Raises `BadField` without the confirmation, `FieldInUse`.
    """
    people = count_values(row)
    if people and confirmed.strip() != row.key:
        whose = "one contact has" if people == 1 else f"{people:,} contacts have"
        raise BadField(f"Type {row.key} to delete what {whose} in “{row.label}”.", "confirmed")
    _refuse_in_use(row)
    pk, account_id, key = row.pk, row.account_id, row.key
    with transaction.atomic():
        field_uses.take_out(row, now=now, actor=actor)
        row.delete()
    CustomField.objects.filter(account_id=account_id, position__gt=row.position).update(position=F("position") - 1)
    auditing.record(
        action="field.deleted", actor=actor, now=now, account_id=account_id, target=("field", pk), details={"key": key}
    )
    return Move.DROP if people else None


def _has_leftovers(account_id: int, key: str) -> bool:
    """Tell whether values of a deleted field are still there, after taking a piece of them away."""
    if CustomField.objects.filter(account_id=account_id, key=key).exists():
        return False
    left = Contact.objects.filter(account_id=account_id, values__has_key=key)
    if left.exists():
        field_moving.step(account_id=account_id, key=key, move=Move.DROP)
    return left.exists()


def _move(row: CustomField, draft: Draft) -> Move | None:
    if draft.sensitive != row.sensitive:
        if draft.type != row.type:
            raise BadField("Change the type and whether it is sensitive one after the other.", "type")
        if draft.sensitive:
            _refuse_in_use(row)
        return Move.SEAL if draft.sensitive else Move.OPEN
    needs_reading = draft.type != row.type or (draft.type in _CHOOSING and set(row.choices) - set(draft.choices))
    if not needs_reading or not count_values(row):
        return None
    if row.sensitive:
        raise BadField("The type of a sensitive field with values stays: the values are sealed.", "type")
    count, reason = field_moving.unreadable(
        account_id=row.account_id, field=of_row(row), kind=Kind(draft.type), choices=draft.choices
    )
    if count:
        part = "choices" if draft.type == row.type else "type"
        raise BadField(f"{count:,} of the values wouldn't fit. {reason}", part)
    return Move.CONVERT


def _checked(draft: Draft) -> Draft:
    choices = tuple(dict.fromkeys(" ".join(each.split()) for each in draft.choices if each.strip()))
    if draft.type in _CHOOSING:
        if not choices:
            raise BadField("Write the choices, one on each line.", "choices")
        if len(choices) > MOST or any(len(each) > 100 or "|" in each for each in choices):
            raise BadField(f"At most {MOST} choices of 100 characters, without “|”.", "choices")
        if len({each.casefold() for each in choices}) < len(choices):
            raise BadField("Two of the choices differ only by capital letters.", "choices")
    else:
        choices = ()
    try:
        read(Field("default", draft.label, Kind(draft.type), choices=choices), draft.default)
    except ExpectedError as error:
        raise BadField(str(error), "default") from None
    return Draft(
        label=" ".join(draft.label.split()),
        type=draft.type,
        help=draft.help.strip(),
        choices=choices,
        required=draft.required,
        default=draft.default.strip(),
        sensitive=draft.sensitive,
    )


def _look_at(draft: Draft, *, now: datetime, key: str = "") -> None:
    for text in (draft.label, key, draft.help, draft.default):
        if text:
            guard.refuse_name(text, place="field", now=now)
    for text in draft.choices:
        guard.refuse_name(text, place="choice", now=now)


def _fill(row: CustomField, draft: Draft) -> None:
    row.label, row.type, row.help = draft.label, draft.type, draft.help
    row.choices, row.required, row.default = list(draft.choices), draft.required, draft.default
    row.sensitive = draft.sensitive


def _refuse_in_use(row: CustomField) -> None:
    for segment in field_uses.segments_asking(account_id=row.account_id, name=f"{FIELD}{row.key}"):
        raise FieldInUse(f"The segment “{segment.name}” asks for “{row.label}”. Change or delete the segment first.")


def _counts(account_id: int, rows: Sequence[CustomField]) -> dict[int, int]:
    """Count in one pass over the contacts, whatever the number of fields."""
    if not rows:
        return {}
    table = Contact._meta.db_table
    tests = ["sealed_values IS NOT NULL" if row.sensitive else "values ? %s" for row in rows]
    columns = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    keys = [row.key for row in rows if not row.sensitive]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE account_id = %s", [*keys, account_id])  # noqa: S608  # names of code
        found = cursor.fetchone() or ()
    return dict(zip([row.pk for row in rows], found, strict=True))


def _audit(what: str, row: CustomField, *, actor: Actor, now: datetime) -> None:
    auditing.record(
        action=f"field.{what}",
        actor=actor,
        now=now,
        account_id=row.account_id,
        target=("field", row.pk),
        details={"key": row.key, "type": row.type, "sensitive": row.sensitive},
    )
