"""What the mailbox keeps: each message as it came, with what lists and searches need beside it, in one SQLite file."""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    size INTEGER NOT NULL,
    source BLOB NOT NULL
)
"""
COLUMNS = "id, received_at, sender, recipients, subject, size"


@dataclass(frozen=True)
class Summary:
    """One message as a list shows it; `sender` and `recipients` are the envelope's, not the headers'."""

    id: int
    received_at: datetime
    sender: str
    recipients: list[str]
    subject: str
    size: int


def _subject(source: bytes) -> str:
    raw = BytesHeaderParser(policy=policy.compat32).parsebytes(source).get("Subject", "")
    try:
        return str(make_header(decode_header(str(raw)))).replace("\n", " ").strip()
    except (LookupError, ValueError):  # an unknown or broken character set is shown as it came
        return str(raw)


def _summary(row: Sequence[object]) -> Summary:
    number, received_at, sender, recipients, subject, size = row
    return Summary(
        id=int(str(number)),
        received_at=datetime.fromisoformat(str(received_at)),
        sender=str(sender),
        recipients=str(recipients).split(),
        subject=str(subject),
        size=int(str(size)),
    )


def _pattern(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


class Store:
    """The messages in a folder; one connection that all threads share, one at a time.

    Each message is committed at once, without waiting for the disk: killing the mailbox loses none, and ten thousand
    take a second or two.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(folder / "mailbox.sqlite3", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(SCHEMA)

    def add(self, *, sender: str, recipients: Sequence[str], source: bytes, now: datetime | None = None) -> None:
        """Keep one message as it came."""
        received_at = (now or datetime.now(UTC)).isoformat()
        row = (received_at, sender, " ".join(recipients), _subject(source), len(source), source)
        with self._lock:
            self._connection.execute(
                "INSERT INTO message (received_at, sender, recipients, subject, size, source) VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )

    def search(
        self, *, to: str = "", subject: str = "", either: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[int, list[Summary]]:
        """Return how many messages match, and one page of them, the newest first."""
        where = "recipients LIKE ? ESCAPE '\\' AND subject LIKE ? ESCAPE '\\'"
        values: list[object] = [_pattern(to), _pattern(subject)]
        if either:
            where += " AND (recipients LIKE ? ESCAPE '\\' OR subject LIKE ? ESCAPE '\\')"
            values += [_pattern(either)] * 2
        with self._lock:
            count = f"SELECT count(*) FROM message WHERE {where}"  # noqa: S608  # fixed texts
            (total,) = self._connection.execute(count, values).fetchone()
            page = f"SELECT {COLUMNS} FROM message WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608  # fixed texts
            rows = self._connection.execute(page, [*values, limit, offset]).fetchall()
        return total, [_summary(row) for row in rows]

    def get(self, number: int) -> tuple[Summary, bytes] | None:
        """Return one message with its source, or None."""
        with self._lock:
            row = self._connection.execute(
                f"SELECT {COLUMNS}, source FROM message WHERE id = ?",  # noqa: S608  # fixed texts
                [number],
            ).fetchone()
        return (_summary(row[:-1]), bytes(row[-1])) if row else None

    def clear(self) -> None:
        """Delete all messages; numbers are not used again."""
        with self._lock:
            self._connection.execute("DELETE FROM message")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
