"""Strict readers for settings that come from the environment.

Each reader declares its setting, so that docs/configuration.md is generated from, and the compose test checked
against, the same declarations. A bad value raises `BadSetting` at start, with a sentence that says what to write.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class BadSetting(Exception):
    """A setting is missing or cannot be understood; the text says what to write."""


@dataclass(frozen=True)
class Declaration:
    """One setting as the settings file declares it; `default` is None where it must be given."""

    name: str
    kind: str
    default: str | None
    help: str
    secret: bool


_declared: dict[str, Declaration] = {}


def declared() -> dict[str, Declaration]:
    """Return every declared setting by name, in the order of declaration."""
    return dict(_declared)


def _raw(name: str, kind: str, default: str | None, help: str, *, secret: bool = False) -> str:
    _declared[name] = Declaration(name, kind, None if secret else default, help, secret)
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise BadSetting(f"{name} is not set. {help}")
    return default


def env_str(name: str, *, default: str | None = None, help: str, secret: bool = False) -> str:
    """Read a text setting; without a default it is required."""
    return _raw(name, "text", default, help, secret=secret)


def env_folder(name: str, *, under: Path, default: str, help: str) -> Path:
    """Read a folder; without one it is `default` under the folder that VAR_DIR names."""
    value = env_str(name, default=f"VAR_DIR/{default}", help=help)
    return under / default if value == f"VAR_DIR/{default}" else Path(value).resolve()


def env_bool(name: str, *, default: bool, help: str) -> bool:
    """Read a yes/no setting (1, true, yes, on or 0, false, no, off)."""
    value = _raw(name, "yes/no", "yes" if default else "no", help).lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise BadSetting(f"{name} is {value!r}, which is neither yes nor no. Write {name}=yes or {name}=no.")


def env_int(name: str, *, default: int, help: str, minimum: int | None = None, maximum: int | None = None) -> int:
    """Read a whole number within the bounds given."""
    value = _raw(name, "number", str(default), help)
    try:
        number = int(value)
    except ValueError:
        raise BadSetting(f"{name} is {value!r}, which is not a whole number. For example {name}={default}.") from None
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        low = "" if minimum is None else f" at least {minimum}"
        high = "" if maximum is None else f" at most {maximum}"
        raise BadSetting(f"{name} is {number}; it must be{low}{' and' if low and high else ''}{high}.")
    return number


def env_choice(name: str, *, choices: tuple[str, ...], default: str, help: str) -> str:
    """Read one of a few words."""
    value = _raw(name, " | ".join(choices), default, help).lower()
    if value not in choices:
        raise BadSetting(f"{name} is {value!r}; write one of {', '.join(choices)}.")
    return value


def env_list(name: str, *, default: str = "", help: str) -> list[str]:
    """Read words separated by commas."""
    return [word.strip() for word in _raw(name, "list", default, help).split(",") if word.strip()]


def env_url(name: str, *, schemes: tuple[str, ...], default: str | None = None, help: str, secret: bool = False) -> str:
    """Read an address whose scheme is one of `schemes`; a trailing slash is removed. Empty only where `default` is."""
    value = _raw(name, "address", default, help, secret=secret)
    if value and urlsplit(value).scheme not in schemes:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise BadSetting(f"{name} must begin with {wanted}. {help}")
    return value.rstrip("/")


def env_key(name: str, *, help: str) -> bytes:
    """Read one secret of 32 bytes or more, written in URL-safe base64."""
    return _decode(name, _raw(name, "key", None, help, secret=True))


def env_keyring(name: str, *, help: str) -> dict[int, bytes]:
    """Read numbered keys `2:…,1:…` (32 bytes each, URL-safe base64), newest first; order is kept."""
    ring: dict[int, bytes] = {}
    for part in _raw(name, "keys", None, help, secret=True).split(","):
        number, colon, text = part.strip().partition(":")
        if not colon or not number.isdigit() or not 0 < int(number) < 256:
            raise BadSetting(f"{name} must look like 2:KEY,1:KEY, numbers from 1 to 255, the newest first.")
        ring[int(number)] = _decode(name, text)
    return ring


def _decode(name: str, text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 32:
        raise BadSetting(
            f"{name} holds no key of 32 bytes. Make one with: python3 -c "
            f"'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
        )
    return key[:32]
