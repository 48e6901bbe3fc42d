"""Who said no, in an append-only file outside of the database: a restored backup forgets what was said after it.

Beside the erasure ledger: account number, keyed hash of the address, what was said, when. Written after commit, so that
the file never knows more than what was said; what the edge commits by itself follows within seconds
(tracking.services.emptying). `replaying` makes it hold again. The file's order is the order of what counts.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

RESTRICTED = "restricted"
UNRESTRICTED = "unrestricted"
LIFTED = "lifted"
LEFT = "left"
JOINED = "joined"


@dataclass(frozen=True)
class Fact:
    """One thing said: the reason of a suppression, or one of those above; `LEFT` and `JOINED` name the list."""

    account_number: int
    address_hash: bytes
    what: str
    at: datetime
    list_number: int | None = None


@dataclass(frozen=True)
class Left:
    """A list that somebody left, for `ListReplay`."""

    address_hash: bytes
    list_id: int
    at: datetime


# Takes an account's opt-outs from lists inside its scope; returns how many changed something, and whose contact is gone.
ListReplay = Callable[[int, Sequence[Left]], tuple[int, set[bytes]]]
_list_replays: list[ListReplay] = []


def replays_lists(function: ListReplay) -> None:
    """Register who makes opt-outs from lists hold again."""
    if function not in _list_replays:
        _list_replays.append(function)


def list_replays() -> list[ListReplay]:
    """Return who makes opt-outs from lists hold again."""
    return list(_list_replays)


def file_path() -> Path:
    """Return where the file lies."""
    return Path(settings.LEDGER_DIR) / "standing.jsonl"


def note(facts: Sequence[Fact]) -> None:
    """Write facts down once the transaction is committed. A full disk takes no opt-out back: it is logged."""
    if facts:
        transaction.on_commit(partial(write, facts), robust=True)


def write(facts: Iterable[Fact]) -> None:
    """Append facts and wait until they are on the disk."""
    lines = b"".join(_line(fact) for fact in facts)
    path = file_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if size := handle.seek(0, os.SEEK_END):
            handle.seek(size - 1)
            if handle.read(1) != b"\n":  # a crash cut the last line short
                lines = b"\n" + lines
        while lines:
            lines = lines[handle.write(lines) :]
        os.fsync(handle.fileno())


def read() -> tuple[list[Fact], int]:
    """Return all facts in order, and how many lines cannot be read: a crash may have cut one short."""
    path = file_path()
    facts, unreadable = [], 0
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            found = orjson.loads(line)
            number = found.get("list")
            moment = datetime.fromisoformat(found["at"])
            facts.append(Fact(int(found["account"]), bytes.fromhex(found["hash"]), str(found["what"]), moment, number))
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1
    return facts, unreadable


def _line(fact: Fact) -> bytes:
    found = {
        "account": fact.account_number,
        "hash": fact.address_hash.hex(),
        "what": str(fact.what),
        "at": fact.at.astimezone(UTC).isoformat(),
    }
    if fact.list_number is not None:
        found["list"] = fact.list_number
    return orjson.dumps(found) + b"\n"
