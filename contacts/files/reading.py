"""Reading other products' exports: which encoding, which delimiter, and the records one by one.

Nothing is held in memory but one record: a file of a million rows streams. Source: RFC 4180, and what Excel, Mailchimp
and the like write in its place (semicolons, tabs, a `sep=;` line, byte-order marks, UTF-16, national code pages).
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import NamedTuple, TextIO

from charset_normalizer import from_bytes

from emailconcert.lib.errors import ExpectedError

DELIMITERS = ",;\t|"
_SAMPLE = 256 * 1024
_SAMPLE_RECORDS = 50
_MAX_FIELD = 1024 * 1024
_MAX_RECORD = 2 * 1024 * 1024
MAX_COLUMNS = 500
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16, little end first",
    "utf-16-be": "UTF-16, big end first",
    "utf-32": "UTF-32",
    "cp1252": "Western Europe (Windows)",
    "iso8859-15": "Western Europe (ISO)",
    "cp1250": "Central Europe",
    "cp1251": "Cyrillic",
    "cp1253": "Greek",
    "cp1254": "Turkish",
    "cp1257": "Baltic",
    "mac_roman": "Macintosh",
    "cp932": "Japanese",
    "gb18030": "Chinese, simplified",
    "big5": "Chinese, traditional",
    "cp949": "Korean",
}
"""Encodings a person may choose from, by the name that Python gives them."""
# What a detector may choose from when the bytes are not UTF-8; the rest of its list is never seen in exports.
_CODE_PAGES = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp932", "gb18030", "big5", "cp949"]
_SEPARATOR_LENGTH = 64
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*\Z', re.IGNORECASE)
# Labels hold no dot, so that there is one way to read a text: linear time whatever stands in a cell.
ADDRESS = re.compile(r"\s*[^@\s,;|<>\"]+@[^@\s,;|<>\".]+(?:\.[^@\s,;|<>\".]+)+\s*\Z")

csv.field_size_limit(_MAX_FIELD)


class CannotRead(ExpectedError):
    """The file is not a table of text, in words that mend it."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    encoding: str
    delimiter: str


class Record(NamedTuple):
    """One record and the line of the file on which it begins, from 1."""

    line: int
    cells: list[str]


def detect(path: Path) -> Dialect:
    """Find out how the file is written. Raises `CannotRead` for what is empty or no text."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE)
    if not sample.strip():
        raise CannotRead("This file is empty.")
    if sample.startswith(_OLD_WORKBOOK):
        raise CannotRead(
            "This is a spreadsheet in an old format. Save it as XLSX or CSV in your spreadsheet program and upload that."
        )
    encoding = _encoding(path, sample)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        head = text.read(_SAMPLE)
    if "\0" in head.strip("\0"):
        raise CannotRead("This is not a text file. Export your contacts as CSV and upload that.")
    return Dialect(encoding, _delimiter(head))


def records(path: Path, dialect: Dialect) -> Iterator[Record]:
    """Yield every record that is not empty, the head first. Raises `CannotRead`."""
    with path.open(encoding=dialect.encoding, errors="replace", newline="") as text:
        first = text.readline(_SEPARATOR_LENGTH)
        skipped = 1 if _SEPARATOR_LINE.match(first) else 0
        if not skipped:
            text.seek(0)
        taken = [0]
        reader = csv.reader(_lines(text, taken), delimiter=dialect.delimiter)
        line = 0
        try:
            for cells in reader:
                began, line = line + 1 + skipped, reader.line_num
                taken[0] = 0
                if len(cells) > MAX_COLUMNS:
                    raise CannotRead(
                        f"Line {began} has more than {MAX_COLUMNS} columns. Take out those you don't need."
                    )
                if "".join(cells).strip():
                    yield Record(began, cells)
        except csv.Error:
            raise CannotRead(
                f"Around line {line + 1 + skipped} a quotation mark is opened and not closed again. Mend it and upload again."
            ) from None
        except _RecordTooLarge:
            raise CannotRead(
                f"The row that begins on line {line + 1 + skipped} is larger than 2 MB. Mend it and upload again."
            ) from None


class _RecordTooLarge(Exception):
    """A record that no contact needs."""


def _lines(text: TextIO, taken: list[int]) -> Iterator[str]:
    """Yield lines, never more of them for one record than a record may hold; `taken` is set back after each."""
    readline = text.readline
    while line := readline(_MAX_RECORD + 1):
        taken[0] += len(line)
        if taken[0] > _MAX_RECORD:
            raise _RecordTooLarge
        yield line.replace("\0", "")


def has_head(first: Record) -> bool:
    """Tell whether the first record names the columns: a record with an address in it is a contact already."""
    return not any(ADDRESS.match(cell) for cell in first.cells)


def _encoding(path: Path, sample: bytes) -> str:
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    if _is_utf8(path):
        return "utf-8"
    return _code_page(sample[: 64 * 1024])


def _code_page(sample: bytes) -> str:
    """Choose by what reads best; where several read as well, the one of Western Europe, by far the most frequent."""
    matches = from_bytes(sample, cp_isolation=_CODE_PAGES)
    best = matches.best()
    if best is None:
        return "cp1252"
    equal = [each for each in matches if each.chaos <= best.chaos and each.coherence >= best.coherence]
    western = any("cp1252" in each.could_be_from_charset for each in equal)
    return "cp1252" if western else best.encoding


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file, suppress(UnicodeDecodeError):
        while block := file.read(1024 * 1024):
            decoder.decode(block)
        decoder.decode(b"", final=True)
        return True
    return False


def _delimiter(head: str) -> str:
    first = head.partition("\n")[0]
    if said := _SEPARATOR_LINE.match(first):
        return said[1]
    return max(DELIMITERS, key=lambda delimiter: _score(head, delimiter))


def _score(head: str, delimiter: str) -> tuple[float, float, int]:
    """Score a delimiter: records with a clean address in a cell, then records of equal width, then the width."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        for cells in csv.reader(StringIO(head, newline=""), delimiter=delimiter):
            if cells:
                rows.append(cells)
            if len(rows) > _SAMPLE_RECORDS:
                break
    if not rows:
        return (0, 0, 0)
    with_address = sum(any(ADDRESS.match(cell) for cell in cells) for cells in rows) / len(rows)
    width, same = Counter(len(cells) for cells in rows).most_common(1)[0]
    return (with_address, same / len(rows) if width > 1 else 0, width)
