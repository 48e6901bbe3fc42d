"""Undoing an import: what it changed goes back, whom it added goes out, as far as nobody has gone on with them since.

A value goes back only where it still is what the import wrote. A contact that it added stays where somebody changed it
since, where the person signed up or confirmed by themselves, or asked for their data to be left as it is. Opt-outs
outlive it: who unsubscribed is suppressed. Who has been mailed goes as well; messages keep their outcomes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from accounts.services import outbox
from contacts.fields import FIELD
from contacts.models import (
    Contact,
    ContactEvent,
    ContactTag,
    DepartedContact,
    FormSubmission,
    Import,
    ImportChange,
    Subscription,
)
from contacts.services.imports import loading
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, Suppression
from privacy.services import consents, standing
from privacy.services.standing import Kind

PIECE = 1000
_FIELDS = ("first_name", "last_name", "gender", "language", "country", "time_zone", "phone", "date_of_birth")
_WRITTEN = [*_FIELDS, "values", "value_sources", "updated_at"]


def undo_pieces(run: Import, *, clock: Callable[[], datetime], piece: int = PIECE) -> Iterator[bool]:
    """Undo a piece at a time, each in a transaction with the position after it; tell whether to go on."""
    for take_back in (_restore, _remove):
        is_more = True
        while is_more:
            now = clock()
            with account_scope(run.account_id):
                held = Import.objects.select_for_update().filter(pk=run.pk, state=Import.State.UNDOING).first()
                if held is None:
                    yield False
                    return
                loading.lock_for_import(run.account_id)
                is_more = take_back(held, piece, now)
                Import.objects.filter(pk=run.pk).update(attempts=0)
            yield True
    _end(run, now=clock())


def _end(run: Import, *, now: datetime) -> None:
    with account_scope(run.account_id):
        ended = Import.objects.filter(pk=run.pk, state=Import.State.UNDOING)
        if ended.update(state=Import.State.UNDONE, undone_at=now, lease_until=None):
            payload = {"import": run.pk}
            outbox.put_event(topic="contacts.import_undone", payload=payload, account_id=run.account_id, now=now)


def _restore(run: Import, piece: int, now: datetime) -> bool:
    """Give known contacts back what they were; True where there may be more of them."""
    changes = list(ImportChange.objects.filter(account_id=run.account_id, import_run=run).order_by("pk")[:piece])
    ids = [change.contact_id for change in changes]
    found = Contact.objects.select_for_update().filter(account_id=run.account_id, pk__in=ids).order_by("pk")
    contacts = {contact.pk: contact for contact in found}
    restricted = _restricted(run.account_id, contacts.values())
    restored, left = [], 0
    for change in changes:
        contact = contacts[change.contact_id]
        if bytes(contact.email_hash) in restricted:
            left += 1
            continue
        left += not _give_back(contact, change.values)
        contact.updated_at = now
        restored.append(contact)
    Contact.objects.bulk_update(restored, _WRITTEN, batch_size=200)
    staying = {contact.pk for contact in restored}
    _take_off(run, [change for change in changes if change.contact_id in staying])
    ContactEvent.objects.bulk_create(
        ContactEvent(contact_id=pk, kind="restored", at=now, details={"import": run.pk}) for pk in sorted(staying)
    )
    ImportChange.objects.filter(account_id=run.account_id, pk__in=[change.pk for change in changes]).delete()
    Import.objects.filter(pk=run.pk).update(
        rows_restored=F("rows_restored") + len(changes) - left, rows_left=F("rows_left") + left
    )
    return len(changes) == piece


def _give_back(contact: Contact, values: Mapping[str, Sequence[Any]]) -> bool:
    """Put back each value that still is what the import wrote; tell whether all of them were."""
    all_back = True
    for name, (before, written, source) in values.items():
        is_own = name.startswith(FIELD)
        key = name.removeprefix(FIELD)
        now_there = contact.values.get(key) if is_own else getattr(contact, name)
        if name == "date_of_birth" and now_there is not None:
            now_there = now_there.isoformat()
        if now_there != written:
            all_back = False
            continue
        if not is_own:
            setattr(contact, name, before)
        elif before is None:
            contact.values.pop(key, None)
        else:
            contact.values[key] = before
        contact.value_sources.pop(name, None)
        if source is not None:
            contact.value_sources[name] = source
    return all_back


def _take_off(run: Import, changes: Sequence[ImportChange]) -> None:
    """Take known contacts off the lists and tags that the import put them on; who unsubscribed since stays so."""
    listed = [(change.contact_id, list_id) for change in changes for list_id in change.list_ids]
    if listed:
        pairs = _any_of(("contact_id", "list_id"), listed)
        rows = Subscription.objects.filter(pairs, account_id=run.account_id, source=Contact.Source.IMPORT)
        rows.filter(state=Subscription.State.SUBSCRIBED).delete()
        ids = {contact_id for contact_id, _ in listed}
        hashes = Contact.objects.filter(account_id=run.account_id, pk__in=ids).values_list("email_hash", flat=True)
        _forget_consents(run, [bytes(each) for each in hashes])
    tagged = [(change.contact_id, tag_id) for change in changes for tag_id in change.tag_ids]
    if tagged:
        ContactTag.objects.filter(_any_of(("contact_id", "tag_id"), tagged), account_id=run.account_id).delete()


def _any_of(names: tuple[str, str], pairs: Sequence[tuple[int, int]]) -> Q:
    """Return the condition that one of the pairs is met: grouped by the second, of which there are few."""
    groups: dict[int, list[int]] = {}
    for one, other in pairs:
        groups.setdefault(other, []).append(one)
    found = Q()
    for other, ones in groups.items():
        found |= Q(**{names[1]: other, f"{names[0]}__in": ones})
    return found


def _remove(run: Import, piece: int, now: datetime) -> bool:
    """Take out contacts that the import added, the newest first; True where there may be more of them."""
    mine = Contact.objects.filter(account_id=run.account_id, source=Contact.Source.IMPORT, source_id=run.pk)
    period = mine.filter(created_at__gte=run.started_at) if run.started_at else mine
    if run.undo_before_at is not None and run.undo_before_id is not None:
        at, pk = run.undo_before_at, run.undo_before_id
        period = period.filter(created_at__lte=at).filter(Q(created_at__lt=at) | Q(pk__lt=pk))
    contacts = list(period.select_for_update().order_by("-created_at", "-pk")[:piece])
    if not contacts:
        return False
    staying = _touched(run, contacts)
    gone = [contact for contact in contacts if contact.pk not in staying]
    _keep_opt_outs(run, gone, now)
    _forget_consents(run, [bytes(contact.email_hash) for contact in gone])
    ids = [contact.pk for contact in gone]
    Contact.objects.filter(account_id=run.account_id, pk__in=ids).delete()
    DepartedContact.objects.bulk_create(
        [
            DepartedContact(
                account_id=run.account_id, contact_id=pk, email_hash=bytes(contact.email_hash), departed_at=now
            )
            for pk, contact in zip(ids, gone, strict=True)
        ],
        ignore_conflicts=True,
    )
    last = contacts[-1]
    Import.objects.filter(pk=run.pk).update(
        rows_removed=F("rows_removed") + len(gone),
        rows_left=F("rows_left") + len(staying),
        undo_before_at=last.created_at,
        undo_before_id=last.pk,
    )
    return len(contacts) == piece


def _touched(run: Import, contacts: Sequence[Contact]) -> set[int]:
    """Return those that somebody went on with since: changed, signed up, confirmed, or restricted."""
    ids = {contact.pk: bytes(contact.email_hash) for contact in contacts}
    found = {contact.pk for contact in contacts if contact.updated_at != contact.created_at}
    theirs = {"account_id": run.account_id, "contact__in": list(ids)}
    elsewhere = Subscription.objects.filter(**theirs).exclude(source=Contact.Source.IMPORT)
    found.update(elsewhere.values_list("contact_id", flat=True))
    found.update(ImportChange.objects.filter(**theirs).values_list("contact_id", flat=True))
    for contact_id in FormSubmission.objects.filter(**theirs).values_list("contact_id", flat=True):
        found.add(contact_id or 0)
    agreed = consents.confirmed_since(
        account_id=run.account_id, hashes=list(ids.values()), since=run.started_at or run.created_at
    )
    kept = agreed | _restricted(run.account_id, contacts)
    return {pk for pk, digest in ids.items() if pk in found or digest in kept}


def _restricted(account_id: int, contacts: Collection[Contact]) -> set[bytes]:
    hashes = [bytes(contact.email_hash) for contact in contacts]
    blocks = standing.blocked(account_id=account_id, hashes=hashes)
    return {digest for digest, block in blocks.items() if block.kind == Kind.RESTRICTED}


def _keep_opt_outs(run: Import, contacts: Sequence[Contact], now: datetime) -> None:
    """Suppress who unsubscribed: their standing on the list goes with the contact."""
    by_id = {contact.pk: contact for contact in contacts}
    left = Subscription.objects.filter(account_id=run.account_id, contact__in=list(by_id), state="unsubscribed")
    said_no = [by_id[pk] for pk in left.values_list("contact_id", flat=True).distinct()]
    standing.suppress_many(
        account_id=run.account_id,
        people=[(each.email, bytes(each.email_hash), Suppression.Reason.UNSUBSCRIBED) for each in said_no],
        now=now,
    )


def _forget_consents(run: Import, hashes: Sequence[bytes]) -> None:
    consents.take_back(account_id=run.account_id, hashes=hashes, channel=Consent.Channel.IMPORT, source_id=run.pk)
