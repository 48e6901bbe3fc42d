"""Writing an export's file, in pieces: PostgreSQL writes the lines (COPY), they are sealed as they come.

A run that was lost begins again with another file: `attempts` tells a run whether it is still the one that counts.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Q

from contacts import queries
from contacts.files import sealing, writing
from contacts.files.sheets import Sheet
from contacts.models import Export
from contacts.services.bulk_actions import bulk
from contacts.services.bulk_actions.bulk import Whom
from contacts.services.exports import export_rows, exporting
from contacts.services.exports.export_rows import Written
from contacts.services.imports.import_runs import Clock
from contacts.table import finding
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

PIECE = 20_000
LEASE = timedelta(seconds=300)
ATTEMPTS = 5
State = Export.State
_GAVE_UP = f"Writing this file broke off {ATTEMPTS} times. Try a smaller part, or write to us, please."
_BOM = "\ufeff"  # without it Excel takes UTF-8 for the machine's own encoding


class _Superseded(Exception):
    """The export was withdrawn, or another run has taken over."""


class _Book(Protocol):
    """What rows are written to."""

    def piece(self, sql: str, params: Sequence[Any]) -> tuple[int, int]:
        """Write the rows of a query; return how many there were and the last one's id."""

    def close(self) -> None:
        """Finish."""


def run(*, account_id: int, export_id: int, clock: Clock, piece: int = PIECE) -> bool:
    """Write an export's file; tell whether it is ready. Nothing happens where another worker is at it."""
    began = clock()
    export = _claim(account_id, export_id, now=began) if ledger.may_serve() else None
    if export is None:
        return False
    key = sealing.new_key()
    path = Path("exports") / str(account_id) / f"{uuid4().hex}.bin"
    file = Path(settings.MEDIA_DIR) / path
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with sealing.Writer(file, key) as target:
            _write(export, target, piece, began, clock)
        with account_scope(account_id):
            _go_on(
                export,
                state=State.DONE,
                path=str(path),
                sealed_key=exporting.seal_key(export, key),
                size=file.stat().st_size,
                finished_at=clock(),
                expires_at=clock() + exporting.LIFE,
                lease_until=None,
            )
    except BaseException as error:  # whatever it was: nobody finds the file again, and it holds people's data
        file.unlink(missing_ok=True)
        if isinstance(error, _Superseded):
            return False
        raise
    return True


def _claim(account_id: int, export_id: int, *, now: datetime) -> Export | None:
    with account_scope(account_id):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        mine = Export.objects.filter(free, pk=export_id, account_id=account_id, state__in=exporting.OPEN)
        taken = {"attempts": F("attempts") + 1, "lease_until": now + LEASE, "started_at": now, "rows_done": 0}
        if not mine.update(state=State.RUNNING, **taken):
            return None
        export = Export.objects.get(pk=export_id, account_id=account_id)
        if export.attempts > ATTEMPTS:
            exporting.end(export, State.FAILED, now=now, error=_GAVE_UP)
            return None
        return export


def _write(export: Export, target: sealing.Writer, piece: int, began: datetime, clock: Clock) -> None:
    with account_scope(export.account_id):
        written = export_rows.written(export.account_id, export.columns)
    book: _Book = _Csv(target, written) if export.format == Export.Format.CSV else _Xlsx(target, written, export.name)
    last, done = 0, 0
    while True:
        with account_scope(export.account_id):
            try:
                count, last = book.piece(*_query(export, written, last, piece, began))
            except EmptyResultSet:
                count = 0
            done += count
            _go_on(export, rows_done=done, lease_until=clock() + LEASE)
        if count < piece:
            break
    book.close()


def _query(export: Export, written: Sequence[Written], last: int, piece: int, now: datetime) -> tuple[str, Any]:
    whom = Whom(export.query, tuple(export.selected))
    found = bulk.chosen(account_id=export.account_id, whom=whom, now=now)
    # People whose data may only be stored are in no file.
    found = found.filter(pk__gt=last).exclude(queries.restricted())
    return export_rows.rows(found, written)[:piece].query.sql_with_params()


def _go_on(export: Export, **changes: Any) -> None:
    mine = Export.objects.filter(pk=export.pk, account_id=export.account_id, state=State.RUNNING)
    if not mine.filter(attempts=export.attempts).update(**changes):
        raise _Superseded


class _Csv:
    """Lines as PostgreSQL writes them, without the id in front."""

    def __init__(self, target: sealing.Writer, written: Sequence[Written]) -> None:
        self._target = target
        head = next(iter(writing.lines([[each.label for each in written]])))
        target.write((_BOM + head).encode())

    def piece(self, sql: str, params: Sequence[Any]) -> tuple[int, int]:
        """Write the rows of a query; return how many there were and the last one's id."""
        return finding.reading(lambda: self._copy(sql, params))

    def close(self) -> None:
        """Nothing is left to write."""

    def _copy(self, sql: str, params: Sequence[Any]) -> tuple[int, int]:
        count, key, write = 0, b"0", self._target.write
        with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", params) as copy:
            for line in copy:
                key, _, cells = bytes(line).partition(b",")
                write(cells)
                count += 1
        return count, int(key)


class _Xlsx:
    """A sheet."""

    def __init__(self, target: sealing.Writer, written: Sequence[Written], name: str) -> None:
        self._sheet = Sheet(target, name=_sheet_name(name))
        self._numbers = [number for number, each in enumerate(written) if each.is_number]
        self._sheet.add([[writing.neutral(each.label) for each in written]])

    def piece(self, sql: str, params: Sequence[Any]) -> tuple[int, int]:
        """Write the rows of a query; return how many there were and the last one's id."""
        rows = finding.reading(lambda: self._fetch(sql, params))
        self._sheet.add(self._cells(row[1:]) for row in rows)
        return len(rows), rows[-1][0] if rows else 0

    def close(self) -> None:
        """Finish the workbook."""
        self._sheet.close()

    def _fetch(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return [*cursor.fetchall()]

    def _cells(self, cells: tuple[Any, ...]) -> Sequence[Any]:
        if not self._numbers:
            return cells
        found = [*cells]
        for number in self._numbers:
            found[number] = float(found[number]) if found[number] and _is_number(found[number]) else found[number]
        return found


def _is_number(text: str) -> bool:
    try:
        return float(text) not in {float("inf"), float("-inf")} and text.lower() != "nan"
    except ValueError:
        return False


def _sheet_name(name: str) -> str:
    """Return a name that a sheet may have. Source: Excel's rules for names of sheets."""
    return "".join(letter for letter in name if letter not in "[]:*?/\\'") or "Contacts"
