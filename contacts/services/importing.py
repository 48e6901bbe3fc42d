"""The life of an import: uploaded, matched, queued, run in slices (`import_runs`), ended."""

import shutil
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from django.conf import settings
from django.utils.text import slugify

from accounts.services import auditing
from accounts.services.auditing import SYSTEM, Actor
from contacts.files import columns, reading
from contacts.files.columns import Column
from contacts.files.reading import CannotRead, Dialect
from contacts.models import CustomField, Import, ImportChange, ImportRefusal, List
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope

UPLOAD_KEPT = timedelta(days=1)
UNDO_FOR = timedelta(days=30)
NOT_STARTED = (Import.State.UPLOADED, Import.State.CHECKING, Import.State.CHECKED)
_ENDED = (Import.State.DONE, Import.State.FAILED, Import.State.CANCELLED)


class BadMapping(ExpectedError):
    """The columns cannot be taken as they were matched."""


class NotWaiting(ExpectedError):
    """The import is not at the step that this belongs to."""

    def __init__(self) -> None:
        super().__init__("This import has been started or has ended already.")


class FileGone(ExpectedError):
    """The uploaded file is not there any more."""

    def __init__(self) -> None:
        super().__init__("The uploaded file is gone. Upload it again.")


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
    path = folder / f"{uuid4().hex}.csv"
    try:
        with path.open("xb") as kept:
            shutil.copyfileobj(file, kept, 1024 * 1024)
        size = _size_of(path, limit=limit)
        dialect = reading.detect(path)
        heads, _ = head_and_samples(path, dialect)
        return Import.objects.create(
            account_id=account_id,
            file_name=Path(file_name).name[:255],
            path=str(path.relative_to(settings.MEDIA_DIR)),
            size=size,
            encoding=dialect.encoding,
            delimiter=dialect.delimiter,
            columns=heads,
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


def head_and_samples(path: Path, dialect: Dialect, *, samples: int = 20) -> tuple[list[str], list[list[str]]]:
    """Return the heads (empty texts where the file has none) and the first few records. Raises `CannotRead`."""
    found = list(islice(reading.records(path, dialect), samples + 1))
    if not found:
        raise CannotRead("There is no row in this file.")
    if reading.has_head(found[0]):
        return found[0].cells, [record.cells for record in found[1:]]
    return [""] * len(found[0].cells), [record.cells for record in found[:samples]]


def preview(run: Import) -> list[Column]:
    """Return the file's columns with the first cells and a guess each. Raises `FileGone`, `CannotRead`."""
    if not file_of(run).exists():
        raise FileGone
    heads, rows = head_and_samples(file_of(run), dialect_of(run))
    own = dict(CustomField.objects.filter(account_id=run.account_id).values_list("key", "label"))
    return columns.guess(heads, rows, own=own)


def guessed_mapping(run: Import) -> dict[str, str]:
    """Return the mapping that takes every guess as it is."""
    return {str(column.number): column.guess for column in preview(run) if column.guess}


def queue_import(
    *,
    run: Import,
    mapping: Mapping[str, str],
    list: List | None,
    known: str,
    consent_wording: str,
    now: datetime,
    actor: Actor = SYSTEM,
    lease_until: datetime | None = None,
) -> None:
    """Fix how the file is to be taken and let it run.

    `mapping` is column number → target of `files.columns`; `"new"` makes a custom field of the head's name. Raises
    `BadMapping`, `NotWaiting`.
    """
    targets = [target for target in mapping.values() if target]
    doubled = {target for target in targets if targets.count(target) > 1 and target != columns.NEW}
    if "email" not in targets:
        raise BadMapping("Say which column holds the email address.")
    if doubled:
        raise BadMapping("Two columns cannot go into the same field.")
    waiting = Import.objects.filter(pk=run.pk, account_id=run.account_id, state=Import.State.UPLOADED)
    found = waiting.update(
        mapping=_with_new_fields(run, mapping),
        list=list,
        known=known,
        consent_wording=consent_wording.strip(),
        state=Import.State.QUEUED,
        lease_until=lease_until,
    )
    if not found:
        raise NotWaiting
    auditing.record(action="import.started", actor=actor, now=now, account_id=run.account_id, target=("import", run.pk))


def cancel_import(*, run: Import, now: datetime, actor: Actor = SYSTEM) -> None:
    """Stop an import; what is in stays in. Raises `NotWaiting` where it has ended."""
    if not end_import(run, Import.State.CANCELLED, now=now):
        raise NotWaiting
    auditing.record(
        action="import.cancelled", actor=actor, now=now, account_id=run.account_id, target=("import", run.pk)
    )


def drop_abandoned(*, now: datetime) -> int:
    """Cancel uploads that nobody went on with for a day, and remove their files. Return how many."""
    with platform_scope("contacts: drop abandoned uploads"):
        old = list(Import.objects.filter(state=Import.State.UPLOADED, created_at__lt=now - UPLOAD_KEPT)[:100])
    for run in old:
        with account_scope(run.account_id):
            end_import(run, Import.State.CANCELLED, now=now)
    return len(old)


def file_of(run: Import) -> Path:
    """Return where the uploaded file lies."""
    return Path(settings.MEDIA_DIR) / run.path


def end_import(run: Import, state: Import.State, *, now: datetime, error: str = "") -> bool:
    """End an import that has not ended; its file goes, for it holds people's data."""
    open_ones = Import.objects.filter(pk=run.pk, account_id=run.account_id).exclude(state__in=_ENDED)
    if not open_ones.update(state=state, finished_at=now, lease_until=None, error=error[:300]):
        return False
    file_of(run).unlink(missing_ok=True)
    return True


def dialect_of(run: Import) -> Dialect:
    """Return how the uploaded file is written."""
    return Dialect(run.encoding, run.delimiter)


def _with_new_fields(run: Import, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the mapping with a custom field for every column that is to be kept as a new one."""
    fixed = {number: target for number, target in mapping.items() if target}
    for number, target in fixed.items():
        if target != columns.NEW:
            continue
        head = run.columns[int(number)].strip() or f"Column {int(number) + 1}"
        key = (slugify(head).replace("-", "_") or f"column_{int(number) + 1}")[:40]
        CustomField.objects.get_or_create(account_id=run.account_id, key=key, defaults={"label": head[:60]})
        fixed[number] = columns.FIELD + key
    return fixed


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
