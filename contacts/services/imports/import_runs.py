"""Running an import, a slice at a time: its check, its pieces, and undoing it.

A piece of rows and the position after it are committed together, so a run that was killed at any moment goes on where it
stopped, with nothing repeated and nothing left out.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import connection
from django.db.models import F, Q

from accounts.services import outbox
from contacts.files.reading import CannotRead, Record
from contacts.files.rows import BadAddress, BadRow, Reader
from contacts.files.standings import Standing
from contacts.models import Import, ImportRefusal
from contacts.services.imports import import_checks, import_files, import_undoing, importing, loading
from contacts.services.imports.import_checks import SpecialColumn
from contacts.services.imports.loading import Hashed
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

PIECE = 5_000
SLICE = timedelta(seconds=50)
LEASE = timedelta(seconds=150)
ATTEMPTS = 5
_MANY = 10_000
_GAVE_UP = (
    f"Something in this file stopped the import {ATTEMPTS} times. What came in until then stays. Upload the file again for "
    "the rest, or write to us."
)
State = Import.State
_DUE = Q(state__in=(State.CHECKING, State.QUEUED, State.RUNNING, State.UNDOING))
Clock = Callable[[], datetime]


def run_slice(*, account_id: int, import_id: int, clock: Clock, piece: int = PIECE, leased: bool = False) -> bool:
    """Work on an import for at most a minute; tell whether there is more to do.

    Nothing happens where another worker holds the lease (`leased` says that the caller does), where it has ended, or
    between a restore and its replay. What broke off a few times in one place, by an error or with its worker, fails.
    """
    began = clock()
    if not ledger.may_serve() or not _claim(account_id, import_id, now=began, leased=leased):
        return False
    with account_scope(account_id):
        run = Import.objects.get(pk=import_id, account_id=account_id)
    if run.attempts > ATTEMPTS:
        _finish(run, State.FAILED, now=clock(), error=_GAVE_UP)
        return False
    try:
        for goes_on in _steps(run, piece, clock):
            if not goes_on:
                return False
            if clock() - began > SLICE:
                _release(run)
                return True
        _end(run, now=clock())
    except SpecialColumn as error:
        _refuse(run, str(error), now=clock())
    except (CannotRead, importing.FileGone, FileNotFoundError) as error:
        text = "The uploaded file is gone. Upload it again." if isinstance(error, FileNotFoundError) else str(error)
        _finish(run, State.FAILED, now=clock(), error=text)
    return False


def due_imports(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, import) of every import that waits for a worker, its first or the next."""
    with platform_scope("contacts: wake imports"):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return list(Import.objects.filter(_DUE, free).order_by("pk").values_list("account_id", "pk")[:100])


def _claim(account_id: int, import_id: int, *, now: datetime, leased: bool) -> bool:
    free = Q() if leased else Q(lease_until=None) | Q(lease_until__lt=now)
    with account_scope(account_id):
        mine = Import.objects.filter(_DUE, free, pk=import_id, account_id=account_id)
        claimed = mine.update(lease_until=now + LEASE, attempts=F("attempts") + 1)
        started = Import.objects.filter(pk=import_id, account_id=account_id, state__in=(State.QUEUED, State.RUNNING))
        started.filter(state=State.QUEUED).update(state=State.RUNNING)
        started.filter(started_at=None).update(started_at=now)
    return bool(claimed)


def _release(run: Import) -> None:
    with account_scope(run.account_id):
        Import.objects.filter(_DUE, pk=run.pk).update(lease_until=None)


def _renew(run: Import, now: datetime) -> None:
    with account_scope(run.account_id):
        Import.objects.filter(_DUE, pk=run.pk).update(lease_until=now + LEASE)


def _steps(run: Import, piece: int, clock: Clock) -> Iterator[bool]:
    """Do what the import's state asks for a piece at a time, telling after each whether to go on."""
    if run.state == State.UNDOING:
        yield from import_undoing.undo_pieces(run, clock=clock)
        return
    if not run.checked.get("complete") or not import_files.twice_path(run).exists():
        if run.checked.get("complete"):
            run.checked = {}  # what it found is lost with the machine it lay on
        for goes_on in import_checks.check_pieces(run, piece=piece, deep=run.state == State.CHECKING, clock=clock):
            _renew(run, clock())
            yield goes_on
    if run.state == State.RUNNING:
        for rows in _pieces(run, piece):
            yield _load(run, rows, now=clock())


def _end(run: Import, *, now: datetime) -> None:
    """Move on to the state after the one whose work is done."""
    if run.state == State.CHECKING:
        with account_scope(run.account_id):
            Import.objects.filter(pk=run.pk, state=State.CHECKING).update(state=State.CHECKED, lease_until=None)
    elif run.state == State.RUNNING:
        _finish(run, State.DONE, now=now)
        _refresh_statistics(run)


def _refuse(run: Import, text: str, *, now: datetime) -> None:
    """Send a checked import back to its columns; one that was started without a check fails."""
    if run.state == State.RUNNING:
        _finish(run, State.FAILED, now=now, error=text)
        return
    with account_scope(run.account_id):
        held = Import.objects.filter(pk=run.pk, state=State.CHECKING)
        held.update(state=State.UPLOADED, lease_until=None, attempts=0, error=text[:300])


def _refresh_statistics(run: Import) -> None:
    """Tell PostgreSQL's planner of many new rows now, not in a minute: a campaign may follow at once."""
    if (run.rows_total or 0) >= _MANY:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE (SKIP_LOCKED) contacts_contact, contacts_subscription")


def _pieces(run: Import, piece: int) -> Iterator["_Piece"]:
    """Yield the pieces that are not committed yet; a run goes on at the row where it stopped."""
    with account_scope(run.account_id):
        read = import_files.reader_of(run)
        records = import_files.records_of(run)
    twins = import_files.twice_path(run).read_bytes()
    start = run.position
    for _ in islice(records, start):
        pass
    while batch := list(islice(records, piece)):
        current = _Piece(start, len(batch))
        current.sort(batch, read, run.account_id, twins)
        start += len(batch)
        yield current


class _Piece:
    """Some records in a row, sorted into people, who said no, refusals and duplicates."""

    def __init__(self, start: int, length: int) -> None:
        self.start = start
        self.length = length
        self.people: list[Hashed] = []
        self.opted_out: list[Hashed] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.duplicates = 0
        self.aside = 0

    def sort(self, batch: Iterable[Record], read: Reader, account_id: int, twins: bytes) -> None:
        """Sort the records in; one row of an address counts."""
        hash_of = addresses.address_hash
        for row, record in enumerate(batch, start=self.start):
            try:
                person = read(record.cells)
            except (BadRow, BadAddress) as error:
                self.refusals.append((record.line, ",".join(record.cells)[:200], str(error)[:200]))
                continue
            if twins[row >> 3] >> (row & 7) & 1:
                self.duplicates += 1
            elif person.standing == Standing.SUBSCRIBED:
                self.people.append((person, hash_of(person.email, account_id=account_id)))
            elif person.standing == Standing.ASIDE:
                self.aside += 1
            else:
                self.opted_out.append((person, hash_of(person.email, account_id=account_id)))


def _load(run: Import, piece: _Piece, *, now: datetime) -> bool:
    """Commit one piece and the position after it; False where it was paused or cancelled, or another worker went on."""
    with account_scope(run.account_id):
        held = Import.objects.select_for_update().filter(
            pk=run.pk, account_id=run.account_id, state=State.RUNNING, position=piece.start
        )
        if held.first() is None:
            return False
        loaded = loading.load(run=run, people=piece.people, now=now)
        loading.suppress(run=run, people=piece.opted_out, now=now)
        ImportRefusal.objects.bulk_create(
            [
                ImportRefusal(account_id=run.account_id, import_run=run, line=line, value=value, reason=reason)
                for line, value, reason in piece.refusals
            ],
            batch_size=1000,
        )
        run.position = piece.start + piece.length
        Import.objects.filter(pk=run.pk).update(
            position=run.position,
            attempts=0,
            lease_until=now + LEASE,
            rows_added=F("rows_added") + loaded.added,
            rows_changed=F("rows_changed") + loaded.changed,
            rows_unchanged=F("rows_unchanged") + loaded.unchanged,
            rows_duplicate=F("rows_duplicate") + piece.duplicates,
            rows_refused=F("rows_refused") + len(piece.refusals),
            rows_kept_out=F("rows_kept_out") + loaded.kept_out + piece.aside,
            rows_opted_out=F("rows_opted_out") + len(piece.opted_out),
        )
    return True


def _finish(run: Import, state: Import.State, *, now: datetime, error: str = "") -> None:
    with account_scope(run.account_id):
        if importing.end_import(run, state, now=now, error=error):
            outbox.put_event(topic="contacts.imported", payload={"import": run.pk}, account_id=run.account_id, now=now)
    logger.info("import ended", extra={"import": run.pk, "state": str(state)})
