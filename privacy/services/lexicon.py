"""What words say about special categories of personal data (GDPR Art. 9): `privacy/lexicon.yaml`, compiled.

A name is matched by whole words and phrases, never by a piece of a word, after phrases that mean something else ("race
results", "credit union") have been taken out.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

LEXICON = Path(__file__).resolve().parent.parent / "lexicon.yaml"
# A value that is longer is a text, which is only looked through for what it contains.
_SHORT = 80
_LONG = 2000

_HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_BETWEEN = re.compile(r"[\W_]+")
_SEVERAL = re.compile(r"[,;/|\n]")


@dataclass(frozen=True)
class Category:
    """One special category; `title` reads on after "data about"."""

    key: str
    title: str


@dataclass(frozen=True)
class Told:
    """What one value tells; `is_weak` if only by a word that often means something else."""

    category: Category
    is_weak: bool = False


@dataclass(frozen=True)
class _Words:
    category: Category
    names: re.Pattern[str]
    alone: re.Pattern[str]
    says: re.Pattern[str]
    weak: re.Pattern[str]
    contains: re.Pattern[str]


def plain(text: str) -> str:
    """Return words in small letters without accents, parted by one blank: "tradeUnion" is "trade union"."""
    spread = _HUMP.sub(" ", text[:_LONG]).casefold().replace("ß", "ss")
    letters = "".join(each for each in unicodedata.normalize("NFKD", spread) if not unicodedata.combining(each))
    return _BETWEEN.sub(" ", letters).strip()


@lru_cache(maxsize=4096)
def named(text: str, *, asks: bool) -> Category | None:
    """Return the special category that a name is about; `asks` if it is a field's or a column's, which holds values."""
    whole = _without_innocent(plain(text))
    bare = _bare(whole)
    for words in _lexicon():
        if words.names.search(whole) or words.says.fullmatch(bare) or (asks and words.alone.fullmatch(bare)):
            return words.category
    return None


def told(text: str) -> Told | None:
    """Return the special category that one value tells of a person."""
    return _told_short(text) if len(text) <= _SHORT else _contained(_without_innocent(plain(text)))


def title_of(key: str) -> str:
    """Return a category's name for people."""
    return next((words.category.title for words in _lexicon() if words.category.key == key), key)


@lru_cache(maxsize=8192)
def _told_short(text: str) -> Told | None:
    if (found := _contained(_without_innocent(plain(text)))) is not None:
        return found
    parts = [_bare(_without_innocent(plain(part))) for part in _SEVERAL.split(text)]
    bares = [part for part in parts if part]
    for words in _lexicon():
        if any(words.says.fullmatch(bare) for bare in bares):
            return Told(words.category)
    for words in _lexicon():
        if any(words.weak.fullmatch(bare) for bare in bares):
            return Told(words.category, is_weak=True)
    return None


def _contained(whole: str) -> Told | None:
    return next((Told(words.category) for words in _lexicon() if words.contains.search(whole)), None)


def _without_innocent(whole: str) -> str:
    return " ".join(_innocent().sub(" ", whole).split())


def _bare(whole: str) -> str:
    return " ".join(word for word in whole.split() if word not in _small())


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(LEXICON.read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def _lexicon() -> tuple[_Words, ...]:
    return tuple(
        _Words(
            category=Category(key, entry["title"]),
            names=_pattern(_terms(entry["names"])),
            alone=_pattern(_terms(entry.get("alone")), bare=True),
            says=_pattern(_terms(entry.get("says")), bare=True),
            weak=_pattern(_terms(entry.get("weak")), bare=True),
            contains=_pattern(_terms(entry.get("contains"))),
        )
        for key, entry in _raw()["categories"].items()
    )


@lru_cache(maxsize=1)
def _small() -> frozenset[str]:
    return frozenset(plain(word) for word in _terms(_raw()["small"]))


@lru_cache(maxsize=1)
def _innocent() -> re.Pattern[str]:
    return _pattern(_terms(_raw()["innocent"]))


def _terms(by_language: dict[str, list[str]] | None) -> list[str]:
    return [term for terms in (by_language or {}).values() for term in terms]


def _pattern(terms: Iterable[str], *, bare: bool = False) -> re.Pattern[str]:
    """Compile terms to one pattern of whole words; `bare` terms lose small words as the texts do."""
    branches = []
    for term in terms:
        words = [r"\w*".join(plain(piece) for piece in word.split("*")) for word in re.split(r"[\s_-]+", term)]
        kept = [word for word in words if not bare or word not in _small()]
        branches.append(" ?".join(kept or words))
    # The longest first, so that a phrase wins over a word that it begins with.
    body = "|".join(sorted(set(branches), key=len, reverse=True)) or r"(?!)"
    return re.compile(rf"(?<!\w)(?:{body})(?!\w)")
