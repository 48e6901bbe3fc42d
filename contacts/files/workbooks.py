"""Workbooks (XLSX): their sheets, their first rows, and a sheet as CSV, a row at a time.

openpyxl reads what is small (names of sheets, styles); the cells are read here, because it takes five times as long for
them. The texts that cells share lie in a file, not in memory, so that a large workbook costs no more than a small one.
What unpacks to far more than it should is refused before it is read.
"""

import csv
import mmap
import tempfile
import warnings
from array import array
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.datetime import from_excel
from openpyxl.xml.constants import SHARED_STRINGS

from contacts.files.reading import MAX_COLUMNS, CannotRead
from contacts.files.sheet_xml import NotXml, cells_of, texts_of

SUFFIX = ".xlsx"
MARK = b"PK\x03\x04"
_MAX_ROWS = 1_048_576  # Excel's own limit
_MAX_PARTS = 5_000
_MAX_SMALL = 32 * 1024 * 1024
_MAX_TOTAL = 4 * 1024 * 1024 * 1024
_MAX_RATIO = 150  # sheets of real contacts pack to a tenth, the emptiest to a hundredth
_SMALL_PACKED = 1024 * 1024
_BROKEN = "This workbook cannot be read. Open it in your spreadsheet program, save it as XLSX or CSV, and upload that."
_MIDNIGHT = time()


def sheet_names(path: Path) -> list[str]:
    """Return the names of the sheets that hold cells. Raises `CannotRead`."""
    with _opened(path) as book:
        return [name for name, _ in book.found]


def rows(path: Path, sheet: int) -> Generator[list[str], None, None]:
    """Yield all rows of a sheet, empty ones too. Raises `CannotRead`."""
    with _opened(path) as book:
        yield from _rows(book, sheet)


def first_rows(path: Path, sheet: int, *, count: int) -> list[list[str]]:
    """Return the first rows of a sheet that are not empty. Raises `CannotRead`."""
    with closing(rows(path, sheet)) as found:
        return list(islice((row for row in found if any(row)), count))


def write_csv(path: Path, sheet: int, target: Path) -> int:
    """Write a sheet as CSV in UTF-8, a line per row, empty ones too; return how many. Raises `CannotRead`.

    Numbers and dates become text; breaks in a cell become blanks, so that lines are the sheet's rows.
    """
    part = target.with_suffix(".part")
    lines = 0
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for row in rows(path, sheet):
            writer.writerow([" ".join(cell.split()) if "\n" in cell or "\r" in cell else cell for cell in row])
            lines += 1
    part.replace(target)
    return lines


class _Texts:
    """The texts that cells share, in a file; asked for by number."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this
        self._ends = array("Q", [0])
        self._map: mmap.mmap | None = None

    def append(self, text: str) -> None:
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "replace")))

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            raise IndexError(number)
        begin, end = self._ends[number], self._ends[number + 1]
        if begin == end:
            return ""
        if self._map is None:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map[begin:end].decode()

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
        self._file.close()


class _Book(ExcelReader):
    """A workbook's sheets and styles; everything else stays unread."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.found: list[tuple[str, str]] = []
        self.texts = _Texts()

    def read_strings(self) -> None:
        """Leave them until cells are read."""

    def read_properties(self) -> None:
        """Leave them."""

    def read_custom(self) -> None:
        """Leave them."""

    def read_theme(self) -> None:
        """Leave it."""

    def read_worksheets(self) -> None:
        """Take the names and places of the sheets that hold cells."""
        for sheet, relation in self.parser.find_sheets():
            if relation.target in self.valid_files and "chartsheet" not in relation.Type:
                self.found.append((sheet.name, relation.target))

    def read_texts(self) -> None:
        """Take the texts that cells share."""
        if (found := self.package.find(SHARED_STRINGS)) is not None:  # type: ignore[no-untyped-call]  # openpyxl has no types here
            with self.archive.open(found.PartName[1:]) as source:
                for text in texts_of(source):
                    self.texts.append(text)


@contextmanager
def _opened(path: Path) -> Iterator[_Book]:
    """Open a workbook; whatever is wrong with it becomes `CannotRead`."""
    try:
        _refuse_bomb(path)
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # of styles and extensions that hold no cells
            book = _Book(file)  # a file, because uploads have no name that the library would know
            with closing(book.archive), closing(book.texts):
                book.read()
                yield book
    except CannotRead:
        raise
    except (
        BadZipFile,
        NotXml,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        SyntaxError,
    ) as error:
        # The library says in many ways that a file is no workbook; XML that is none is a `SyntaxError` to it.
        raise CannotRead(_BROKEN) from error


def _refuse_bomb(path: Path) -> None:
    with ZipFile(path) as archive:
        parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    if len(parts) > _MAX_PARTS or total > _MAX_TOTAL:
        raise CannotRead("This workbook is too large. Save the sheet with your contacts as CSV and upload that.")
    for part in parts:
        is_table = part.filename.startswith("xl/worksheets/") or part.filename.casefold() == "xl/sharedstrings.xml"
        if not is_table and part.filename.endswith((".xml", ".rels")) and part.file_size > _MAX_SMALL:
            raise CannotRead(_BROKEN)
        if part.file_size > _MAX_SMALL and part.file_size > _MAX_RATIO * max(part.compress_size, 1):
            raise CannotRead("This workbook unpacks to far more than it should. Save it as CSV and upload that.")


def _rows(book: _Book, number: int) -> Iterator[list[str]]:
    if number >= len(book.found):
        raise CannotRead("There is no such sheet in this workbook.")
    book.read_texts()
    dates = frozenset(str(style) for style in book.wb._date_formats)  # type: ignore[attr-defined]  # the styles that are dates
    line = 0
    with book.archive.open(book.found[number][1]) as source:
        for at, cells in cells_of(source, columns=MAX_COLUMNS):
            if at > _MAX_ROWS:
                raise CannotRead(f"This sheet has more than {_MAX_ROWS:,} rows. Save it as CSV and upload that.")
            for _ in range(line + 1, at):
                yield []
            line = max(line + 1, at)
            row: list[str] = []
            for column, kind, style, text in cells:
                if column >= MAX_COLUMNS:
                    raise CannotRead(f"Line {line} has more than {MAX_COLUMNS} columns. Take out those you don't need.")
                row.extend([""] * (column - len(row)))
                row.append(book.texts[int(text)] if kind == "s" else _text(kind, style in dates, text, book))
            yield row


def _text(kind: str, is_date: bool, text: str, book: _Book) -> str:
    """Return a cell as text: numbers as people write them, dates as 2026-11-30."""
    if kind in _AS_TEXT:
        return _AS_TEXT[kind](text)
    if is_date:
        return _moment(float(text), book)
    if text.isdigit():
        return text
    number = float(text)
    return str(int(number)) if number.is_integer() and abs(number) < 10**15 else repr(number)


_AS_TEXT: dict[str, Callable[[str], str]] = {
    "str": str,
    "inlineStr": str,
    "b": lambda text: "yes" if text == "1" else "no",
    "d": lambda text: text.removesuffix("Z").removesuffix("T00:00:00"),
    "e": lambda _: "",  # #N/A and the like
}


def _moment(number: float, book: _Book) -> str:
    try:
        value: Any = from_excel(number, book.wb.epoch)
    except (OverflowError, ValueError):
        return ""
    if not isinstance(value, datetime):
        return str(value)
    return value.date().isoformat() if value.time() == _MIDNIGHT else value.replace(microsecond=0).isoformat(sep=" ")
