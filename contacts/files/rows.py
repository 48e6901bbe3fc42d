"""From a record of a file to a contact's values, or the reason why not."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contacts.fields import BadValue, Field
from contacts.fields.kinds import Kind, Value
from contacts.fields.kinds import reader as value_reader
from contacts.files.standings import NO, Standing, happened, read_standing, worse
from emailconcert.lib import addresses
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.errors import ExpectedError

_MAX_TAG = 60
_MAX_TAGS = 50
_MAX_NAME = 100
_STANDINGS = frozenset({"status", "opted_out", "bounced"})


class BadRow(ExpectedError):
    """A row that cannot be taken."""


@dataclass(slots=True)
class Person:
    """One row, ready to be stored. `fields` holds standard fields by attribute, `values` own ones by key."""

    email: str
    fields: dict[str, Value] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    standing: Standing = Standing.SUBSCRIBED

    @property
    def said_no(self) -> bool:
        """Tell whether the file says that this person must not be written to."""
        return self.standing in NO


Reader = Callable[[Sequence[str]], Person]
_Setter = Callable[[Person, str], None]


def reader(
    mapping: Mapping[str, str],
    fields: Mapping[str, Field],
    *,
    heads: Sequence[str] = (),
    day_first: bool = True,
    region: str = "",
) -> Reader:
    """Return the function that reads a record by this mapping (column number as text → target).

    `fields` gives the fields by name. Each column's reader is made once. It raises `BadRow` or `BadAddress`.
    """
    wanted = [(int(number), target) for number, target in mapping.items() if target]
    at = next(number for number, target in wanted if target == "email")
    says = [(number, target) for number, target in wanted if target in _STANDINGS]
    rest = [
        (number, _setter(target, fields, day_first=day_first, region=region))
        for number, target in wanted
        if target != "email" and target not in _STANDINGS
    ]
    normalise = addresses.normalise

    def read(cells: Sequence[str]) -> Person:
        width = len(cells)
        raw = cells[at].strip() if at < width else ""
        if not raw:
            raise BadRow("There is no email address in this row.")
        person = Person(normalise(raw))
        for number, target in says:
            if number < width and (text := cells[number].strip()):
                person.standing = worse(person.standing, _standing(target, text))
        if person.standing != Standing.SUBSCRIBED:
            return person  # whatever else stands there is not taken
        for number, put in rest:
            if number < width and (text := cells[number]) and not text.isspace():
                try:
                    put(person, text)
                except BadValue as error:
                    head = heads[number].strip() if number < len(heads) else ""
                    raise BadRow(f"{head or f'Column {number + 1}'}: {error}") from None
        return person

    return read


def _setter(target: str, fields: Mapping[str, Field], *, day_first: bool, region: str) -> _Setter:
    if target == "name":
        return _full_name
    if target == "tags":
        return _tags
    found = fields[target]
    key, read = found.key, value_reader(found.kind, found.choices, day_first=day_first, region=region)
    if found.is_own:

        def put_value(person: Person, text: str) -> None:
            if (value := read(text)) is not None and value != "":
                person.values[key] = value

        return put_value

    def put_field(person: Person, text: str) -> None:
        if value := read(text):
            person.fields[key] = value

    return put_field


def _standing(target: str, text: str) -> Standing:
    if target == "status":
        found = read_standing(text)
        if found is None:
            raise BadRow(f"“{text[:40]}” is not a status that is known here, so this person is left out.")
        return found
    if not happened(text):
        return Standing.SUBSCRIBED
    return Standing.UNSUBSCRIBED if target == "opted_out" else Standing.BOUNCED


def _full_name(person: Person, text: str) -> None:
    text = str(_read_name(" ".join(text.split())) or "")
    first, _, last = text.partition(" ") if "," not in text else reversed_name(text)
    for name, part in (("first_name", first), ("last_name", last)):
        if part:
            person.fields.setdefault(name, part)


_read_text = value_reader(Kind.TEXT)


def _read_name(text: str) -> Value:
    if len(text) > _MAX_NAME:
        raise BadValue(f"This is longer than {_MAX_NAME} characters.")
    return _read_text(text)


def reversed_name(text: str) -> tuple[str, str, str]:
    """Return "Berg, Alice" as ("Alice", " ", "Berg")."""
    last, _, first = text.partition(",")
    return first.strip(), " ", last.strip()


def _tags(person: Person, text: str) -> None:
    names = [" ".join(name.replace("\0", "").split()).strip(' "') for name in re.split(r"[,;|]", text)]
    if any(len(name) > _MAX_TAG for name in names):
        raise BadValue(f"A tag is longer than {_MAX_TAG} characters.")
    person.tags = [name for name in dict.fromkeys(names) if name][:_MAX_TAGS]


__all__ = ["BadAddress", "BadRow", "Person", "Reader", "reader"]
