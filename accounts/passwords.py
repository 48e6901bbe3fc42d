"""Refusing passwords that guessers try first, without asking anybody outside.

The list is Django's own of 20,000 leaked passwords; what people do to such a word to make a site accept it (capitals,
digits for letters, a year or an exclamation mark behind it, the word twice, two words together) is undone first.
"""

import gzip
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

_LEET = str.maketrans("4@831!|05$7+", "aabeiilosstt")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_SEPARATORS = re.compile(r"[\W_]+")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "01234567890", "abcdefghijklmnopqrstuvwxyz")
# Two common words in a row are guessed quickly; a passphrase of more is not.
_LONGEST_PAIR = 16
_SHORTEST_WORD = 3
_EASY = "This password is among the first that guessers try. Choose several words that do not belong together."


class BreachedPasswordValidator:
    """Refuses leaked passwords and the usual mutations of them."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` for a password that is easy to guess."""
        own = _own_words(user)
        if any(_is_easy(form, own) for form in _undone(password)):
            raise ValidationError(_EASY, code="password_breached")

    def get_help_text(self) -> str:
        """Say what is asked for."""
        return "Use several words that do not belong together; leaked passwords and their variations are refused."


@lru_cache(maxsize=1)
def _leaked() -> frozenset[str]:
    path = Path(password_validation.__file__).with_name("common-passwords.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines)


def _own_words(user: Any) -> set[str]:
    words = {settings.PLATFORM_NAME.lower(), "emailconcert", "email", "concert", "newsletter", "marketing"}
    text = " ".join(str(getattr(user, name, "") or "") for name in ("name", "email", "business_name"))
    return words | {word for word in _SEPARATORS.split(text.lower()) if len(word) >= _SHORTEST_WORD}


def _undone(password: str) -> set[str]:
    """Return the forms a password has before its usual decorations."""
    plain = password.lower().strip()
    stripped = _EDGES.sub("", plain)
    forms = {plain, stripped, plain.translate(_LEET), stripped.translate(_LEET), _EDGES.sub("", plain.translate(_LEET))}
    return {_SEPARATORS.sub("", form) for form in forms}


def _is_easy(form: str, own: set[str]) -> bool:
    if len(set(form)) <= 2 or _is_known(form, own) or _is_run(form):
        return True
    half = len(form) // 2
    if form[:half] == form[half:] and len(form) % 2 == 0:
        return True
    splits = range(_SHORTEST_WORD, len(form) - _SHORTEST_WORD + 1) if len(form) <= _LONGEST_PAIR else ()
    return any(_is_known(form[:cut], own) and _is_known(form[cut:], own) for cut in splits)


def _is_known(word: str, own: set[str]) -> bool:
    return word in own or word in _leaked()


def _is_run(form: str) -> bool:
    """Tell whether it is a stretch of the keyboard, the alphabet or the digits, either way, perhaps repeated."""
    runs = [row * 3 for row in _ROWS] + [row[::-1] * 3 for row in _ROWS]
    return any(form in run for run in runs)
