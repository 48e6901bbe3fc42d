"""Own fields that an import makes: a column that is to be kept, of a type that was chosen, becomes one when it starts."""

from collections.abc import Mapping

from django.utils.text import slugify

from contacts.fields import FIELD, Field
from contacts.fields.kinds import Kind
from contacts.files.columns import NEW, NEW_OF
from contacts.models import CustomField, Import
from emailconcert.lib.errors import ExpectedError


class TooManyFields(ExpectedError):
    """No key is free."""

    def __init__(self) -> None:
        super().__init__("There are too many fields of this name.")


def is_new(target: str) -> bool:
    """Tell whether a column's target is a field that is still to be made."""
    return target == NEW or target.startswith(NEW_OF)


def planned(run: Import) -> tuple[dict[str, str], list[Field]]:
    """Return the mapping as it will be once its fields are made, and those fields. Writes nothing."""
    mapping, made = _named(run)
    fields = [Field(f"{FIELD}{key}", label, Kind(kind)) for key, (label, kind) in made.items()]
    return mapping, fields


def make(run: Import) -> dict[str, str]:
    """Make the fields, and return the mapping to them."""
    mapping, made = _named(run)
    for key, (label, kind) in made.items():
        CustomField.objects.get_or_create(account_id=run.account_id, key=key, defaults={"label": label, "type": kind})
    return mapping


def _named(run: Import) -> tuple[dict[str, str], Mapping[str, tuple[str, str]]]:
    """Return the mapping to own fields, and label and type of each by its key; one of this name and type is used again."""
    fixed = dict(run.mapping)
    made: dict[str, tuple[str, str]] = {}
    if not any(is_new(target) for target in fixed.values()):
        return fixed, made
    rows = CustomField.objects.filter(account_id=run.account_id).values_list("key", "type", "sensitive")
    there = {key: (kind, sensitive) for key, kind, sensitive in rows}
    for number, target in fixed.items():
        if is_new(target):
            label = (run.columns[int(number)].strip() or f"Column {int(number) + 1}")[:60]
            kind = target.removeprefix(NEW_OF)
            key = _free_key(label, kind, there, taken=set(fixed.values()))
            fixed[number] = f"{FIELD}{key}"
            made[key] = (label, kind)
    return fixed, made


def _free_key(label: str, kind: str, there: Mapping[str, tuple[str, bool]], *, taken: set[str]) -> str:
    stem = (slugify(label).replace("-", "_") or "column")[:36]
    for attempt in range(1, 1000):
        key = stem if attempt == 1 else f"{stem}_{attempt}"
        if FIELD + key not in taken and there.get(key, (kind, False)) == (kind, False):
            return key
    raise TooManyFields
