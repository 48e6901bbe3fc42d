"""The dry run of an import: every row is read, nothing is written to contacts; and its twins are found.

It goes over the file a piece at a time; the position is committed with the counts, so a check that was killed goes on.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.db import connection

from contacts.fields import FIELD
from contacts.files import twins
from contacts.files.columns import NEW_OF
from contacts.files.reading import Record
from contacts.files.rows import BadAddress, BadRow, Person, Reader
from contacts.files.standings import Standing
from contacts.files.twins import Twins
from contacts.models import Import, ImportRefusal
from contacts.services.imports import import_files, loading_sql
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope
from privacy.services import guard
from privacy.services.guard import SpecialCategory

PROBLEMS = 100
_EVERY = 25  # of a column's values, so many are looked at by the guard
_Found = list[tuple[int, Person, bytes]]


def check_pieces(run: Import, *, piece: int, deep: bool, clock: Callable[[], datetime]) -> Iterator[bool]:
    """Check a piece at a time, after each telling whether to go on; `deep` looks every address up in the account.

    The import's `checked` has `complete` once all is done. Raises `CannotRead`, `FileGone`, `SpecialCategory`.
    """
    with account_scope(run.account_id):
        read = import_files.reader_of(run)
        records = import_files.records_of(run)
        collected = import_files.twins_of(run)
        if not run.checked.get("position"):
            collected.clear()
    start = run.checked.get("position", 0)
    for _ in islice(records, start):
        pass
    while batch := list(islice(records, piece)):
        current = _Piece(start, run.account_id)
        for number, record in enumerate(batch):
            current.take(start + number, record, read)
        yield _commit(run, current, collected, batch, deep=deep, now=clock())
        start += len(batch)
    _complete(run, collected, rows=start)


class _Piece:
    """Some rows in a row: who they are, and what could not be read."""

    def __init__(self, start: int, account_id: int) -> None:
        self.start = start
        self.account_id = account_id
        self.found: _Found = []
        self.refusals: list[tuple[int, str, str]] = []
        self.aside = 0

    def take(self, row: int, record: Record, read: Reader) -> None:
        """Sort one row in."""
        try:
            person = read(record.cells)
        except (BadRow, BadAddress) as error:
            self.refusals.append((record.line, ",".join(record.cells)[:200], str(error)[:200]))
            return
        if person.standing == Standing.ASIDE:
            self.aside += 1
            return
        self.found.append((row, person, addresses.address_hash(person.email, account_id=self.account_id)))


def _commit(
    run: Import, piece: _Piece, collected: Twins, batch: Sequence[Record], *, deep: bool, now: datetime
) -> bool:
    """Keep what the piece told; False where another worker or the member went on with the import."""
    with account_scope(run.account_id):
        _refuse_special(run, batch, now)
    with account_scope(run.account_id):
        held = Import.objects.select_for_update().filter(pk=run.pk, account_id=run.account_id, state=run.state).first()
        if held is None or held.checked.get("position", 0) != piece.start:
            return False
        flags = _look_up(run, piece.found) if deep else {}
        for row, person, digest in piece.found:
            collected.add(row, digest, twins.SAID_NO if person.said_no else flags.get(digest, 0))
        collected.flush()
        checked = held.checked
        room = PROBLEMS - checked.get("refused", 0)
        if deep and room > 0:
            _keep_problems(run, piece.refusals[:room])
        run.checked = {
            **checked,
            "position": piece.start + len(batch),
            "refused": checked.get("refused", 0) + len(piece.refusals),
            "aside": checked.get("aside", 0) + piece.aside,
        }
        Import.objects.filter(pk=run.pk).update(checked=run.checked, attempts=0)
    return True


def _look_up(run: Import, found: _Found) -> dict[bytes, int]:
    """Return what the account knows of the addresses, by hash."""
    good = [(digest, person.email) for _, person, digest in found if not person.said_no]
    with connection.cursor() as cursor:
        cursor.execute(
            loading_sql.LOOK_UP,
            {
                "account": run.account_id,
                "lists": run.list_ids,
                "hashes": [digest for digest, _ in good],
                "emails": [email for _, email in good],
            },
        )
        return {
            bytes(digest): twins.KNOWN * known | twins.KEPT_OUT * kept_out
            for digest, known, kept_out in cursor.fetchall()
        }


def _keep_problems(run: Import, refusals: Sequence[tuple[int, str, str]]) -> None:
    ImportRefusal.objects.bulk_create(
        ImportRefusal(account_id=run.account_id, import_run=run, line=line, value=value, reason=reason)
        for line, value, reason in refusals
    )


def _refuse_special(run: Import, batch: Sequence[Record], now: datetime) -> None:
    """Raise `SpecialCategory` where a column that is to be kept holds what the law protects specially."""
    for number, target in run.mapping.items():
        if target.startswith((FIELD, NEW_OF)):
            at = int(number)
            values = [record.cells[at] for record in batch[::_EVERY] if at < len(record.cells)]
            head = run.columns[at] if at < len(run.columns) else f"Column {at + 1}"
            try:
                guard.refuse_values(values, place="import", name=head, now=now)
            except SpecialCategory as error:
                raise SpecialColumn(head, error) from None


class SpecialColumn(Exception):
    """A column holds what the law protects specially; says which."""

    def __init__(self, head: str, error: SpecialCategory) -> None:
        super().__init__(f"Column “{head}”: {error}")


def _complete(run: Import, collected: Twins, *, rows: int) -> None:
    """Find the twins, and add up."""
    counts = collected.find(import_files.twice_path(run), rows=rows)
    with account_scope(run.account_id):
        run.checked = {**run.checked, **counts, "position": rows, "complete": True}
        run.rows_total = rows
        Import.objects.filter(pk=run.pk, state=run.state).update(checked=run.checked, rows_total=rows)
