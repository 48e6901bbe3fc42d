"""What this app holds of a person, for the answers to their requests."""

import mmap
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet

from accounts.models import Account
from contacts import personal_data_codes, personal_data_table  # noqa: F401  # they register
from contacts.models import (
    Contact,
    ContactEvent,
    ContactTag,
    DepartedContact,
    FormSubmission,
    Import,
    ImportChange,
    ImportRefusal,
    Subscription,
)
from contacts.services.fields import field_values, sources
from contacts.services.hosted import signing_up
from contacts.services.imports import import_files, importing, loading
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.registry import Match, PersonalData, Rows, Subject, Sweep

_PROFILE = ("email", "first_name", "last_name", "gender", "language", "country", "time_zone", "phone", "values")
# Encodings with a mark at the beginning, without it.
_BARE = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
Find = Callable[[Subject], QuerySet[Any]]


def _contacts(subject: Subject) -> QuerySet[Contact]:
    mine = Q(email_hash=subject.address_hash) | Q(pk__in=subject.contact_ids)
    return Contact.objects.filter(mine, account_id=subject.account_id)


def _subscriptions(subject: Subject) -> QuerySet[Subscription]:
    return Subscription.objects.filter(account_id=subject.account_id, contact__in=_contacts(subject))


def _tags(subject: Subject) -> QuerySet[ContactTag]:
    return ContactTag.objects.filter(account_id=subject.account_id, contact__in=_contacts(subject))


def _events(subject: Subject) -> QuerySet[ContactEvent]:
    return ContactEvent.objects.filter(account_id=subject.account_id, contact__in=_contacts(subject))


def _submissions(subject: Subject) -> QuerySet[FormSubmission]:
    mine = Q(email_hash=subject.address_hash) | Q(contact__in=_contacts(subject))
    return FormSubmission.objects.filter(mine, account_id=subject.account_id)


def _departed(subject: Subject) -> QuerySet[DepartedContact]:
    mine = Q(email_hash=subject.address_hash) | Q(contact_id__in=subject.contact_ids)
    return DepartedContact.objects.filter(mine, account_id=subject.account_id)


def _refusals(subject: Subject) -> QuerySet[ImportRefusal]:
    if not subject.address:  # not known when an erasure is done again of somebody who is not there
        return ImportRefusal.objects.none()
    named = Q(value__icontains=subject.address) | Q(reason__icontains=subject.address)
    return ImportRefusal.objects.filter(named, account_id=subject.account_id)


def _import_changes(subject: Subject) -> QuerySet[ImportChange]:
    return ImportChange.objects.filter(account_id=subject.account_id, contact__in=_contacts(subject))


def _uploads(subject: Subject) -> list[Import]:
    if not subject.address:
        return []
    waiting = Import.objects.filter(account_id=subject.account_id, state__in=importing.NOT_STARTED)
    return [run for run in waiting if _holds(run, subject.address)]


def _holds(run: Import, address: str) -> bool:
    """Tell whether an uploaded file has the address in it, in whatever case."""
    path = importing.file_of(run)
    if not path.exists() or not path.stat().st_size:
        return False
    if run.sheets:
        return import_files.workbook_holds(run, address)
    encoding = _BARE.get(run.encoding, run.encoding)
    needle = address.encode(encoding, "replace").lower()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return needle in content[:].lower()


def _contact_row(contact: Contact) -> dict[str, Any]:
    return {
        **{name: getattr(contact, name) for name in _PROFILE},
        "date_of_birth": contact.date_of_birth.isoformat() if contact.date_of_birth else None,
        "sensitive_values": field_values.unseal(contact),
        "value_sources": _sources(contact),
        "source": contact.get_source_display(),
        "source_id": contact.source_id,
        "tracking_off": contact.tracking_off,
        "paused_until": _iso(contact.paused_until),
        "created_at": _iso(contact.created_at),
        "updated_at": _iso(contact.updated_at),
    }


def _sources(contact: Contact) -> dict[str, str]:
    """Return where values came from that did not come in with the person: "Import “spring.csv”, 2026-11-03"."""
    origins = sources.origins(contact, contact.value_sources)
    return {name: f"{origin.text}, {origin.on.isoformat()}" for name, origin in origins.items()}


def _subscription_row(row: Subscription) -> dict[str, Any]:
    return {
        "list": row.list.name,
        "state": row.get_state_display(),
        "source": row.get_source_display(),
        "since": _iso(row.created_at),
        "confirmed_at": _iso(row.confirmed_at),
        "unsubscribed_at": _iso(row.unsubscribed_at),
        "unsubscribe_reason": row.unsubscribe_reason,
    }


def _submission_row(row: FormSubmission) -> dict[str, Any]:
    return {
        "form": row.form.name,
        "form_version": row.form_version,
        "language": row.language,
        "submitted_at": _iso(row.submitted_at),
        "confirmed_at": _iso(row.confirmed_at),
        "network": row.network,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _erase_by(find: Find) -> Callable[[Subject, datetime], int]:
    def erase(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
        found = find(subject)
        count = found.count()
        found.delete()
        return count

    return erase


def _erase_contact(subject: Subject, now: datetime) -> int:
    """Delete the contact, with what only makes sense with it, once no piece of an import is being written."""
    loading.lock_for_erasure(subject.account_id)
    return _erase_by(_contacts)(subject, now)


def _erase_uploads(subject: Subject, now: datetime) -> int:
    runs = _uploads(subject)
    for run in runs:
        importing.end_import(run, Import.State.CANCELLED, now=now, error="It held somebody who was erased since.")
    return len(runs)


def find_contacts(address: str) -> list[Match]:
    """Return the contacts that have, or had when they were deleted, this normalised address in all accounts.

    Runs inside the platform's scope.
    """
    rows = Contact.objects.filter(email=address).values_list("account_id", "pk", "first_name", "last_name")
    found = [Match(account_id, pk, (f"{first} {last}".strip(),)) for account_id, pk, first, last in rows]
    accounts = Account.objects.order_by("pk").values_list("pk", flat=True)
    hashes = [addresses.address_hash(address, account_id=pk) for pk in accounts]
    return found + _earlier(DepartedContact.objects.filter(email_hash__in=hashes))


def find_by_hash(account_id: int, address_hash: bytes) -> list[Match]:
    """Return the account's contacts, deleted ones too, with this keyed hash, for erasing again after a restore.

    Runs in its scope.
    """
    rows = Contact.objects.filter(account_id=account_id, email_hash=address_hash)
    found = [
        Match(account_id, row.pk, (f"{row.first_name} {row.last_name}".strip(),), row.email)
        for row in rows.only("pk", "first_name", "last_name", "email")
    ]
    return found + _earlier(DepartedContact.objects.filter(account_id=account_id, email_hash=address_hash))


def _earlier(departed: QuerySet[DepartedContact]) -> list[Match]:
    """Return deleted contacts as matches: what was written of them still stands under their numbers."""
    rows = departed.order_by("account_id", "contact_id").values_list("account_id", "contact_id")
    return [Match(account_id, contact_id) for account_id, contact_id in rows]


def _open_accounts() -> list[int]:
    with platform_scope("contacts: find accounts for a sweep"):
        return list(Account.objects.exclude(status=Account.Status.CLOSED).values_list("pk", flat=True))


def _sweep_unconfirmed(cutoff: datetime, dry_run: bool) -> int:
    total = 0
    for account_id in _open_accounts():
        with account_scope(account_id):
            total += signing_up.drop_unconfirmed(account_id=account_id, before=cutoff, dry_run=dry_run)
    return total


def _sweep_refusals(cutoff: datetime, dry_run: bool) -> int:
    total = 0
    for account_id in _open_accounts():
        with account_scope(account_id):
            total += importing.drop_refusals(account_id=account_id, before=cutoff, dry_run=dry_run)
    return total


def _sweep_import_changes(cutoff: datetime, dry_run: bool) -> int:
    total = 0
    for account_id in _open_accounts():
        with account_scope(account_id):
            total += importing.drop_changes(account_id=account_id, before=cutoff, dry_run=dry_run)
    return total


def _register(
    name: str,
    title: str,
    find: Find,
    row: Callable[[Any], dict[str, Any]],
    *,
    related: tuple[str, ...] = (),
    order: int,
    retention_class: str = "contact",
    **more: Any,
) -> None:
    def export(subject: Subject) -> Rows:
        return [row(each) for each in find(subject).select_related(*related).order_by("pk")]

    registry.register(
        PersonalData(
            app="contacts",
            name=name,
            title=title,
            purpose="To write to people who agreed to it",
            retention_class=retention_class,
            export=export,
            count=lambda subject: find(subject).count(),
            erase=more.pop("erase", None) or _erase_by(find),
            order=order,
            **more,
        )
    )


def _tag_row(row: ContactTag) -> dict[str, Any]:
    return {"tag": row.tag.name}


def _event_row(row: ContactEvent) -> dict[str, Any]:
    return {"at": _iso(row.at), "kind": row.kind, "details": row.details}


def _departed_row(row: DepartedContact) -> dict[str, Any]:
    return {"deleted_at": _iso(row.departed_at)}


def _refusal_row(row: ImportRefusal) -> dict[str, Any]:
    return {"line": row.line, "value": row.value, "reason": row.reason}


def _import_change_row(row: ImportChange) -> dict[str, Any]:
    return {"import": row.import_run.file_name, "before_and_after": row.values}


def _upload_row(row: Model) -> dict[str, Any]:
    return {"file": getattr(row, "file_name", "")}


# What points at the contact goes before it: submissions and refused rows first, the contact last.
_register("submissions", "Form submissions", _submissions, _submission_row, related=("form",), order=60)
_register("refusals", "Rows that an import refused", _refusals, _refusal_row, order=60)
_register(
    "import_changes",
    "What imports changed, kept for undoing them",
    _import_changes,
    _import_change_row,
    related=("import_run",),
    order=60,
    retention_class="import_change",
)
_register("subscriptions", "Subscriptions", _subscriptions, _subscription_row, related=("list",), order=70)
_register("tags", "Tags", _tags, _tag_row, related=("tag",), order=70)
_register("timeline", "Timeline", _events, _event_row, order=70)
_register("departed", "Times you were deleted from the contacts", _departed, _departed_row, order=80)
_register("contact", "Profile", _contacts, _contact_row, order=90, erase=_erase_contact)
registry.register(
    PersonalData(
        app="contacts",
        name="uploads",
        title="Uploaded files that wait",
        purpose="To import them; they are removed once that has ended",
        retention_class="import",
        export=lambda subject: [_upload_row(run) for run in _uploads(subject)],
        count=lambda subject: len(_uploads(subject)),
        erase=_erase_uploads,
        order=60,
    )
)
registry.register_finder(find_contacts)
registry.register_hash_finder(find_by_hash)
registry.register_sweep(
    Sweep(
        retention_class="form_submission",
        title="Form submissions that were never confirmed",
        keep=timedelta(days=30),
        sweep=_sweep_unconfirmed,
    )
)
registry.register_sweep(
    Sweep(
        retention_class="import",
        title="Rows that imports refused",
        keep=timedelta(days=90),
        sweep=_sweep_refusals,
    )
)
registry.register_sweep(
    Sweep(
        retention_class="import_change",
        title="What contacts were before imports changed them",
        keep=importing.UNDO_FOR,
        sweep=_sweep_import_changes,
    )
)
