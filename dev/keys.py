"""The secrets of one VAR_DIR: made once, kept in a file that only its owner reads."""

import base64
import os
import secrets
from pathlib import Path

from dev.problems import Problem

FILE_NAME = "secrets.env"


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _fresh() -> dict[str, str]:
    return {
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "OWNER_PASSWORD": secrets.token_urlsafe(24),
        "APP_PASSWORD": secrets.token_urlsafe(24),
        "EDGE_PASSWORD": secrets.token_urlsafe(24),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": f"1:{_key()}",
        "TOKEN_KEYS": f"1:{_key()}",
        "ADDRESS_HASH_KEY": _key(),
    }


def read_or_make(var: Path) -> dict[str, str]:
    """Return the secrets of `var`; the caller holds the lock of its servers.

    Raises `Problem` when there is a database but its secrets are gone, as new ones could not open it.
    """
    path = var / FILE_NAME
    if path.exists():
        lines = path.read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        if missing := _fresh().keys() - found.keys():
            raise Problem(f"{path} lacks {', '.join(sorted(missing))}: run `make reset` to start from nothing.")
        return found
    if (var / "postgres").exists():
        raise Problem(f"{path} is gone, and the database needs it: run `make reset` to start from nothing.")
    made = _fresh()
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{name}={value}\n" for name, value in made.items()))
    partial.replace(path)
    return made
