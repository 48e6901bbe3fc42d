"""Dates as their reader writes them: months and weekdays in the reader's language, times on the reader's clock.

A date-time that names its zone is turned to the reader's; a day, or a time without a zone, is everybody's own.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError, localedata
from babel.dates import get_period_names
from dateutil import parser as loose  # type: ignore[import-untyped]

STYLES = ("short", "medium", "long", "full", "time")
NOW = ("now", "today")
_FORMAT = re.compile(r"(?:[^%]|%-?[aAbBcdDeFHIhjklmMnpPrRsStTuUwWxXyYzZ%])*\Z")
_DIRECTIVE = re.compile(r"%(-?)([a-zA-Z%])")
_LONG = 100
_DAY = re.compile(r"%-?[de]")
_EXPANDED = {"r": "%I:%M:%S %p", "D": "%m/%d/%y", "h": "%b"}


@dataclass(frozen=True)
class House:
    """What holds where nothing is known of the reader: the account's own."""

    language: str = "en"
    country: str = ""
    time_zone: str = "UTC"


class _Own(Locale):
    """A locale that shares no names with others.

    Babel 2.18 writes what a locale inherits back into what all inherit: after Japanese, Arabic may get Japanese months.
    """

    _READ = ("months", "days", "day_periods", "quarters", "eras", "number_symbols", "date_formats", "time_formats")

    @cached_property
    def _data(self) -> localedata.LocaleDataDict:
        found = localedata.load(str(self))
        return localedata.LocaleDataDict({name: deepcopy(found[name]) for name in self._READ if name in found})


class Manner:
    """How dates are written for one kind of reader."""

    def __init__(self, locale: Locale, zone: tzinfo) -> None:
        self.locale, self.zone = locale, zone

    def write(self, value: Any, form: str) -> str:
        """Return a value as `form` says: one of `STYLES`, or what strftime takes; what is no date stays as it is."""
        if value is None or value == "":
            return ""
        try:
            return self._written(self._read(value), form or "long")
        except (ValueError, OverflowError, OSError, TypeError):
            return str(value)

    def _read(self, value: Any) -> datetime | date:
        if isinstance(value, str) and value in NOW:
            return datetime.now(self.zone)
        found = _moment(value) if isinstance(value, str | int) else value
        if not isinstance(found, date):
            raise TypeError(value)
        if isinstance(found, datetime) and found.tzinfo is not None:
            return found.astimezone(self.zone)
        return found

    def _written(self, moment: datetime | date, form: str) -> str:
        locale = self.locale
        if form == "time":
            clock = moment.time() if isinstance(moment, datetime) else time()
            return str(locale.time_formats["short"].apply(clock, locale))
        if form in STYLES:
            day = moment.date() if isinstance(moment, datetime) else moment
            return str(locale.date_formats[form].apply(day, locale))
        return moment.strftime(self._named(form, moment))

    def _named(self, form: str, moment: datetime | date) -> str:
        """Return a format with names in place of what strftime would say in English."""
        context = "format" if _DAY.search(form) else "stand-alone"

        def name(match: re.Match[str]) -> str:
            letter = match[2]
            if letter in _EXPANDED:
                return _DIRECTIVE.sub(name, _EXPANDED[letter])
            if letter in "bB":
                said = self.locale.months[context]["wide" if letter == "B" else "abbreviated"][moment.month]
            elif letter in "aA":
                said = self.locale.days["format"]["wide" if letter == "A" else "abbreviated"][moment.weekday()]
            elif letter in "pP":
                said = _half(self.locale, "pm" if getattr(moment, "hour", 0) >= 12 else "am")
                said = said.lower() if letter == "P" else said
            elif letter == "s":
                clock = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
                said = int((clock if clock.tzinfo else clock.replace(tzinfo=self.zone)).timestamp())
            elif letter in "xXc":
                said = " ".join(self._written(moment, each) for each in _WHOLE[letter])
            else:
                return match[0]
            return str(said).replace("%", "%%")

        return _DIRECTIVE.sub(name, form)


_WHOLE = {"x": ("short",), "X": ("time",), "c": ("medium", "time")}


def manner_of(values: Mapping[str, Any], house: House) -> Manner:
    """Return how dates are written for the contact in a message's values."""
    contact = values.get("contact")
    if not isinstance(contact, Mapping):
        contact = {}
    said = [contact.get(name) for name in ("language", "country", "time_zone")]
    language, country, zone = (each if isinstance(each, str) else "" for each in said)
    return _manner(language, country, zone, house)


@lru_cache(maxsize=2048)
def _manner(language: str, country: str, zone: str, house: House) -> Manner:
    places = (country, house.country)
    locale = _locale(language, places) or _locale(house.language, places) or _Own("en")
    return Manner(locale, _zone(zone) or _zone(house.time_zone) or UTC)


def _locale(language: str, places: tuple[str, ...]) -> Locale | None:
    """Return how a language is written: in the place that its code names, or in the first of `places` that has it."""
    code, _, place = language.partition("-")
    if not code:
        return None
    tags = [language] if place else [f"{code}-{each}" for each in places if each]
    for tag in [*tags, code]:
        try:
            return _Own.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return None


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):
        return None


@lru_cache(maxsize=512)
def _half(locale: Locale, name: str) -> str:
    """Return how the halves of a day are called (`am`, `pm`)."""
    names = get_period_names(width="abbreviated", context="format", locale=locale)
    return str(names.get(name, name.upper()))


@lru_cache(maxsize=4096)
def _moment(value: str | int) -> datetime | date:
    """Return what a value says. Raises `ValueError` and its like where that is no date."""
    text = str(value)
    if len(text) > _LONG:
        raise ValueError(text)
    if isinstance(value, int) or text.isdecimal():
        return datetime.fromtimestamp(int(text), UTC)
    if len(text) == len("2026-05-07"):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return _loosely(text)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _loosely(text)


def _loosely(text: str) -> datetime:
    found: datetime = loose.parse(text)
    return found


def mistake(form: str) -> str:
    """Return what is wrong with a format, empty where nothing is."""
    if not form or form in STYLES:
        return ""
    if len(form) > _LONG or not _FORMAT.match(form):
        return "This date format can't be used here"
    return "" if "%" in form else f"There is no way “{form}” to write dates"
