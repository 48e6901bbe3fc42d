"""What a worker is about to do and has done with a batch, in a memory-mapped file that outlives the worker.

One file per claim. An *intent* is written before a body is, the outcome at its reply; both reach the page cache by a
plain store, so a killed process loses nothing. The living worker holds the file's lock (`flock`); whoever can take the
lock knows that it is dead. The file gets its name only when its header and lock are in place, so that a journal that
can be seen is whole.

Layout, little-endian: header of 256 bytes (`_HEADER`), then 8 bytes per message: status (2), enhanced code's class (1),
subject (1), detail (2), unused (2). Status 0: nothing; 1: intent; 2: lost; 100–599: the server's reply.
"""

import fcntl
import mmap
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HEADER = struct.Struct("<4sHHQdI40s64s")
_HEADER_SIZE = 256
_SLOT = struct.Struct("<HBBHxx")
_ENHANCED = struct.Struct("<BBH")
_STATUS = struct.Struct("<H")
_MAGIC = b"ECJ1"

NOTHING, INTENT, LOST = 0, 1, 2


class JournalMissing(Exception):
    """There is no such journal, or it is no journal."""


class JournalHeld(Exception):
    """The worker that writes it is alive."""


@cache
def boot_id() -> str:
    """Return what names this boot of this machine; a journal of another boot may have lost its last pages."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def host_name() -> str:
    """Return what names this machine."""
    return socket.gethostname()[:64]


@dataclass(frozen=True)
class Entry:
    """What is known of one message: `status` NOTHING, INTENT, LOST or a reply code, and its enhanced code."""

    status: int
    enhanced: tuple[int, int, int]

    @property
    def has_reply(self) -> bool:
        """Tell whether the server gave its last word."""
        return self.status >= 100


class Journal:
    """A batch's journal, open and locked by the worker that writes it."""

    def __init__(self, path: Path, file: int, memory: mmap.mmap) -> None:
        self.path = path
        self._file, self._memory = file, memory

    @classmethod
    def create(cls, path: Path, *, batch_id: int, count: int, lease_until: float) -> "Journal":
        """Make the file, locked and with its header, before it gets its name. Raises FileExistsError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = _HEADER_SIZE + count * _SLOT.size
            os.posix_fallocate(file, 0, size)
            memory = mmap.mmap(file, size)
            memory[: _HEADER.size] = _HEADER.pack(
                _MAGIC, 1, 0, batch_id, lease_until, count, boot_id().encode(), host_name().encode()
            )
            os.link(draft, path)
        except BaseException:
            os.close(file)
            raise
        finally:
            draft.unlink()
        return cls(path, file, memory)

    def intend(self, index: int) -> None:
        """Note that a body is about to be written."""
        _STATUS.pack_into(self._memory, _HEADER_SIZE + index * _SLOT.size, INTENT)

    def lose(self, index: int) -> None:
        """Note that the connection broke before the reply."""
        _STATUS.pack_into(self._memory, _HEADER_SIZE + index * _SLOT.size, LOST)

    def settle(self, index: int, code: int, enhanced: tuple[int, int, int] | None = None) -> None:
        """Note the server's last word; the status is written last, in one store."""
        at = _HEADER_SIZE + index * _SLOT.size
        if enhanced:
            _ENHANCED.pack_into(self._memory, at + 2, *(min(part, 255) for part in enhanced[:2]), enhanced[2])
        _STATUS.pack_into(self._memory, at, code)

    def close(self) -> None:
        """Let go of the file, which stays."""
        self._memory.close()
        os.close(self._file)

    def remove(self) -> None:
        """Delete the file once its outcomes are in the database."""
        self.path.unlink(missing_ok=True)
        self.close()


@dataclass(frozen=True)
class Account:
    """A dead worker's journal as read back."""

    batch_id: int
    lease_until: float
    boot_id: str
    host: str
    entries: tuple[Entry, ...]


@contextmanager
def read_back(path: Path) -> Iterator[Account]:
    """Take the lock and read; it is held while the block runs. Raises `JournalMissing`, `JournalHeld`."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise JournalMissing(path.name) from None
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalHeld(path.name) from None
        yield _parse(os.pread(file, os.fstat(file).st_size, 0))
    finally:
        os.close(file)


def _parse(data: bytes) -> Account:
    if len(data) < _HEADER_SIZE or data[:4] != _MAGIC:
        raise JournalMissing("This is not a journal.")
    _, _, _, batch_id, lease_until, count, boot, host = _HEADER.unpack_from(data)
    if len(data) < _HEADER_SIZE + count * _SLOT.size:
        raise JournalMissing("The journal is cut short.")
    slots = _SLOT.iter_unpack(data[_HEADER_SIZE : _HEADER_SIZE + count * _SLOT.size])
    entries = tuple(Entry(status, (first, second, third)) for status, first, second, third in slots)
    return Account(batch_id, lease_until, boot.rstrip(b"\0").decode(), host.rstrip(b"\0").decode(), entries)
