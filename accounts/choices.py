"""Countries, languages and time zones to choose from, and the guesses made from a browser's wish."""

import re
import zoneinfo
from functools import lru_cache

from babel import Locale
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

# CLDR lists groups, pseudo-places and parts that post is not addressed to among its territories.
_NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"}
_REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, str]]:
    """Return (code, English name) by name. Source: Unicode CLDR, ISO 3166-1 alpha-2."""
    names = Locale("en").territories
    found = [(code, name) for code, name in names.items() if re.fullmatch("[A-Z]{2}", code)]
    return sorted(((code, name) for code, name in found if code not in _NOT_COUNTRIES), key=lambda pair: pair[1])


@lru_cache(maxsize=1)
def languages() -> list[tuple[str, str]]:
    """Return (code, English name) by name, of languages with a code of two letters. Source: Unicode CLDR, ISO 639-1."""
    named = ((str(code), str(name)) for code, name in Locale("en").languages.items())
    return sorted((pair for pair in named if len(pair[0]) == 2), key=lambda pair: pair[1])


@lru_cache(maxsize=1)
def time_zones() -> list[tuple[str, str]]:
    """Return the named zones of places, and UTC first. Source: IANA time zone database."""
    names = sorted(name for name in zoneinfo.available_timezones() if name.partition("/")[0] in _REGIONS)
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names if "/" in name)]


def guess_language(accept_language: str) -> str:
    """Return the first language we have that the browser asks for."""
    for wish, _ in parse_accept_lang_header(accept_language.lower()):
        try:
            return get_supported_language_variant(wish)
        except LookupError:
            continue
    return "en"


def guess_country(accept_language: str) -> str:
    """Return the first country in what the browser asks for ("de-AT" is Austria), or an empty text."""
    known = {code for code, _ in countries()}
    for wish, _ in parse_accept_lang_header(accept_language.lower()):
        region = wish.rpartition("-")[2].upper()
        if region in known and "-" in wish:
            return region
    return ""
