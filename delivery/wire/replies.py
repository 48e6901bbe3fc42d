"""SMTP replies: parsed from bytes, and what their codes mean."""

import re
from typing import NamedTuple

_MAX_LINE = 4096
_MAX_REPLY = 64 * 1024
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class BadReply(Exception):
    """What came is not SMTP."""


class Reply(NamedTuple):
    """One whole reply, its lines joined by blanks."""

    code: int
    text: str

    @property
    def is_good(self) -> bool:
        """Tell whether it is a 2xx."""
        return 200 <= self.code < 300


class ReplyParser:
    """Bytes in, whole replies out."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is waiting to be parsed."""
        return not self._buffer and not self._lines

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are whole now. Raises `BadReply`."""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > _MAX_LINE or sum(map(len, self._lines)) > _MAX_REPLY:
            raise BadReply("The reply is too long.")
        replies = []
        for raw in lines:
            line = raw.rstrip(b"\r")
            code, mark = line[:3], line[3:4]
            if not code.isdigit() or mark not in (b" ", b"-", b""):
                raise BadReply("The server does not speak SMTP.")
            self._lines.append(line[4:])
            if mark != b"-":
                replies.append(Reply(int(code), b"\n".join(self._lines).decode("utf-8", "replace")))
                self._lines = []
        return replies


def enhanced_code(text: str) -> tuple[int, int, int] | None:
    """Return the enhanced status code in a reply's text (RFC 3463), None where there is none."""
    found = _ENHANCED.search(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
