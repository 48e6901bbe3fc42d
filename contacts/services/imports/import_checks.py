"""The dry run of an import: every row is read and made ready, nothing is written to contacts; and its twins are found.

It goes over the file a piece at a time; the position is committed with the counts, so a check that was killed goes on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from django.db import connection

from contacts.fields import FIELD
from contacts.files import prepared, twins
from contacts.files.columns import NEW_OF
from contacts.files.prepared import Aside, OptedOut, Refused
from contacts.files.reading import Record
from contacts.files.rows import BadAddress, BadRow, Reader
from contacts.files.standings import Standing
from contacts.files.twins import Twins
from contacts.models import Import, ImportRefusal
from contacts.services.imports import import_files, loading_sql, statistics
from contacts.services.imports.import_files import Reading
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope
from privacy.services import guard
from privacy.services.guard import SpecialCategory

PROBLEMS = 100
_EVERY = 25  # of a column's values, so many are looked at by the guard


def is_whole(run: Import, reading: Reading) -> bool:
    """Tell whether a check has ended whose rows can be brought in as they are."""
    return bool(run.checked.get("complete")) and import_files.twice_path(run).exists() and _holds(run, reading)


def check_pieces(
    run: Import, reading: Reading, *, piece: int, deep: bool, clock: Callable[[], datetime]
) -> Iterator[bool]:
    """Check a piece at a time, after each telling whether to go on; `deep` looks every address up in the account.

    The import's `checked` has `complete` once all is done. Raises `CannotRead`, `FileGone`, `SpecialCategory`.
    """
    with account_scope(run.account_id):
        if run.checked and (run.checked.get("complete") or not _holds(run, reading)):
            _begin_again(run)
        records = import_files.records_of(run)
        collected = import_files.twins_of(run)
        if not run.checked.get("position"):
            collected.clear()
    if deep:
        statistics.refresh_if_blind(account_id=run.account_id)
    hasher = addresses.address_hasher(account_id=run.account_id)
    start = run.checked.get("position", 0)
    for _ in islice(records, start):
        pass
    while True:
        current = _Piece(start)
        current.take(islice(records, piece), reading.read, hasher)
        if not current.lines:
            break
        yield _commit(run, reading, current, collected, deep=deep, now=clock())
        start += len(current.lines)
    _complete(run, reading, collected, rows=start)


def _holds(run: Import, reading: Reading) -> bool:
    """Tell whether what was made ready is all there, and was read as it would be now."""
    path, end = import_files.rows_path(run), run.checked.get("rows_end")
    return run.checked.get("read_as") == reading.mark and path.exists() and path.stat().st_size >= (end or 0)


def _begin_again(run: Import) -> None:
    """Forget a check: what it found is lost with the machine it lay on, or a field was changed since."""
    import_files.forget_check(run)
    run.checked = {}
    Import.objects.filter(pk=run.pk, account_id=run.account_id, state=run.state).update(checked={})
    if run.state == Import.State.CHECKING:
        ImportRefusal.objects.filter(account_id=run.account_id, import_run=run).delete()


class _Piece:
    """Some rows in a row: who they are, and what could not be read. Holds no records, of which there would be many."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.lines: list[str] = []
        self.rows: list[int] = []
        self.emails: list[str] = []
        self.digests: list[bytes] = []
        self.said_no: set[int] = set()
        self.refusals: list[Refused] = []
        self.aside = 0
        self.samples: list[list[str]] = []

    def take(self, records: Iterable[Record], read: Reader, hasher: Callable[[str], bytes]) -> None:
        """Sort the records in."""
        put, contact, subscribed = self.lines.append, prepared.contact, Standing.SUBSCRIBED
        put_row, put_email, put_digest = self.rows.append, self.emails.append, self.digests.append
        for number, (line, cells) in enumerate(records, start=self.start):
            if not number % _EVERY:
                self.samples.append(cells)
            try:
                email, standing, copied = read(cells)
            except (BadRow, BadAddress) as error:
                self.refusals.append(Refused(line, ",".join(cells)[:200], str(error)[:200]))
                put(prepared.other(self.refusals[-1]))
                continue
            if standing is Standing.ASIDE:
                self.aside += 1
                put(prepared.other(Aside()))
                continue
            digest = hasher(email)
            put_row(number)
            put_email(email)
            put_digest(digest)
            if standing is subscribed:
                put(contact(copied, digest))
            else:
                self.said_no.add(number)
                put(prepared.other(OptedOut(email, digest, standing)))


def _commit(run: Import, reading: Reading, piece: _Piece, collected: Twins, *, deep: bool, now: datetime) -> bool:
    """Keep what the piece told; False where another worker or the member went on with the import."""
    with account_scope(run.account_id):
        _refuse_special(run, piece.samples, now)
    with account_scope(run.account_id):
        held = Import.objects.select_for_update().filter(pk=run.pk, account_id=run.account_id, state=run.state).first()
        if held is None or held.checked.get("position", 0) != piece.start:
            return False
        flags = _look_up(run, piece) if deep else {}
        collected.add(piece.rows, piece.digests, known=flags, said_no=piece.said_no)
        collected.flush()
        checked = held.checked
        room = PROBLEMS - checked.get("refused", 0)
        if deep and room > 0:
            _keep_problems(run, piece.refusals[:room])
        run.checked = {
            **checked,
            "read_as": reading.mark,
            "rows_end": prepared.append(import_files.rows_path(run), piece.lines, at=checked.get("rows_end", 0)),
            "position": piece.start + len(piece.lines),
            "refused": checked.get("refused", 0) + len(piece.refusals),
            "aside": checked.get("aside", 0) + piece.aside,
        }
        Import.objects.filter(pk=run.pk).update(checked=run.checked, attempts=0)
    return True


def _look_up(run: Import, piece: _Piece) -> dict[bytes, int]:
    """Return what the account knows of the addresses, by hash."""
    with connection.cursor() as cursor:
        cursor.execute(
            loading_sql.LOOK_UP,
            {"account": run.account_id, "lists": run.list_ids, "hashes": piece.digests, "emails": piece.emails},
        )
        return {
            bytes(digest): twins.KNOWN * known | twins.KEPT_OUT * kept_out
            for digest, known, kept_out in cursor.fetchall()
            if known or kept_out
        }


def _keep_problems(run: Import, refusals: Sequence[Refused]) -> None:
    ImportRefusal.objects.bulk_create(
        ImportRefusal(account_id=run.account_id, import_run=run, line=line, value=value, reason=reason)
        for line, value, reason in refusals
    )


def _refuse_special(run: Import, samples: Sequence[Sequence[str]], now: datetime) -> None:
    """Raise `SpecialCategory` where a column that is to be kept holds what the law protects specially."""
    for number, target in run.mapping.items():
        if target.startswith((FIELD, NEW_OF)):
            at = int(number)
            values = [cells[at] for cells in samples if at < len(cells)]
            head = run.columns[at] if at < len(run.columns) else f"Column {at + 1}"
            try:
                guard.refuse_values(values, place="import", name=head, now=now)
            except SpecialCategory as error:
                raise SpecialColumn(head, error) from None


class SpecialColumn(Exception):
    """A column holds what the law protects specially; says which."""

    def __init__(self, head: str, error: SpecialCategory) -> None:
        super().__init__(f"Column “{head}”: {error}")


def _complete(run: Import, reading: Reading, collected: Twins, *, rows: int) -> None:
    """Find the twins, and add up."""
    if not rows:
        prepared.append(import_files.rows_path(run), [], at=0)
    counts = collected.find(import_files.twice_path(run), rows=rows)
    with account_scope(run.account_id):
        run.checked = {**run.checked, **counts, "position": rows, "read_as": reading.mark, "complete": True}
        run.rows_total = rows
        Import.objects.filter(pk=run.pk, state=run.state).update(checked=run.checked, rows_total=rows)
