"""Running an import, a slice at a time.

A piece of rows and the position after it are committed together, so a run that was killed at any moment goes on where it
stopped, with nothing repeated and nothing left out.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import connection
from django.db.models import F, Q

from accounts.services import outbox
from contacts.files import reading
from contacts.files.reading import CannotRead, Record
from contacts.files.rows import BadAddress, BadRow, Person, reader
from contacts.models import Import, ImportRefusal
from contacts.services import importing, loading
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

PIECE = 25_000
SLICE = timedelta(seconds=60)
LEASE = timedelta(seconds=150)
ATTEMPTS = 5
_MANY = 10_000
_GAVE_UP = (
    f"Something in this file stopped the import {ATTEMPTS} times. What came in until then stays. Upload the file again for "
    "the rest, or write to us."
)
_DUE = Q(state__in=(Import.State.QUEUED, Import.State.RUNNING))
Clock = Callable[[], datetime]


def run_slice(*, account_id: int, import_id: int, clock: Clock, piece: int = PIECE, leased: bool = False) -> bool:
    """Work on an import for at most a minute; tell whether rows are left.

    Nothing happens where another worker holds the lease (`leased` says that the caller does), where it has ended, or
    between a restore and its replay. What broke off a few times in one place, by an error or with its worker, fails.
    """
    began = clock()
    if not ledger.may_serve() or not _claim(account_id, import_id, now=began, leased=leased):
        return False
    with account_scope(account_id):
        run = Import.objects.get(pk=import_id, account_id=account_id)
    if run.attempts > ATTEMPTS:
        _finish(run, Import.State.FAILED, now=clock(), error=_GAVE_UP)
        return False
    try:
        for rows in _pieces(run, piece):
            if not _load(run, rows, now=clock()):
                return False
            if clock() - began > SLICE:
                _release(run)
                return True
        _finish(run, Import.State.DONE, now=clock())
        _refresh_statistics(run)
    except (CannotRead, FileNotFoundError) as error:
        text = str(error) if isinstance(error, CannotRead) else "The uploaded file is gone. Upload it again."
        _finish(run, Import.State.FAILED, now=clock(), error=text)
    return False


def _refresh_statistics(run: Import) -> None:
    """Tell PostgreSQL's planner of many new rows now, not in a minute: a campaign may follow at once."""
    if (run.rows_total or 0) >= _MANY:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE (SKIP_LOCKED) contacts_contact, contacts_subscription")


def due_imports(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, import) of every import that waits for a worker, its first or the next."""
    with platform_scope("contacts: wake imports"):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        return list(Import.objects.filter(_DUE, free).order_by("pk").values_list("account_id", "pk")[:100])


def _claim(account_id: int, import_id: int, *, now: datetime, leased: bool) -> bool:
    free = Q() if leased else Q(lease_until=None) | Q(lease_until__lt=now)
    with account_scope(account_id):
        mine = Import.objects.filter(_DUE, free, pk=import_id, account_id=account_id)
        claimed = mine.update(state=Import.State.RUNNING, lease_until=now + LEASE, attempts=F("attempts") + 1)
        Import.objects.filter(pk=import_id, account_id=account_id, started_at=None).update(started_at=now)
    return bool(claimed)


def _release(run: Import) -> None:
    with account_scope(run.account_id):
        Import.objects.filter(pk=run.pk, state=Import.State.RUNNING).update(lease_until=None)


def _data(run: Import) -> Iterator[Record]:
    """Yield the records below the head."""
    found = reading.records(importing.file_of(run), importing.dialect_of(run))
    first = next(found, None)
    if first is not None and not reading.has_head(first):
        yield first
    yield from found


def _pieces(run: Import, piece: int) -> Iterator["_Piece"]:
    """Yield the pieces that are not committed yet; rows before are read again for their addresses only.

    A run goes on at the row where it stopped, whatever the size of pieces was then.
    """
    if run.rows_total is None:
        run.rows_total = sum(1 for _ in _data(run))
        with account_scope(run.account_id):
            Import.objects.filter(pk=run.pk).update(rows_total=run.rows_total)
    read = reader(run.mapping)
    seen: set[bytes] = set()
    source = _data(run)
    start = 0
    while records := list(islice(source, min(piece, run.position - start) or piece)):
        is_new = start == run.position
        current = _Piece(start, len(records))
        for record in records:
            current.take(record, read, run.account_id, seen)
        start += len(records)
        if is_new:
            yield current


class _Piece:
    """Some records in a row, sorted into people, refusals and duplicates."""

    def __init__(self, start: int, length: int) -> None:
        self.start = start
        self.length = length
        self.people: list[tuple[Person, bytes]] = []
        self.refusals: list[tuple[int, str, str]] = []
        self.duplicates = 0

    def take(self, record: Record, read: Callable[[list[str]], Person], account_id: int, seen: set[bytes]) -> None:
        """Sort one record in; the first row of an address counts."""
        try:
            person = read(record.cells)
        except (BadRow, BadAddress) as error:
            self.refusals.append((record.line, ",".join(record.cells)[:200], str(error)[:200]))
            return
        digest = addresses.address_hash(person.email, account_id=account_id)
        if digest[:12] in seen:
            self.duplicates += 1
            return
        seen.add(digest[:12])
        self.people.append((person, digest))


def _load(run: Import, piece: _Piece, *, now: datetime) -> bool:
    """Commit one piece and the position after it; False where the import was cancelled or another worker went on."""
    with account_scope(run.account_id):
        held = Import.objects.select_for_update().filter(
            pk=run.pk, account_id=run.account_id, state=Import.State.RUNNING, position=piece.start
        )
        if held.first() is None:
            return False
        loaded = loading.load(run=run, people=piece.people, now=now)
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
            rows_kept_out=F("rows_kept_out") + loaded.kept_out,
        )
    return True


def _finish(run: Import, state: Import.State, *, now: datetime, error: str = "") -> None:
    with account_scope(run.account_id):
        if importing.end_import(run, state, now=now, error=error):
            outbox.put_event(topic="contacts.imported", payload={"import": run.pk}, account_id=run.account_id, now=now)
    logger.info("import ended", extra={"import": run.pk, "state": str(state)})
