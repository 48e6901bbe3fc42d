"""From a record of a file to a contact's values, or the reason why not."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contacts.files import columns
from emailconcert.lib import addresses
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.errors import ExpectedError

_LIMITS = {"first_name": 100, "last_name": 100, "time_zone": 64}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?\Z")
_MAX_VALUE = 1000
_MAX_TAGS = 50


class BadRow(ExpectedError):
    """A row that cannot be taken."""


@dataclass(slots=True)
class Person:
    """One row, ready to be stored."""

    email: str = ""
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    country: str = ""
    time_zone: str = ""
    values: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


Reader = Callable[[Sequence[str]], Person]


def reader(mapping: Mapping[str, str]) -> Reader:
    """Return the function that reads a record by this mapping (column number as text → field).

    It raises `BadRow` or `BadAddress`.
    """
    wanted = [(int(number), target) for number, target in mapping.items() if target]
    at = next(number for number, target in wanted if target == "email")
    rest = [(number, target) for number, target in wanted if target != "email"]

    def read(cells: Sequence[str]) -> Person:
        raw = cells[at].strip() if at < len(cells) else ""
        if not raw:
            raise BadRow("There is no email address in this row.")
        person = Person(email=addresses.normalise(raw))
        for number, target in rest:
            if number < len(cells) and (text := " ".join(cells[number].split())):
                _put(person, target, text)
        return person

    return read


def _put(person: Person, target: str, text: str) -> None:
    if target.startswith(columns.FIELD):
        person.values[target.removeprefix(columns.FIELD)] = _short(text, _MAX_VALUE, "A value")
        return
    _SETTERS[target](person, text)


def _short(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise BadRow(f"{what} is longer than {limit} characters.")
    return text


def _first_name(person: Person, text: str) -> None:
    person.first_name = _short(text, _LIMITS["first_name"], "The first name")


def _last_name(person: Person, text: str) -> None:
    person.last_name = _short(text, _LIMITS["last_name"], "The last name")


def _full_name(person: Person, text: str) -> None:
    first, _, last = text.partition(" ") if "," not in text else reversed_name(text)
    person.first_name = person.first_name or _short(first, _LIMITS["first_name"], "The first name")
    person.last_name = person.last_name or _short(last, _LIMITS["last_name"], "The last name")


def reversed_name(text: str) -> tuple[str, str, str]:
    """Return "Berg, Alice" as ("Alice", " ", "Berg")."""
    last, _, first = text.partition(",")
    return first.strip(), " ", last.strip()


def _language(person: Person, text: str) -> None:
    code = text.lower().replace("_", "-")
    if not _LANGUAGE.match(code) or len(code) > 10:
        raise BadRow("The language is a code, such as “de” or “pt-br”.")
    person.language = code


def _country(person: Person, text: str) -> None:
    if len(text) != 2 or not (text.isascii() and text.isalpha()):
        raise BadRow("The country is a code of two letters, such as DE.")
    person.country = text.upper()


def _time_zone(person: Person, text: str) -> None:
    person.time_zone = _short(text, _LIMITS["time_zone"], "The time zone")


def _tags(person: Person, text: str) -> None:
    names = [name.strip().strip('"') for name in re.split(r"[,;|]", text)]
    person.tags = [_short(name, 60, "A tag") for name in dict.fromkeys(names) if name][:_MAX_TAGS]


_SETTERS: Mapping[str, Callable[[Person, str], None]] = {
    "first_name": _first_name,
    "last_name": _last_name,
    "name": _full_name,
    "language": _language,
    "country": _country,
    "time_zone": _time_zone,
    "tags": _tags,
}

__all__ = ["BadAddress", "BadRow", "Person", "Reader", "reader"]
