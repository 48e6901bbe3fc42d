"""Kinds of values: how each is read from text, and shown. The readers are made once and called per cell."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from contacts.fields import dates, places
from contacts.fields.bad import BadValue
from emailconcert.lib import addresses

Value = str | int | float | bool | list[str] | None
Reader = Callable[[str], Value]

TEXT, LONG_TEXT, NAME, SHORT, LINK = 1000, 10_000, 100, 30, 2000
_BIGGEST = 10**15
_YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "t",
        "1",
        "on",
        "x",
        "ja",
        "j",
        "oui",
        "o",
        "si",
        "sí",
        "s",
        "sì",
        "vrai",
        "wahr",
        "vero",
        "sim",
        "tak",
        "да",
        "はい",
        "是",
    ]
)
_NO = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "0",
        "off",
        "nein",
        "non",
        "faux",
        "falsch",
        "falso",
        "nee",
        "não",
        "nie",
        "нет",
        "いいえ",
        "否",
    ]
)
_is_link = URLValidator(schemes=["http", "https"])
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:([ '’.,  ])\d{3})(?:\1\d{3})*(?:[.,]\d+)?\Z")
_PLAIN = re.compile(r"[+-]?\d*(?:\d|[.,]\d+)(?:[eE][+-]?\d{1,3})?\Z")

__all__ = ["BadValue", "Kind", "Reader", "Value", "reader", "show"]


class Kind(StrEnum):
    """What a field takes. The first nine are the types of own fields."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    URL = "url"
    EMAIL = "email"
    NAME = "name"
    SHORT = "short"
    BIRTH = "birth"
    LANGUAGE = "language"
    COUNTRY = "country"
    ZONE = "zone"
    PHONE = "phone"


def reader(kind: Kind, choices: Sequence[str] = (), *, day_first: bool = True, region: str = "") -> Reader:
    """Return the function that reads this kind of value; it raises `BadValue`, and gives None for an empty text.

    `day_first` reads 03/04/2026 as the third of April; `region` is the country of telephone numbers without a code.
    """
    read = _made(kind, choices, day_first, region)

    def read_text(text: str) -> Value:
        text = text.replace("\0", "").strip()
        return read(text) if text else None

    return read_text


def show(value: Value) -> str:
    """Return a value as people read it, and as `reader` reads it again."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(value) if not any("," in each for each in value) else " | ".join(value)
    return str(value)


def _made(kind: Kind, choices: Sequence[str], day_first: bool, region: str) -> Reader:
    makers: Mapping[Kind, Callable[[], Reader]] = {
        Kind.DATE: lambda: lambda text: dates.read_date(text, day_first=day_first).isoformat(),
        Kind.DATETIME: lambda: lambda text: instant(dates.read_datetime(text, day_first=day_first)),
        Kind.BIRTH: lambda: lambda text: _birth(text, day_first=day_first),
        Kind.PHONE: lambda: lambda text: places.read_phone(text, region=region),
        Kind.CHOICE: lambda: _choice(choices),
        Kind.CHOICES: lambda: _choices(choices),
    }
    return makers[kind]() if kind in makers else _PLAIN_READERS[kind]


def instant(value: datetime) -> str:
    """Return an instant as it is kept, to the second, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _texts(limit: int) -> Reader:
    def read(text: str) -> Value:
        text = " ".join(text.split())
        if len(text) > limit:
            raise BadValue(f"This is longer than {limit} characters.")
        return text

    return read


def _long_text(text: str) -> Value:
    text = "\n".join(line.rstrip() for line in text.splitlines())
    if len(text) > LONG_TEXT:
        raise BadValue(f"This is longer than {LONG_TEXT:,} characters.")
    return text


def _number(text: str) -> Value:
    sentence = f"“{text[:40]}” is not a number. Write it like 1234.5."
    if grouped := _GROUPED.match(text):
        whole, point, rest = text.rpartition("," if grouped[1] == "." else ".")
        plain = re.sub(r"[^\d+-]", "", whole if point and len(rest) else text)
        if point:
            plain += f".{re.sub(r'[^0-9]', '', rest)}"
        elif grouped[1] == "." and text.count(".") == 1:
            plain = text  # 1.234 is one and a bit: a lone full stop is a decimal point
    elif _PLAIN.match(text):
        plain = text.replace(",", ".")
    else:
        raise BadValue(sentence)
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise BadValue(sentence) from None
    if abs(number) > _BIGGEST:
        raise BadValue("This number is too large; keep it as text.")
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(text: str) -> Value:
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue(f"“{text[:40]}” is neither yes nor no.")


def _choice(choices: Sequence[str]) -> Reader:
    known = {each.casefold(): each for each in choices}

    def read(text: str) -> Value:
        found = known.get(_key(text))
        if found is None:
            raise BadValue(f"“{text[:40]}” is not one of the choices: {_listed(choices)}.")
        return found

    return read


def _choices(choices: Sequence[str]) -> Reader:
    one = _choice(choices)
    known = {each.casefold() for each in choices}

    def read(text: str) -> Value:
        ways = [[text], *(text.split(separator) for separator in ("\n", "|", ";", ",") if separator in text)]
        # A choice may have a separator in it: the way counts by which all parts are choices.
        fitting = (parts for parts in ways if all(_key(part) in known for part in parts if part.strip()))
        parts = next(fitting, ways[min(1, len(ways) - 1)])
        picked = {str(one(part)) for part in parts if part.strip()}
        return [each for each in choices if each in picked] or None

    return read


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()


def _listed(choices: Sequence[str]) -> str:
    shown = ", ".join(choices[:8])
    return f"{shown} …" if len(choices) > 8 else shown or "there are none yet"


def _link(text: str) -> Value:
    link = text if "://" in text else f"https://{text}"
    try:
        _is_link(link)
    except ValidationError:
        raise BadValue(f"“{text[:60]}” is not a web address. Write it like https://example.com/page.") from None
    if len(link) > LINK:
        raise BadValue(f"This web address is longer than {LINK:,} characters.")
    return link


def _birth(text: str, *, day_first: bool) -> Value:
    born = dates.read_date(text, day_first=day_first)
    if not date(1900, 1, 1) <= born <= datetime.now(UTC).date():
        raise BadValue("A date of birth lies between 1900 and today.")
    return born.isoformat()


def _email(text: str) -> Value:
    return addresses.normalise(text)


_PLAIN_READERS: Mapping[Kind, Reader] = {
    Kind.TEXT: _texts(TEXT),
    Kind.LONG_TEXT: _long_text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.URL: _link,
    Kind.EMAIL: _email,
    Kind.NAME: _texts(NAME),
    Kind.SHORT: _texts(SHORT),
    Kind.LANGUAGE: places.read_language,
    Kind.COUNTRY: places.read_country,
    Kind.ZONE: places.read_zone,
}
