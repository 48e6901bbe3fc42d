"""What is known of a contact itself: fields, the account's own among them, and what stands beside them."""

from collections.abc import Iterable

from django.db.models import Q

from accounts import choices
from contacts.conditions import operators
from contacts.conditions.columns import Day, Moment, Text
from contacts.conditions.registry import Condition, Operator, register, register_source
from contacts.fields import STANDARD, Field, own_fields, reader
from contacts.fields.kinds import Kind

_CODES = {Kind.LANGUAGE: choices.languages, Kind.COUNTRY: choices.countries, Kind.ZONE: choices.time_zones}


def _standard(field: Field) -> tuple[Operator, ...]:
    if field.kind == Kind.BIRTH:
        return operators.of_day(Day(field.key, is_own=False))
    column = Text(field.key, is_own=False)
    if field.kind in _CODES:
        is_language = field.kind == Kind.LANGUAGE
        known = _CODES[field.kind]
        return operators.of_codes(column, reader(field.kind), label=field.label, known=known, families=is_language)
    return operators.of_text(column)


def _own(field: Field) -> tuple[Operator, ...]:
    key = field.key
    match field.kind:
        case Kind.NUMBER:
            return operators.of_number(key)
        case Kind.BOOLEAN:
            return operators.of_yes_no(key)
        case Kind.DATE:
            return operators.of_day(Day(key, is_own=True))
        case Kind.DATETIME:
            return operators.of_moment(Moment(key, is_own=True))
        case Kind.CHOICE | Kind.CHOICES:
            return operators.of_choices(key, field.choices, several=field.kind == Kind.CHOICES)
        case _:
            return operators.of_text(Text(key, is_own=True))


def own_conditions(account_id: int) -> Iterable[Condition]:
    """Return a condition for each of the account's own fields; sensitive ones can't be asked for."""
    return [
        Condition(field.name, field.label, "Your fields", _own(field), spoken=field.label)
        for field in own_fields(account_id)
        if not field.sensitive
    ]


for _field in STANDARD:
    register(Condition(_field.name, _field.label, "Profile", _standard(_field)))
register_source(own_conditions)


def _moment(name: str, label: str, group: str, column: str, spoken: str) -> Condition:
    """Return a condition on when something was done, said as "Added in the last 30 days"."""
    asked = operators.of_moment(Moment(column, is_own=False), always=True)
    said = tuple(
        Operator(each.name, each.label.removeprefix("is ").replace("within", "in"), each.compile, each.inputs)
        for each in asked
    )
    return Condition(name, label, group, said, spoken=spoken)


register(_moment("created", "Added", "Where they came from", "created_at", "they were added"))
register(_moment("updated", "Changed", "Standing", "updated_at", "they were last changed"))
register(
    Condition(
        "paused",
        "Mail",
        "Standing",
        (
            Operator(
                "paused", "is paused by them", lambda _v, at: Q(paused_until__isnull=False, paused_until__gt=at.now)
            ),
            Operator("going", "is not paused", lambda _v, at: ~Q(paused_until__isnull=False, paused_until__gt=at.now)),
        ),
    )
)
register(
    Condition(
        "tracking",
        "Tracking",
        "Standing",
        (
            operators.simple("off", "is switched off by them", Q(tracking_off=True)),
            operators.simple("on", "is on", Q(tracking_off=False)),
        ),
    )
)
