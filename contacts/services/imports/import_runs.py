"""Running an import, a slice at a time: its check, its pieces, and undoing it.

A piece of rows and the position after it are committed together, so a run that was killed at any moment goes on where it
stopped, with nothing repeated and nothing left out.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from accounts.services import outbox
from contacts.files import prepared
from contacts.files.layout import Layout
from contacts.files.prepared import Aside, OptedOut, Refused
from contacts.files.reading import CannotRead
from contacts.models import Import, ImportRefusal
from contacts.services.imports import import_checks, import_files, import_undoing, importing, loading, statistics
from contacts.services.imports.import_checks import SpecialColumn
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

PIECE = 10_000
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
    with account_scope(run.account_id):
        reading = import_files.reading_of(run)
    if not import_checks.is_whole(run, reading):
        deep = run.state == State.CHECKING
        for goes_on in import_checks.check_pieces(run, reading, piece=piece, deep=deep, clock=clock):
            _renew(run, clock())
            yield goes_on
    if run.state == State.RUNNING:
        yield from _load_pieces(run, reading.layout, piece, clock)


def _load_pieces(run: Import, layout: Layout, piece: int, clock: Clock) -> Iterator[bool]:
    """Write what the check made ready."""
    twins = import_files.twice_path(run).read_bytes()
    start = run.position
    pieces = prepared.pieces(import_files.rows_path(run), start=start, length=piece)
    for number, lines in enumerate(pieces):
        if not number & (number - 1):  # 0, 1, 2, 4, 8 …
            statistics.refresh_if_blind(account_id=run.account_id)
        yield _load(run, _Piece(start, lines, twins), layout, now=clock())
        start += len(lines)


def _end(run: Import, *, now: datetime) -> None:
    """Move on to the state after the one whose work is done."""
    if run.state == State.CHECKING:
        with account_scope(run.account_id):
            Import.objects.filter(pk=run.pk, state=State.CHECKING).update(state=State.CHECKED, lease_until=None)
    elif run.state == State.RUNNING:
        _finish(run, State.DONE, now=now)
        with account_scope(run.account_id):
            run.refresh_from_db(fields=["rows_added"])
        if run.rows_added >= _MANY:  # a campaign may follow at once
            statistics.refresh()


def _refuse(run: Import, text: str, *, now: datetime) -> None:
    """Send a checked import back to its columns; one that was started without a check fails."""
    if run.state == State.RUNNING:
        _finish(run, State.FAILED, now=now, error=text)
        return
    with account_scope(run.account_id):
        held = Import.objects.filter(pk=run.pk, state=State.CHECKING)
        held.update(state=State.UPLOADED, lease_until=None, attempts=0, error=text[:300])


class _Piece:
    """Some rows in a row, sorted into people, who said no, refusals and duplicates; one row of an address counts."""

    def __init__(self, start: int, lines: Sequence[bytes], twins: bytes) -> None:
        self.start = start
        self.length = len(lines)
        self.people: list[bytes] = []
        self.opted_out: list[OptedOut] = []
        self.refusals: list[Refused] = []
        self.duplicates = 0
        self.aside = 0
        for row, line in enumerate(lines, start=start):
            if twins[row >> 3] >> (row & 7) & 1:
                self.duplicates += 1
            elif line[0] == prepared.ELSE:
                self._sort(prepared.read_other(line))
            else:
                self.people.append(line)

    def _sort(self, what: prepared.Other) -> None:
        match what:
            case OptedOut():
                self.opted_out.append(what)
            case Refused():
                self.refusals.append(what)
            case Aside():
                self.aside += 1


def _load(run: Import, piece: _Piece, layout: Layout, *, now: datetime) -> bool:
    """Commit one piece and the position after it; False where it was paused or cancelled, or another worker went on."""
    with account_scope(run.account_id):
        held = Import.objects.select_for_update().filter(
            pk=run.pk, account_id=run.account_id, state=State.RUNNING, position=piece.start
        )
        if held.first() is None:
            return False
        loaded = loading.load(run=run, layout=layout, people=piece.people, now=now)
        loading.suppress(run=run, people=piece.opted_out, now=now)
        ImportRefusal.objects.bulk_create(
            [
                ImportRefusal(account_id=run.account_id, import_run=run, **refused._asdict())
                for refused in piece.refusals
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
