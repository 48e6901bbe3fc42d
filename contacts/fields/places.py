"""Languages, countries, time zones and telephone numbers: codes, and the names that people write in their place."""

import re
import zoneinfo
from functools import lru_cache

import phonenumbers
from babel import Locale, UnknownLocaleError

from contacts.fields.bad import BadValue

_NAMED_IN = ("en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?\Z")
_E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
_SPELLED = {"uk": "GB", "u.k.": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "great britain": "GB", "usa": "US",
            "u.s.": "US", "u.s.a.": "US", "united states of america": "US", "holland": "NL", "czech republic": "CZ",
            "republic of ireland": "IE", "south korea": "KR", "korea": "KR", "uae": "AE", "brd": "DE"}  # fmt: skip


def read_language(text: str) -> str:
    """Return the language as a code of BCP 47 in small letters. Raises `BadValue`."""
    code = text.lower().replace("_", "-")
    if len(code) <= 10 and _LANGUAGE.match(code) and code.partition("-")[0] in _language_codes():
        return code
    if found := _language_names().get(_plain(text)):
        return found
    raise BadValue(f"“{text[:40]}” is not a language. Write it like German, de or pt-br.")


def read_country(text: str) -> str:
    """Return the country as a code of ISO 3166-1, two letters. Raises `BadValue`."""
    code = text.upper()
    if len(code) == 2 and code in _country_codes():
        return code
    if found := _country_names().get(_plain(text)):
        return found
    raise BadValue(f"“{text[:40]}” is not a country. Write it like Ireland or IE.")


def read_zone(text: str) -> str:
    """Return the name of a time zone of the IANA database. Raises `BadValue`."""
    found = _zones().get(text.strip().replace(" ", "_").casefold())
    if found is None:
        raise BadValue(f"“{text[:40]}” is not a time zone. Write it like Europe/Dublin.")
    return found


def read_phone(text: str, *, region: str = "") -> str:
    """Return a telephone number in E.164; `region` is the country of one without a code. Raises `BadValue`."""
    plain = re.sub(r"[\s().\-/ ]", "", text)
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    if _E164.match(plain):
        return plain
    try:
        number = phonenumbers.parse(text[:60], region or None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise BadValue(f"“{text[:40]}” is not a phone number with its country code. Write it like +353 86 123 4567.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _languages(locale: str) -> dict[str, str]:
    return {str(code): str(name) for code, name in Locale(locale).languages.items()}


def _territories(locale: str) -> dict[str, str]:
    return {str(code): str(name) for code, name in Locale(locale).territories.items()}


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@lru_cache(maxsize=1)
def _language_codes() -> frozenset[str]:
    return frozenset(code for code in _languages("en") if "_" not in code)


@lru_cache(maxsize=1)
def _language_names() -> dict[str, str]:
    """Return codes by the language's name in the languages we read; a name's first meaning wins."""
    found: dict[str, str] = {}
    for each in _NAMED_IN:
        for code, name in _languages(each).items():
            if len(code) == 2:
                found.setdefault(_plain(name), code)
    for code in _languages("en"):
        if len(code) == 2 and (own := _own_name(code)):
            found.setdefault(_plain(own), code)
    return found


def _own_name(code: str) -> str | None:
    try:
        return Locale(code).get_language_name()
    except UnknownLocaleError:  # Babel knows the language's name but not the language
        return None


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    return frozenset(code for code in _territories("en") if len(code) == 2 and code.isalpha() and code != "ZZ")


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    found = dict(_SPELLED)
    for each in _NAMED_IN:
        for code, name in _territories(each).items():
            if code in _country_codes():
                found.setdefault(_plain(name), code)
    return found


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in zoneinfo.available_timezones()}
