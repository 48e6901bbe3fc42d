"""Events on disk while PostgreSQL is away: an append-only file per process, replayed once.

A line per event, synced to disk before the edge answers. The writer holds a lock on its file, so that others remove it
only once the writer is dead or done with it. How far a file was replayed moves in PostgreSQL, in the transaction that
replays, so that neither a crash at any moment nor two processes at once replay anything twice.
"""

import fcntl
import hashlib
import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import psycopg

from tracking.edge.entries import INSERT, OPT_OUT, UNSUBSCRIBE, Entry, as_json

logger = logging.getLogger(__name__)

_SUFFIX = ".spool"
_CHUNK = 2_000


class Spool:
    """The file that this process appends to; a new one after each replay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd: int | None = None
        self._end = 0
        self.path: Path | None = None

    def append(self, entries: Sequence[Entry]) -> None:
        """Write the entries and sync them to disk. Raises `OSError`, and then none of them is in the file."""
        fd = self._fd if self._fd is not None else self._open()
        data = b"".join(orjson.dumps(tuple(entry)) + b"\n" for entry in entries)
        try:
            written = 0
            while written < len(data):
                written += os.write(fd, data[written:])
            os.fdatasync(fd)
        except OSError:
            self._cut(fd)
            raise
        self._end += len(data)

    def _cut(self, fd: int) -> None:
        try:
            os.ftruncate(fd, self._end)
        except OSError:
            self.close()  # a torn line may stay at the end; the replay leaves it out, and the next file is whole

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}{_SUFFIX}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            _sync_folder(self._folder)
        except OSError:
            os.close(fd)
            raise
        self._fd, self._end, self.path = fd, 0, path
        return fd

    def close(self) -> None:
        """Let go of the file, so that it may be replayed; the next entry begins another."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self.path = None, None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def replay_all(connection: psycopg.Connection[Any], folder: Path) -> int:
    """Replay every file, and remove those that nobody writes to any more; return how many events there were.

    Raises `psycopg.Error`, to be tried again. Any number of processes may do so at once.
    """
    if not folder.is_dir():
        return 0
    return sum(_replay(connection, path) for path in sorted(folder.glob(f"*{_SUFFIX}")))


def _replay(connection: psycopg.Connection[Any], path: Path) -> int:
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return 0  # another process was faster
    with os.fdopen(fd, "rb") as file:
        is_over = _is_over(fd)  # asked before reading, so that nothing is written in between
        chunks = _chunks(file.read(), path.name)
        count = sum(_replay_chunk(connection, path.name, end, rows) for end, rows in chunks)
        if is_over:
            path.unlink(missing_ok=True)
        if count:
            logger.info("spool replayed", extra={"events": count})
        return count


def _is_over(fd: int) -> bool:
    """Tell whether the file's writer is dead or done with it, which its lock tells."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _replay_chunk(connection: psycopg.Connection[Any], name: str, end: int, rows: list[tuple[int, list[Any]]]) -> int:
    with connection.transaction():
        # Locks the position until the end of the transaction.
        found = connection.execute("SELECT tracking_move_spool(%s, %s)", [name, end]).fetchone()
        before = found[0] if found else 0
        fresh = [row for position, row in rows if position >= before]
        events = [row for row in fresh if row[0] != UNSUBSCRIBE]
        opt_outs = [row for row in fresh if row[0] == UNSUBSCRIBE]
        if events:
            connection.execute(INSERT, [as_json(events)])
        if opt_outs:
            connection.execute(OPT_OUT, [as_json(opt_outs)])
        return len(fresh)


def _chunks(data: bytes, name: str) -> Iterator[tuple[int, list[tuple[int, list[Any]]]]]:
    """Yield (byte after the chunk, rows with the byte at which each begins). A last line without its end is left out."""
    position = 0
    rows: list[tuple[int, list[Any]]] = []
    for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
        row = _row(line, f"{name}:{position}")
        if row is not None:
            rows.append((position, row))
        position += len(line)
        if len(rows) == _CHUNK:
            yield position, rows
            rows = []
    if rows:
        yield position, rows


def _row(line: bytes, key: str) -> list[Any] | None:
    try:
        row = list(Entry(*orjson.loads(line)))
    except (orjson.JSONDecodeError, TypeError):
        logger.warning("a torn line in a spool was left out")
        return None
    return [*row, hashlib.blake2b(key.encode(), digest_size=16).hexdigest()]
