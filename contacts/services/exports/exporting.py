"""The life of an export: asked for, written by a worker, fetched for a week, gone."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F, Q

from accounts.services import auditing, keys
from accounts.services.auditing import SYSTEM, Actor
from contacts.files import sealing, sheets
from contacts.models import Export
from contacts.services.bulk_actions import bulk
from contacts.services.bulk_actions.bulk import Whom
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope

State = Export.State
LIFE = timedelta(days=7)
OPEN = (State.QUEUED, State.RUNNING)
_SEALED = "contacts_export.sealed_key"


class TooManyRows(ExpectedError):
    """A sheet has an end."""

    def __init__(self) -> None:
        super().__init__(f"A sheet holds {sheets.MOST_ROWS - 1:,} people at most. Choose CSV, which holds any number.")


class Gone(ExpectedError):
    """There is no file any more, or not yet."""

    def __init__(self) -> None:
        super().__init__(
            "This file is gone: it is kept for 7 days, and shorter if somebody in it was erased. Export again."
        )


def start(
    *,
    account_id: int,
    name: str,
    whom: Whom,
    columns: Sequence[str],
    format: str,
    user_id: int | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Export:
    """Write an export down for a worker. Raises `bulk.NobodyThere`, `TooManyRows`."""
    total = bulk.count(account_id=account_id, whom=whom, now=now)
    if not total:
        raise bulk.NobodyThere
    if format == Export.Format.XLSX and total >= sheets.MOST_ROWS:
        raise TooManyRows
    export = Export.objects.create(
        account_id=account_id,
        name=name[:100],
        query="" if whom.selected else whom.query,
        selected=sorted(whom.selected),
        columns=list(columns),
        format=format,
        rows_total=total,
        created_by_id=user_id,
        created_at=now,
    )
    _audit("started", export, actor, now, rows=total)
    return export


def fetch(*, export: Export, now: datetime, actor: Actor = SYSTEM) -> Iterator[bytes]:
    """Count a download and return the file's content, to be read outside of any transaction. Raises `Gone`."""
    live = Export.objects.filter(pk=export.pk, account_id=export.account_id, state=State.DONE, expires_at__gt=now)
    if export.sealed_key is None or not file_of(export).exists() or not live.update(downloads=F("downloads") + 1):
        raise Gone
    _audit("downloaded", export, actor, now)
    return sealing.read(file_of(export), key_of(export))


def withdraw(*, export: Export, now: datetime, actor: Actor = SYSTEM) -> None:
    """Destroy an export's file before its time."""
    end(export, State.WITHDRAWN, now=now)
    _audit("withdrawn", export, actor, now)


def end(export: Export, state: Export.State, *, now: datetime, error: str = "") -> None:
    """End an export; its file and key go, and what was searched for."""
    file_of(export).unlink(missing_ok=True)
    Export.objects.filter(pk=export.pk, account_id=export.account_id).update(
        state=state,
        sealed_key=None,
        path="",
        query="",
        selected=[],
        lease_until=None,
        error=error[:300],
        finished_at=export.finished_at or now,
    )


def drop_old(*, account_id: int, before: datetime, now: datetime, dry_run: bool) -> int:
    """Destroy the files of exports that were written before then, in the account's scope. Return how many."""
    old = Export.objects.filter(account_id=account_id, finished_at__lt=before, state=State.DONE)
    found = [*old]
    if not dry_run:
        for export in found:
            end(export, State.EXPIRED, now=now)
    return len(found)


def due(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, export) of every export that waits for a worker, its first or another."""
    with platform_scope("contacts: wake exports"):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        waiting = Export.objects.filter(free, state__in=OPEN)
        return [*waiting.order_by("pk").values_list("account_id", "pk")[:100]]


def expire(*, now: datetime) -> int:
    """Destroy the files whose week is over, in every account. Return how many."""
    with platform_scope("contacts: find old exports"):
        old = [*Export.objects.filter(state=State.DONE, expires_at__lte=now)[:1000]]
    for export in old:
        with account_scope(export.account_id):
            end(export, State.EXPIRED, now=now)
    return len(old)


def file_of(export: Export) -> Path:
    """Return where the sealed file lies."""
    return Path(settings.MEDIA_DIR) / (export.path or "exports/none")


def key_of(export: Export) -> bytes:
    """Return the file's key."""
    sealed = bytes(export.sealed_key or b"")
    return bytes.fromhex(keys.unseal_text(sealed, account_id=export.account_id, context=_SEALED))


def seal_key(export: Export, key: bytes) -> bytes:
    """Return a file's key as it is kept."""
    return keys.seal_text(key.hex(), account_id=export.account_id, context=_SEALED)


def _audit(verb: str, export: Export, actor: Actor, now: datetime, **details: int) -> None:
    auditing.record(
        action=f"export.{verb}",
        actor=actor,
        now=now,
        account_id=export.account_id,
        target=("export", export.pk),
        details={"format": export.format, **details},
    )
