"""The erasure ledger: what was erased, for ever, in the database and in an append-only file outside of it.

A restored backup brings people back; the file remembers. While the two differ, no traffic is served
(`agrees`) until `manage.py replay_erasures` has erased again. Every entry is chained to the one before by a keyed hash.
The file is written before the transaction commits, so a crash between leaves an entry too many in the file, which
replaying mends, never one too few.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import orjson
from django.conf import settings
from django.db import connection

from emailconcert.lib.addresses import keyed_hash
from emailconcert.lib.tenancy import platform_scope
from privacy.models import ErasureLedger

_LOCK = 7321
_FIRST = bytes(32)


class LedgerDisagrees(Exception):
    """The file and the table differ: `manage.py replay_erasures` has to run first."""


class LedgerBroken(Exception):
    """An entry of the file was changed or removed; the text names the line."""


@dataclass(frozen=True)
class Entry:
    """One erasure."""

    account_number: int
    address_hash: bytes
    erased_at: datetime
    reference: str
    mac: bytes

    def chained_to(self, before: bytes) -> bool:
        """Tell whether the entry follows the one with that mac."""
        return self.mac == _mac(before, self.account_number, self.address_hash, self.erased_at, self.reference)


def file_path() -> Path:
    """Return where the file lies."""
    return Path(settings.LEDGER_DIR) / "erasures.jsonl"


def append(*, account_number: int, address_hash: bytes, reference: str, now: datetime) -> ErasureLedger:
    """Write one erasure to table and file. Call inside the platform's scope, as the last thing of the transaction.

    Raises `LedgerDisagrees` where table and file already differ.
    """
    _wait_for_writers()
    written = ErasureLedger.objects.filter(account_number=account_number, reference=reference).first()
    if written is not None:
        return written
    if replay_demanded():
        raise LedgerDisagrees
    with _locked() as handle:
        entries = list(_parse(handle.read()))
        if _heads(entries) != _heads(_table_entries()):
            raise LedgerDisagrees
        before = entries[-1].mac if entries else _FIRST
        now = now.astimezone(UTC)
        mac = _mac(before, account_number, address_hash, now, reference)
        entry = Entry(account_number, address_hash, now, reference, mac)
        row = _insert(entry)
        _write(handle.fileno(), [entry])
    return row


def agrees() -> bool:
    """Tell whether file and table hold the same erasures, and the file's chain is whole. For /readyz and start."""
    if replay_demanded():
        return False
    try:
        with platform_scope("privacy: compare the erasure ledger"):
            if _heads(read_file()) == _heads(_table_entries()):
                return True
            # The file is written just before its transaction commits.
            _wait_for_writers()
            return _heads(read_file()) == _heads(_table_entries())
    except LedgerBroken:
        return False


def demand_replay() -> None:
    """Refuse traffic until erasures have been replayed: a backup is being restored."""
    _mark().parent.mkdir(parents=True, exist_ok=True)
    _mark().touch()


def replay_demanded() -> bool:
    """Tell whether a backup was restored and erasures were not replayed since."""
    return _mark().exists()


def may_serve() -> bool:
    """Tell whether anything may be sent or served: not between a restore and its replay. One look at a file."""
    return not replay_demanded()


def replayed() -> None:
    """Take the demand back."""
    _mark().unlink(missing_ok=True)


def _mark() -> Path:
    return Path(settings.LEDGER_DIR) / "replay-needed"


def read_file() -> list[Entry]:
    """Return the file's entries in order. Raises `LedgerBroken`."""
    path = file_path()
    if not path.exists():
        return []
    stat = path.stat()
    return list(_read_checked(str(path), stat.st_mtime_ns, stat.st_size))


def table_entries() -> list[Entry]:
    """Return the table's entries in order. Call inside the platform's scope."""
    return _table_entries()


def adopt(entry: Entry) -> ErasureLedger:
    """Put an entry that only the file has into the table. Call inside the platform's scope."""
    return _insert(entry)


def extend_file(entries: list[Entry]) -> None:
    """Append entries that only the table has to the file."""
    with _locked() as handle:
        _write(handle.fileno(), entries)


@lru_cache(maxsize=2)
def _read_checked(path: str, _changed: int, _size: int) -> tuple[Entry, ...]:
    entries = tuple(_parse(Path(path).read_bytes()))
    check_chain(entries)
    return entries


def check_chain(entries: tuple[Entry, ...] | list[Entry]) -> None:
    """Raise `LedgerBroken`, naming the first entry that does not follow the one before."""
    before = _FIRST
    for number, entry in enumerate(entries, start=1):
        if not entry.chained_to(before):
            raise LedgerBroken(f"Line {number} of {file_path().name} was changed, or one before it was removed.")
        before = entry.mac


def _wait_for_writers() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _heads(entries: list[Entry]) -> tuple[int, bytes]:
    return len(entries), entries[-1].mac if entries else _FIRST


def _table_entries() -> list[Entry]:
    rows = ErasureLedger.objects.order_by("pk")
    return [
        Entry(row.account_number, bytes(row.address_hash), row.erased_at, row.reference, bytes(row.mac)) for row in rows
    ]


def _insert(entry: Entry) -> ErasureLedger:
    return ErasureLedger.objects.create(
        account_number=entry.account_number,
        address_hash=entry.address_hash,
        erased_at=entry.erased_at,
        reference=entry.reference,
        mac=entry.mac,
    )


def _mac(before: bytes, account_number: int, address_hash: bytes, erased_at: datetime, reference: str) -> bytes:
    facts = f"{account_number}|{address_hash.hex()}|{erased_at.astimezone(UTC).isoformat()}|{reference}"
    return keyed_hash(before + facts.encode(), purpose="erasure ledger")


def _parse(raw: bytes) -> Iterator[Entry]:
    for number, line in enumerate(raw.splitlines(), start=1):
        try:
            found = orjson.loads(line)
            yield Entry(
                account_number=int(found["account"]),
                address_hash=bytes.fromhex(found["hash"]),
                erased_at=datetime.fromisoformat(found["at"]),
                reference=str(found["reference"]),
                mac=bytes.fromhex(found["mac"]),
            )
        except (ValueError, KeyError, TypeError):
            raise LedgerBroken(f"Line {number} of {file_path().name} cannot be read.") from None


def _write(descriptor: int, entries: list[Entry]) -> None:
    for entry in entries:
        line = orjson.dumps(
            {
                "account": entry.account_number,
                "hash": entry.address_hash.hex(),
                "at": entry.erased_at.astimezone(UTC).isoformat(),
                "reference": entry.reference,
                "mac": entry.mac.hex(),
            }
        )
        os.write(descriptor, line + b"\n")
    os.fsync(descriptor)


def _locked() -> "_LockedFile":
    return _LockedFile()


class _LockedFile:
    """The file, opened to read and append, under an exclusive lock."""

    def __enter__(self) -> "_LockedFile":
        path = file_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("a+b")
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()

    def fileno(self) -> int:
        return self._handle.fileno()

    def read(self) -> bytes:
        self._handle.seek(0)
        return self._handle.read()
