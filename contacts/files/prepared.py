"""What a check read of a file, kept beside it for the run, which then reads and types nothing a second time.

One line a row: a contact's row for COPY, which holds no line break; or, after a tab, JSON of what else became of it.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from contacts.files.standings import Standing

ELSE = ord("\t")


class OptedOut(NamedTuple):
    """Somebody who said no where the file comes from."""

    email: str
    digest: bytes
    standing: Standing


class Refused(NamedTuple):
    """A row that could not be taken."""

    line: int
    value: str
    reason: str


class Aside(NamedTuple):
    """Somebody who never agreed, or not yet."""


Other = OptedOut | Refused | Aside


def contact(copied: str, digest: bytes) -> str:
    """Return the line of a contact."""
    return f"{copied}\t\\\\x{digest.hex()}"


def other(what: Other) -> str:
    """Return the line of a row that brings in no contact."""
    match what:
        case OptedOut(email, digest, standing):
            content: list[Any] = ["no", email, digest.hex(), str(standing)]
        case Refused():
            content = ["refused", *what]
        case Aside():
            content = ["aside"]
    return f"\t{orjson.dumps(content).decode()}"


def read_other(line: bytes) -> Other:
    """Return what a line that begins with `ELSE` says."""
    kind, *rest = orjson.loads(line)
    if kind == "no":
        return OptedOut(rest[0], bytes.fromhex(rest[1]), Standing(rest[2]))
    return Refused(*rest) if kind == "refused" else Aside()


def append(path: Path, lines: list[str], *, at: int) -> int:
    """Write lines where the last committed ones end, over what a killed check left behind. Return where they end."""
    with path.open("r+b" if at else "wb") as file:
        file.seek(at)
        file.write("".join([f"{line}\n" for line in lines]).encode())
        file.truncate()
        return file.tell()


def pieces(path: Path, *, start: int, length: int) -> Iterator[list[bytes]]:
    """Yield lines from row `start` on, so many at a time."""
    with path.open("rb") as file:
        for _ in islice(file, start):
            pass
        while piece := list(islice(file, length)):
            yield piece
