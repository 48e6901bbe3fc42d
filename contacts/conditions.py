"""Segment conditions: a registry that higher apps add to, and one compiler from the stored tree to one query.

The tree is JSON: a group `{"match": "all" | "any" | "none", "rules": [...]}` whose rules are groups or conditions
`{"condition": "name", "values": {...}}`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Exists, OuterRef, Q, QuerySet

from contacts import queries
from contacts.models import Contact, ContactTag, CustomField, List, Subscription, Tag
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import current_account_id, segment_scope

DEPTH = 5
RULES = 50
_PROFILE = {
    "email": "Email address",
    "first_name": "First name",
    "last_name": "Last name",
    "language": "Language",
    "country": "Country",
}


class BadSegment(ExpectedError):
    """A segment's tree cannot be read, in words that mend it."""


@dataclass(frozen=True)
class Parameter:
    """One value that a condition asks for; `choices` gives (value, label) pairs when the form is drawn."""

    name: str
    label: str
    kind: Literal["text", "number", "choice"] = "text"
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None


@dataclass(frozen=True)
class Condition:
    """One condition; `compile` gets the values (as text) and the time, and returns a Q on Contact."""

    name: str
    label: str
    parameters: tuple[Parameter, ...]
    compile: Callable[[Mapping[str, str], datetime], Q]


_conditions: dict[str, Condition] = {}


def register(condition: Condition) -> None:
    """Add a condition; higher apps do so in their AppConfig.ready."""
    _conditions[condition.name] = condition


def all_conditions() -> list[Condition]:
    """Return every registered condition, by label."""
    return sorted(_conditions.values(), key=lambda condition: condition.label)


def compile_tree(tree: Mapping[str, Any], *, now: datetime) -> Q:
    """Return the tree as one Q on Contact. Raises `BadSegment`."""
    return _group(tree, now, depth=1)


def matching(tree: Mapping[str, Any], *, account_id: int, now: datetime) -> QuerySet[Contact]:
    """Return who is in the segment; people whose data is restricted are in none. Raises `BadSegment`."""
    return queries.contacts_of(account_id).filter(compile_tree(tree, now=now)).exclude(queries.restricted())


def count(tree: Mapping[str, Any], *, account_id: int, now: datetime) -> int:
    """Return how many are in the segment just now. Raises `BadSegment`."""
    found = matching(tree, account_id=account_id, now=now)
    with segment_scope():
        return found.count()


def sample(tree: Mapping[str, Any], *, account_id: int, now: datetime, limit: int = 10) -> list[Contact]:
    """Return the newest few of the segment. Raises `BadSegment`."""
    found = matching(tree, account_id=account_id, now=now)
    with segment_scope():
        return list(found.order_by("-created_at", "-pk")[:limit])


def describe(tree: Mapping[str, Any]) -> str:
    """Return the tree in words, for lists of segments."""
    words = {"all": " and ", "any": " or ", "none": " and not "}
    parts = [describe(rule) if "match" in rule else _describe_rule(rule) for rule in tree.get("rules", ())]
    text = words.get(tree.get("match", "all"), " and ").join(parts)
    return f"not {text}" if tree.get("match") == "none" else text


def _describe_rule(rule: Mapping[str, Any]) -> str:
    condition = _conditions.get(rule.get("condition", ""))
    if condition is None:
        return "a condition that no longer exists"
    shown = []
    for parameter in condition.parameters:
        value = str(rule.get("values", {}).get(parameter.name, ""))
        labels = dict(parameter.choices()) if parameter.choices else {}
        shown.append(labels.get(value, value))
    return f"{condition.label.lower()} {' '.join(shown)}".strip()


def _group(tree: Mapping[str, Any], now: datetime, depth: int) -> Q:
    rules = tree.get("rules") or []
    if not rules:
        raise BadSegment("A segment needs at least one condition.")
    if depth > DEPTH or len(rules) > RULES:
        raise BadSegment("This segment has too many conditions inside one another.")
    parts = [_group(rule, now, depth + 1) if "match" in rule else _rule(rule, now) for rule in rules]
    match tree.get("match"):
        case "all":
            return _join(parts, Q.AND)
        case "any":
            return _join(parts, Q.OR)
        case "none":
            return ~_join(parts, Q.OR)
        case _:
            raise BadSegment("Choose whether all, any or none of the conditions must hold.")


def _join(parts: Sequence[Q], connector: str) -> Q:
    joined = Q()
    for part in parts:
        joined = joined._combine(part, connector)  # type: ignore[attr-defined]  # what & and | call
    return joined


def _rule(rule: Mapping[str, Any], now: datetime) -> Q:
    condition = _conditions.get(str(rule.get("condition")))
    if condition is None:
        raise BadSegment("Choose a condition.")
    given = rule.get("values") or {}
    values = {}
    for parameter in condition.parameters:
        value = str(given.get(parameter.name, "")).strip()
        if not value:
            raise BadSegment(f"“{condition.label}” needs a value for “{parameter.label.lower()}”.")
        if parameter.kind == "number" and not (value.isascii() and value.isdigit()):
            raise BadSegment(f"“{parameter.label}” of “{condition.label}” is a whole number.")
        if len(value) > 200:
            raise BadSegment(f"“{parameter.label}” of “{condition.label}” is too long.")
        values[parameter.name] = value
    return condition.compile(values, now)


# ── The conditions of this app ────────────────────────────────────────────────────────────────────────────────────────
def _field_choices() -> list[tuple[str, str]]:
    own = CustomField.objects.filter(account_id=current_account_id() or 0).order_by("label")
    return [*_PROFILE.items(), *((f"values.{field.key}", field.label) for field in own)]


def _path(field: str) -> str:
    if field in _PROFILE:
        return field
    kind, _, key = field.partition(".")
    if kind != "values" or not key.replace("-", "").replace("_", "").isalnum() or "__" in key:
        raise BadSegment("Choose a field.")
    return f"values__{key}"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadSegment("Choose one from the list.")
    number = int(text)
    if number > 2**53:
        raise BadSegment("This number is too large.")
    return number


def _field_is(values: Mapping[str, str], now: datetime) -> Q:  # noqa: ARG001  # the compiler gives every condition the time
    return Q(**{f"{_path(values['field'])}__iexact": values["value"]})


def _field_contains(values: Mapping[str, str], now: datetime) -> Q:  # noqa: ARG001  # the compiler gives every condition the time
    return Q(**{f"{_path(values['field'])}__icontains": values["value"]})


def _tagged(values: Mapping[str, str], now: datetime) -> Q:  # noqa: ARG001  # the compiler gives every condition the time
    links = ContactTag.objects.filter(
        account_id=OuterRef("account_id"), contact_id=OuterRef("pk"), tag_id=_number(values["tag"])
    )
    return Q(Exists(links))


def _on_list(values: Mapping[str, str], now: datetime) -> Q:  # noqa: ARG001  # the compiler gives every condition the time
    places = Subscription.objects.filter(
        account_id=OuterRef("account_id"),
        contact_id=OuterRef("pk"),
        list_id=_number(values["list"]),
        state=values["state"],
    )
    return Q(Exists(places))


def _new_within(values: Mapping[str, str], now: datetime) -> Q:
    days = min(_number(values["days"]), 36500)
    return Q(created_at__gte=now - timedelta(days=days))


def _tag_choices() -> list[tuple[str, str]]:
    tags = Tag.objects.filter(account_id=current_account_id() or 0).order_by("name")
    return [(str(tag.pk), tag.name) for tag in tags]


def _list_choices() -> list[tuple[str, str]]:
    lists = List.objects.filter(account_id=current_account_id() or 0).order_by("name")
    return [(str(each.pk), each.name) for each in lists]


def _state_choices() -> list[tuple[str, str]]:
    return [(str(value), str(label)) for value, label in Subscription.State.choices]


_FIELD = Parameter("field", "Field", "choice", _field_choices)
register(Condition("field_is", "Field is", (_FIELD, Parameter("value", "Text")), _field_is))
register(Condition("field_contains", "Field contains", (_FIELD, Parameter("value", "Text")), _field_contains))
register(Condition("tagged", "Has tag", (Parameter("tag", "Tag", "choice", _tag_choices),), _tagged))
register(
    Condition(
        "on_list",
        "On list",
        (
            Parameter("list", "List", "choice", _list_choices),
            Parameter("state", "Standing", "choice", _state_choices),
        ),
        _on_list,
    )
)
register(Condition("new_within", "Added in the last days", (Parameter("days", "Days", "number"),), _new_within))
