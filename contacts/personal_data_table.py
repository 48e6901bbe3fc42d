"""What the table's helpers hold of a person: files that were exported, and what was searched for by name or address."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import quote, quote_plus
from zipfile import ZipFile

from django.db.models import Q, QuerySet

from accounts.models import Account
from contacts.files import sealing
from contacts.models import BulkAction, Export, SavedView, Segment
from contacts.services.bulk_actions import bulk
from contacts.services.exports import exporting
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.registry import PersonalData, Subject, Sweep


def exports_with(subject: Subject) -> list[Export]:
    """Return the exports whose file has the person in it, and those that are being written just now."""
    live = Export.objects.filter(account_id=subject.account_id, state__in=(*exporting.OPEN, Export.State.DONE))
    return [export for export in live.order_by("pk") if _holds(export, subject)]


def _holds(export: Export, subject: Subject) -> bool:
    if export.state in exporting.OPEN:
        return True
    if not subject.address or export.sealed_key is None or not exporting.file_of(export).exists():
        return False
    content = sealing.read(exporting.file_of(export), exporting.key_of(export))
    needle = subject.address.encode()
    if export.format == Export.Format.CSV:
        return _found(needle, content)
    with ZipFile(BytesIO(b"".join(content))) as book, book.open("xl/worksheets/sheet1.xml") as sheet:
        return _found(needle.replace(b"&", b"&amp;"), iter(lambda: sheet.read(1 << 20), b""))


def _found(needle: bytes, pieces: Iterable[bytes]) -> bool:
    tail = b""
    for piece in pieces:
        window = tail + piece
        if needle in window:
            return True
        tail = window[-len(needle) :]
    return False


def _erase_exports(subject: Subject, now: datetime) -> int:
    """Destroy the files with the person in them; what is being written begins again, without them."""
    # Locked, so that none becomes ready while it is looked at.
    [
        *Export.objects.select_for_update()
        .filter(account_id=subject.account_id, state__in=exporting.OPEN)
        .values_list("pk")
    ]
    found = exports_with(subject)
    for export in found:
        if export.state in exporting.OPEN:
            again = Export.objects.filter(pk=export.pk, state__in=exporting.OPEN)
            again.update(state=Export.State.QUEUED, lease_until=None)
        else:
            exporting.end(export, Export.State.WITHDRAWN, now=now, error="Somebody in it was erased or restricted.")
    return sum(export.state not in exporting.OPEN for export in found)


def _queries(model: type[SavedView] | type[BulkAction] | type[Export]) -> Callable[[Subject], QuerySet[Any]]:
    """Return what finds the rows in whose query the person's address or name stands."""

    def find(subject: Subject) -> QuerySet[Any]:
        said = Q()
        for word in _words(subject):
            for spelling in {word, quote(word), quote_plus(word), quote(word, safe="@")}:
                said |= Q(query__icontains=spelling)
            if model is Export:  # its name tells the search, also once that was forgotten
                said |= Q(name__icontains=word)
        rows = model.objects.filter(account_id=subject.account_id)
        return rows.filter(said) if said else rows.none()

    return find


def _words(subject: Subject) -> list[str]:
    return [word for word in (subject.address, *(name for name in subject.names if " " in name.strip())) if word]


def _segments(subject: Subject) -> list[Segment]:
    """Return the segments in whose conditions the person's address or name stands."""
    words = [word.lower() for word in _words(subject)]
    rows = Segment.objects.filter(account_id=subject.account_id).order_by("pk")
    return [
        row for row in rows if any(word in json.dumps(row.definition, ensure_ascii=False).lower() for word in words)
    ]


def _blank_segments(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    """Put a word that nobody has in the place of the person; the segment means everybody else that it meant."""
    named = re.compile("|".join(map(re.escape, _words(subject))) or r"(?!)", re.IGNORECASE)
    found = _segments(subject)
    for segment in found:
        Segment.objects.filter(pk=segment.pk).update(definition=_blanked(segment.definition, named))
    return len(found)


def _blanked(part: Any, named: re.Pattern[str]) -> Any:
    if isinstance(part, dict):
        return {name: _blanked(each, named) for name, each in part.items()}
    if isinstance(part, list):
        return [_blanked(each, named) for each in part]
    return named.sub("(erased)", part) if isinstance(part, str) else part


def _clear_actions(subject: Subject, now: datetime) -> int:
    found = _queries(BulkAction)(subject)
    # Without its query an action would mean everybody: it ends here.
    found.filter(state__in=(BulkAction.State.QUEUED, BulkAction.State.RUNNING)).update(
        state=BulkAction.State.CANCELLED, finished_at=now, lease_until=None
    )
    return found.update(query="")


def _clear_exports(subject: Subject, now: datetime) -> int:
    found = [*_queries(Export)(subject)]
    for export in found:
        if export.state in (*exporting.OPEN, Export.State.DONE):
            exporting.end(export, Export.State.WITHDRAWN, now=now)
    Export.objects.filter(pk__in=[export.pk for export in found]).update(name="Contacts")
    return len(found)


def _delete_views(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    return _queries(SavedView)(subject).delete()[0]


def _register(name: str, title: str, retention_class: str, *work: Any, **more: Any) -> None:
    count, erase, export = work
    registry.register(
        PersonalData(
            app="contacts",
            name=name,
            title=title,
            purpose="To work with the contacts of the account",
            retention_class=retention_class,
            export=export,
            count=count,
            erase=erase,
            order=55,
            **more,
        )
    )


def _named(find: Callable[[Subject], QuerySet[Any]]) -> Callable[[Subject], list[dict[str, object]]]:
    return lambda subject: [{"what": str(row)} for row in find(subject)]


_register(
    "exports",
    "Files of contacts that you are in",
    "export",
    lambda subject: len([each for each in exports_with(subject) if each.state not in exporting.OPEN]),
    _erase_exports,
    lambda subject: [
        {"written_at": each.finished_at.isoformat() if each.finished_at else None, "downloads": each.downloads}
        for each in exports_with(subject)
        if each.state not in exporting.OPEN
    ],
    restrict=lambda subject, now: _erase_exports(subject, now) and None,
)
_register(
    "searches", "Saved views that name you", "account",
    lambda subject: _queries(SavedView)(subject).count(), _delete_views, _named(_queries(SavedView)),
)  # fmt: skip
_register(
    "bulk_searches", "Actions whose search names you", "bulk_action",
    lambda subject: _queries(BulkAction)(subject).count(), _clear_actions, _named(_queries(BulkAction)),
)  # fmt: skip
_register(
    "segments", "Segments whose conditions name you", "account",
    lambda subject: len(_segments(subject)), _blank_segments,
    lambda subject: [{"what": segment.name} for segment in _segments(subject)],
)  # fmt: skip
_register(
    "export_searches", "Exports whose search names you", "export",
    lambda subject: _queries(Export)(subject).count(), _clear_exports, _named(_queries(Export)),
)  # fmt: skip


def _accounts() -> list[int]:
    with platform_scope("contacts: find accounts for a sweep"):
        return [*Account.objects.exclude(status=Account.Status.CLOSED).values_list("pk", flat=True)]


def _sweep_exports(cutoff: datetime, dry_run: bool) -> int:
    total = 0
    for account_id in _accounts():
        with account_scope(account_id):
            moment = datetime.now(UTC)
            total += exporting.drop_old(account_id=account_id, before=cutoff, now=moment, dry_run=dry_run)
    return total


def _sweep_actions(cutoff: datetime, dry_run: bool) -> int:
    total = 0
    for account_id in _accounts():
        with account_scope(account_id):
            total += bulk.drop_old(account_id=account_id, before=cutoff, dry_run=dry_run)
    return total


registry.register_sweep(
    Sweep(retention_class="export", title="Files of contacts", keep=exporting.LIFE, sweep=_sweep_exports)
)
registry.register_sweep(
    Sweep(retention_class="bulk_action", title="What bulk actions changed", keep=bulk.KEPT, sweep=_sweep_actions)
)
