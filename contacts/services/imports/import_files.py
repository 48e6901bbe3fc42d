"""What an uploaded file holds: how it is written, its first rows, its records, and what lies beside it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson
from django.conf import settings

from accounts.models import Account
from contacts.fields import STANDARD, own_fields
from contacts.files import columns, reading, rows, workbooks
from contacts.files.columns import Column
from contacts.files.layout import Layout, layout
from contacts.files.reading import CannotRead, Dialect, Record
from contacts.files.rows import Reader
from contacts.files.twins import Twins
from contacts.models import Import
from contacts.services.imports import new_fields
from emailconcert.lib.errors import ExpectedError

SAMPLES = 200
# Where months come first when they are written in digits.
_MONTH_FIRST = frozenset({"US", "PH"})
_WORKBOOK = Dialect("utf-8", ",")
_VERSION = 1  # of what a check leaves behind; another one makes the imports under way be checked again


class FileGone(ExpectedError):
    """The uploaded file is not there any more."""

    def __init__(self) -> None:
        super().__init__("The uploaded file is gone. Upload it again.")


@dataclass(frozen=True)
class How:
    """How a file is read: encoding and delimiter of a text, or a workbook's sheet, and the order in dates."""

    encoding: str
    delimiter: str
    sheet: int
    day_first: bool

    @classmethod
    def of(cls, run: Import) -> "How":
        """Return how an import's file is read."""
        return cls(run.encoding, run.delimiter, run.sheet, run.day_first)


@dataclass(frozen=True)
class Found:
    """What was found out about a new upload."""

    how: How
    sheets: list[str]
    heads: list[str]


@dataclass(frozen=True)
class Preview:
    """A file's columns with a guess each, the first rows, and the product whose export it is."""

    columns: list[Column]
    rows: list[list[str]]
    product: str
    how: How


@dataclass(frozen=True)
class Reading:
    """How an import's records become rows: `mark` is another one as soon as anything is read otherwise."""

    read: Reader
    layout: Layout
    mark: str


def find_out(path: Path, *, account_id: int) -> Found:
    """Find out how a file is written. Raises `CannotRead` for what is empty or no table."""
    with path.open("rb") as file:
        is_workbook = file.read(4) == workbooks.MARK
    sheets = workbooks.sheet_names(path) if is_workbook else []
    if is_workbook and not sheets:
        raise CannotRead("There is no sheet with cells in this workbook.")
    dialect = Dialect("", "") if is_workbook else reading.detect(path)
    how = How(dialect.encoding, dialect.delimiter, 0, day_first=True)
    heads, first = head_and_samples(path, how)
    day_first = columns.says_day_first(first, default=_country(account_id) not in _MONTH_FIRST)
    return Found(How(how.encoding, how.delimiter, 0, day_first), sheets, heads)


def head_and_samples(path: Path, how: How, *, samples: int = SAMPLES) -> tuple[list[str], list[list[str]]]:
    """Return the heads (empty texts where the file has none) and the first few records. Raises `CannotRead`."""
    if how.encoding:
        found = [each.cells for each in islice(reading.records(path, _dialect(how)), samples + 1)]
    else:
        found = workbooks.first_rows(path, how.sheet, count=samples + 1)
    if not found:
        raise CannotRead("There is no row in this file." if how.encoding else "There is no row in this sheet.")
    if reading.has_head(Record(1, found[0])):
        return found[0], found[1:]
    return [""] * len(found[0]), found[:samples]


def preview(run: Import, *, how: How | None = None) -> Preview:
    """Return the file's columns as they are read that way. Raises `FileGone`, `CannotRead`."""
    path, how = file_of(run), how or How.of(run)
    if not path.exists():
        raise FileGone
    heads, first = head_and_samples(path, how)
    own = {field.key: field.label for field in own_fields(run.account_id) if not field.sensitive}
    return Preview(columns.guess(heads, first, own=own), first, columns.product_of(heads), how)


def records_of(run: Import) -> Iterator[Record]:
    """Yield the records below the head. Raises `FileGone`, `CannotRead`."""
    path = file_of(run)
    if not path.exists():
        raise FileGone
    dialect = _dialect(How.of(run))
    if not run.encoding:
        dialect, path = _WORKBOOK, _as_csv(run)
    found = reading.records(path, dialect)
    first = next(found, None)
    if first is not None and not reading.has_head(first):
        yield first
    yield from found


def reading_of(run: Import) -> Reading:
    """Return how records become rows of contacts, by the import's mapping. Call inside the scope."""
    mapping, made = new_fields.planned(run)
    fields = {field.name: field for field in (*STANDARD, *made, *own_fields(run.account_id))}
    # A field that was deleted since takes nothing; the others are not kept from coming in.
    mapping = {number: target for number, target in mapping.items() if target in fields or target in columns.FIXED}
    region = _country(run.account_id)
    kept = sorted((number, target) for number, target in mapping.items() if target)
    said = [(*each, fields[each[1]].kind, fields[each[1]].choices) if each[1] in fields else each for each in kept]
    mark = [_VERSION, run.size, run.encoding, run.delimiter, run.sheet, run.day_first, region, said]
    return Reading(
        rows.reader(mapping, fields, heads=run.columns, day_first=run.day_first, region=region),
        layout(mapping),
        hashlib.blake2b(orjson.dumps(mark), digest_size=16).hexdigest(),
    )


def workbook_holds(run: Import, address: str) -> bool:
    """Tell whether a workbook has the address in one of its cells, in whatever case; one that can't be read may."""
    try:
        return any(
            address in cell.casefold()
            for sheet in range(len(run.sheets))
            for row in workbooks.rows(file_of(run), sheet)
            for cell in row
        )
    except CannotRead:
        return True


def file_of(run: Import) -> Path:
    """Return where the uploaded file lies."""
    return Path(settings.MEDIA_DIR) / run.path


def twins_of(run: Import) -> Twins:
    """Return what collects the rows whose address stood there before."""
    return Twins(file_of(run), size=run.size)


def twice_path(run: Import) -> Path:
    """Return where one bit per row says that the row is a twin."""
    return file_of(run).with_suffix(".twice")


def rows_path(run: Import) -> Path:
    """Return where the rows lie that a check made ready."""
    return file_of(run).with_suffix(".rows")


def forget_check(run: Import) -> None:
    """Remove what a check found: it is to be done again."""
    for path in _beside(run):
        if path != file_of(run):
            path.unlink(missing_ok=True)


def remove(run: Import) -> None:
    """Remove the file, and what lies beside it."""
    for path in _beside(run):
        path.unlink(missing_ok=True)


def _beside(run: Import) -> list[Path]:
    path = file_of(run)
    return list(path.parent.glob(f"{path.stem}.*"))


def _as_csv(run: Import) -> Path:
    """Return the workbook's sheet as CSV, which is written once."""
    target = file_of(run).with_suffix(f".sheet{run.sheet}")
    if not target.exists():
        workbooks.write_csv(file_of(run), run.sheet, target)
    return target


def _dialect(how: How) -> Dialect:
    return Dialect(how.encoding, how.delimiter)


def _country(account_id: int) -> str:
    return Account.objects.filter(pk=account_id).values_list("country", flat=True).first() or ""
