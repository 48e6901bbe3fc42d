"""Dates as people and other products write them."""

import re
from datetime import UTC, date, datetime

from contacts.fields.bad import BadValue

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar januari janvier enero gennaio",
            "feb february februar februari fevrier février febrero febbraio",
            "mar march märz maerz maart mars marzo",
            "apr april avril abril aprile",
            "may mai mei mayo maggio",
            "jun june juni juin junio giugno",
            "jul july juli juillet julio luglio",
            "aug august augustus août aout agosto",
            "sep sept september septembre septiembre settembre",
            "oct october oktober okt octobre octubre ottobre",
            "nov november novembre noviembre",
            "dec december dezember dez décembre decembre diciembre dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})\Z")
_NAMED = re.compile(r"(\d{1,2})\.? ([^\W\d_]+)\.?,? (\d{4})\Z|([^\W\d_]+)\.? (\d{1,2}),? (\d{4})\Z")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})\Z")
_TIME = re.compile(r"(?:T|,? )\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(?:UTC|Z)?\Z")
_WRONG = "“{}” is not a date. Write it like 2026-11-30."


def read_date(text: str, *, day_first: bool = True) -> date:
    """Return the date; a time behind it is dropped. Raises `BadValue`."""
    try:
        return (
            date.fromisoformat(text[:10])
            if text[4:5] == "-" and text[10:11] in {"", "T", " "}
            else _date(_TIME.sub("", text).strip(), day_first=day_first)
        )
    except ValueError:
        raise BadValue(_WRONG.format(text[:40])) from None


def read_datetime(text: str, *, day_first: bool = True) -> datetime:
    """Return the instant; without a zone it is UTC, without a time the day's beginning. Raises `BadValue`."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = _datetime(text, day_first=day_first)
        except ValueError:
            raise BadValue(f"“{text[:40]}” is not a date and time. Write it like 2026-11-30 14:00.") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise BadValue(_WRONG.format(text[:40])) from None


def _datetime(text: str, *, day_first: bool) -> datetime:
    time = _TIME.search(text)
    day = _date(text[: time.start()] if time else text, day_first=day_first)
    if time is None:
        return datetime(day.year, day.month, day.day)  # noqa: DTZ001  # the caller adds the zone
    hour = int(time[1])
    if time[4]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if time[4][0] in "pP" else 0)
    return datetime(day.year, day.month, day.day, hour, int(time[2]), int(time[3] or 0))  # noqa: DTZ001


def _date(text: str, *, day_first: bool) -> date:
    text = text.strip()
    if found := _YEAR_FIRST.match(text) or _COMPACT.match(text):
        return date(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.match(text):
        first, second = int(found[1]), int(found[3])
        # Only one order makes a date of 30/11 and 11/30; full stops are written by people who say the day first.
        if second > 12 or (first <= 12 and not day_first and found[2] != "."):
            first, second = second, first
        return date(int(found[4]), second, first)
    if found := _NAMED.match(text):
        day, month, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        return date(int(year), _MONTHS.get(month.casefold(), 0), int(day))
    raise ValueError(text)
