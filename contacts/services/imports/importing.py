"""The life of an import: uploaded, its columns matched, its terms set, checked, queued, run, ended.

What a worker does of it stands in `import_runs`; what the uploaded file holds, in `import_files`.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from django.conf import settings
from django.db.models import Q

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.fields import FIELD
from contacts.files import columns
from contacts.models import Import, ImportChange, ImportRefusal, List
from contacts.services.imports import import_files, new_fields
from contacts.services.imports.import_files import FileGone, How
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import guard

UPLOAD_KEPT = timedelta(days=1)
PAUSE_KEPT = timedelta(days=7)
UNDO_FOR = timedelta(days=30)
State = Import.State
NOT_STARTED = (State.UPLOADED, State.CHECKING, State.CHECKED)
ENDED = (State.DONE, State.FAILED, State.CANCELLED, State.UNDOING, State.UNDONE)
file_of = import_files.file_of

__all__ = ["BadMapping", "FileGone", "NotWaiting", "TooLarge", "file_of", "queue_import", "start_import"]


class BadMapping(ExpectedError):
    """The columns cannot be taken as they were matched."""


class NotWaiting(ExpectedError):
    """The import is not at the step that this belongs to."""

    def __init__(self) -> None:
        super().__init__("This import has been started or has ended already.")


class TooLarge(ExpectedError):
    """The file is larger than an upload may be."""

    def __init__(self) -> None:
        super().__init__(f"This file is larger than {settings.UPLOAD_LIMIT_MB} MB. Split it and upload the parts.")


def start_import(
    *, account_id: int, file: BinaryIO, file_name: str, user_id: int | None, now: datetime, limit: bool = True
) -> Import:
    """Keep an uploaded file and find out how it is written. Raises `CannotRead`, `TooLarge`."""
    folder = Path(settings.MEDIA_DIR) / "imports" / str(account_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{uuid4().hex}.upload"
    try:
        with path.open("xb") as kept:
            shutil.copyfileobj(file, kept, 1024 * 1024)
        size = _size_of(path, limit=limit)
        found = import_files.find_out(path, account_id=account_id)
        return Import.objects.create(
            account_id=account_id,
            file_name=Path(file_name).name[:255],
            path=str(path.relative_to(settings.MEDIA_DIR)),
            size=size,
            encoding=found.how.encoding,
            delimiter=found.how.delimiter,
            sheets=found.sheets,
            sheet=found.how.sheet,
            day_first=found.how.day_first,
            columns=found.heads,
            created_by_id=user_id,
            created_at=now,
        )
    except BaseException:  # whatever it was: nobody finds the file again, and it holds people's data
        path.unlink(missing_ok=True)
        raise


def _size_of(path: Path, *, limit: bool) -> int:
    size = path.stat().st_size
    if limit and size > settings.UPLOAD_LIMIT_MB * 1024 * 1024:
        raise TooLarge
    return size


def guessed_mapping(run: Import) -> dict[str, str]:
    """Return the mapping that takes every guess of a known field as it is, and makes no new fields."""
    found = {str(column.number): column.guess for column in import_files.preview(run).columns if column.guess}
    return {number: target for number, target in found.items() if not target.startswith(columns.NEW_OF)}


def choose_columns(*, run: Import, mapping: Mapping[str, str], how: How, now: datetime) -> None:
    """Fix how the file is read and which column goes where, to be changed until it is started.

    `mapping` is column number → target of `files.columns`; `"new:…"` makes a field of the head's name. Raises
    `BadMapping`, `SpecialCategory`, `FileGone`, `CannotRead`, `NotWaiting`.
    """
    _refuse_nonsense(mapping)
    found = import_files.preview(run, how=how)
    heads = [column.head for column in found.columns]
    kept = {number: target for number, target in mapping.items() if _is_own(target)}
    for number in kept:
        guard.refuse_name(heads[int(number)], place="column", now=now)
    for number in kept:
        values = [row[int(number)] for row in found.rows if int(number) < len(row)]
        guard.refuse_values(values, place="import", name=heads[int(number)], now=now)
    fixed = {
        number: f"{columns.NEW_OF}text" if target == columns.NEW else target
        for number, target in mapping.items()
        if target
    }
    changed = Import.objects.filter(pk=run.pk, account_id=run.account_id, state__in=NOT_STARTED).update(
        mapping=fixed,
        columns=heads,
        encoding=how.encoding,
        delimiter=how.delimiter,
        sheet=how.sheet,
        day_first=how.day_first,
        state=State.UPLOADED,
        checked={},
        lease_until=None,
    )
    if not changed:
        raise NotWaiting
    import_files.forget_check(run)
    run.refresh_from_db()


def set_terms(
    *,
    run: Import,
    lists: Sequence[List] = (),
    tags: Sequence[str] = (),
    known: str,
    consent_wording: str,
    consent_on: date | None = None,
    consent_source: str = "",
    now: datetime,
) -> None:
    """Fix on which terms they come in, and let a worker check the file. Raises `NotWaiting`, `SpecialCategory`."""
    for tag in tags:
        guard.refuse_name(tag, place="tag", now=now)
    changed = Import.objects.filter(pk=run.pk, account_id=run.account_id, state__in=NOT_STARTED).update(
        list_ids=[each.pk for each in lists],
        tags=list(dict.fromkeys(tags)),
        known=known,
        consent_wording=consent_wording.strip(),
        consent_on=consent_on,
        consent_source=consent_source.strip(),
        state=State.CHECKING,
        checked={},
        attempts=0,
        lease_until=None,
    )
    if not changed:
        raise NotWaiting
    ImportRefusal.objects.filter(account_id=run.account_id, import_run=run).delete()
    import_files.forget_check(run)
    run.refresh_from_db()


def start_checked(*, run: Import, now: datetime, actor: Actor = SYSTEM, lease_until: datetime | None = None) -> None:
    """Make the new fields and let the import run. Raises `NotWaiting`."""
    waiting = Import.objects.filter(pk=run.pk, account_id=run.account_id, state__in=NOT_STARTED).exclude(mapping={})
    if not waiting.update(state=State.QUEUED, lease_until=lease_until, attempts=0):
        raise NotWaiting
    Import.objects.filter(pk=run.pk).update(mapping=new_fields.make(run))
    ImportRefusal.objects.filter(account_id=run.account_id, import_run=run).delete()
    auditing.record(action="import.started", actor=actor, now=now, account_id=run.account_id, target=("import", run.pk))
    run.refresh_from_db()


def queue_import(
    *,
    run: Import,
    mapping: Mapping[str, str],
    lists: Sequence[List] = (),
    tags: Sequence[str] = (),
    known: str,
    consent_wording: str,
    now: datetime,
    actor: Actor = SYSTEM,
    lease_until: datetime | None = None,
) -> None:
    """Do all the steps at once, for programs: the file is checked when it is run. Raises as they do."""
    choose_columns(run=run, mapping=mapping, how=How.of(run), now=now)
    set_terms(run=run, lists=lists, tags=tags, known=known, consent_wording=consent_wording, now=now)
    start_checked(run=run, now=now, actor=actor, lease_until=lease_until)


def pause_import(*, run: Import, now: datetime, actor: Actor = SYSTEM) -> None:
    """Hold an import after the piece that is being written. Raises `NotWaiting`."""
    going = Import.objects.filter(pk=run.pk, account_id=run.account_id, state__in=(State.QUEUED, State.RUNNING))
    if not going.update(state=State.PAUSED, lease_until=None):
        raise NotWaiting
    _audit("paused", run, actor, now)


def resume_import(*, run: Import, now: datetime, actor: Actor = SYSTEM) -> None:
    """Let a paused import go on where it was. Raises `NotWaiting`."""
    held = Import.objects.filter(pk=run.pk, account_id=run.account_id, state=State.PAUSED)
    if not held.update(state=State.QUEUED, lease_until=None, attempts=0):
        raise NotWaiting
    _audit("resumed", run, actor, now)


def cancel_import(*, run: Import, now: datetime, actor: Actor = SYSTEM) -> None:
    """Stop an import; what is in stays in. Raises `NotWaiting` where it has ended."""
    if not end_import(run, State.CANCELLED, now=now):
        raise NotWaiting
    _audit("cancelled", run, actor, now)


def undo_import(*, run: Import, now: datetime, actor: Actor = SYSTEM) -> None:
    """Let a worker take back what an import did. Raises `NotWaiting` where it is too late or nothing is left of it."""
    ended = Import.objects.filter(pk=run.pk, account_id=run.account_id, state__in=ENDED[:3])
    if not can_undo(run, now=now) or not ended.update(state=State.UNDOING, lease_until=None, attempts=0):
        raise NotWaiting
    _audit("undone", run, actor, now)


def can_undo(run: Import, *, now: datetime) -> bool:
    """Tell whether an import can be undone now."""
    did_something = run.rows_added or run.rows_changed
    return bool(run.state in ENDED[:3] and did_something and run.finished_at and now < run.finished_at + UNDO_FOR)


def drop_abandoned(*, now: datetime) -> int:
    """Cancel uploads that nobody went on with for a day, or paused for a week; their files go. Return how many."""
    waiting = Q(state__in=NOT_STARTED, created_at__lt=now - UPLOAD_KEPT)
    waiting |= Q(state=State.PAUSED, created_at__lt=now - PAUSE_KEPT)
    with platform_scope("contacts: drop abandoned uploads"):
        old = list(Import.objects.filter(waiting)[:100])
    for run in old:
        with account_scope(run.account_id):
            end_import(run, State.CANCELLED, now=now)
    return len(old)


def end_import(run: Import, state: State, *, now: datetime, error: str = "") -> bool:
    """End an import that has not ended; its file goes, for it holds people's data."""
    open_ones = Import.objects.filter(pk=run.pk, account_id=run.account_id).exclude(state__in=ENDED)
    if not open_ones.update(state=state, finished_at=now, lease_until=None, error=error[:300]):
        return False
    import_files.remove(run)
    return True


def refusals(run: Import) -> Iterable[tuple[int, str, str]]:
    """Return the refused rows as (line, value, reason), in their order."""
    rows = ImportRefusal.objects.filter(account_id=run.account_id, import_run=run).order_by("line", "pk")
    return rows.values_list("line", "value", "reason")


def drop_refusals(*, account_id: int, before: datetime, dry_run: bool) -> int:
    """Delete the refused rows of imports that ended before then, in the account's scope. Return how many."""
    old = ImportRefusal.objects.filter(account_id=account_id, import_run__finished_at__lt=before)
    return old.count() if dry_run else old.delete()[0]


def drop_changes(*, account_id: int, before: datetime, dry_run: bool) -> int:
    """Delete what contacts were before imports that ended before then, in the account's scope. Return how many."""
    old = ImportChange.objects.filter(account_id=account_id, import_run__finished_at__lt=before)
    return old.count() if dry_run else old.delete()[0]


def _refuse_nonsense(mapping: Mapping[str, str]) -> None:
    targets = [target for target in mapping.values() if target]
    once = [target for target in targets if target not in columns.MANY and not new_fields.is_new(target)]
    if "email" not in targets:
        raise BadMapping("Say which column holds the email address.")
    if len(set(once)) < len(once):
        raise BadMapping("Two columns cannot go into the same field.")


def _is_own(target: str) -> bool:
    return new_fields.is_new(target) or target.startswith(FIELD)


def _audit(what: str, run: Import, actor: Actor, now: datetime) -> None:
    auditing.record(action=f"import.{what}", actor=actor, now=now, account_id=run.account_id, target=("import", run.pk))
