"""Making one contact of two that are the same person."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.services import auditing, outbox
from accounts.services.auditing import SYSTEM, Actor
from contacts import fields
from contacts.fields import Field, Value
from contacts.models import Contact, DepartedContact, Subscription
from contacts.services import people, timeline
from contacts.services.fields import field_values
from contacts.services.people import IsRestricted
from emailconcert.lib.errors import ExpectedError
from privacy.services import contact_requests, joining, standing

State = Subscription.State

# The stronger word of both counts: an opt-out before a confirmed standing before one that waits; of two opt-outs the
# person's own before a member's, which can be taken back.
_STRONGER = """
    UPDATE contacts_subscription k
       SET state = g.state, confirmed_at = g.confirmed_at, unsubscribed_at = g.unsubscribed_at,
           unsubscribe_reason = g.unsubscribe_reason, welcomed_at = COALESCE(k.welcomed_at, g.welcomed_at)
      FROM contacts_subscription g
     WHERE k.account_id = %(account)s AND k.contact_id = %(kept)s
       AND g.account_id = %(account)s AND g.contact_id = %(gone)s AND g.list_id = k.list_id
       AND (array_position(ARRAY['pending', 'subscribed', 'unsubscribed'], g.state::text)
          > array_position(ARRAY['pending', 'subscribed', 'unsubscribed'], k.state::text)
         OR k.state = 'unsubscribed' AND k.unsubscribe_reason = 'By a member'
            AND g.state = 'unsubscribed' AND g.unsubscribe_reason <> 'By a member')
"""
_MOVE = (
    """UPDATE contacts_subscription g SET contact_id = %(kept)s WHERE account_id = %(account)s AND contact_id = %(gone)s
        AND NOT EXISTS (SELECT 1 FROM contacts_subscription k WHERE k.account_id = %(account)s
                           AND k.contact_id = %(kept)s AND k.list_id = g.list_id)""",
    """UPDATE contacts_contacttag g SET contact_id = %(kept)s WHERE account_id = %(account)s AND contact_id = %(gone)s
        AND NOT EXISTS (SELECT 1 FROM contacts_contacttag k WHERE k.account_id = %(account)s
                           AND k.contact_id = %(kept)s AND k.tag_id = g.tag_id)""",
    "UPDATE contacts_contactevent SET contact_id = %(kept)s WHERE account_id = %(account)s AND contact_id = %(gone)s",
    "UPDATE contacts_formsubmission SET contact_id = %(kept)s WHERE account_id = %(account)s AND contact_id = %(gone)s",
    # What was written of whoever was merged into this one before is this one's now.
    """UPDATE contacts_departedcontact SET email_hash = %(hash)s
        WHERE account_id = %(account)s AND email_hash = ANY(%(hashes)s)""",
)


class SameContact(ExpectedError):
    """There is only one."""

    def __init__(self) -> None:
        super().__init__("This is one and the same contact. Choose another to merge it with.")


class IsGone(ExpectedError):
    """One of them was deleted or merged meanwhile."""

    def __init__(self) -> None:
        super().__init__("One of the two is gone already. Look at your contacts again.")


@dataclass(frozen=True)
class Difference:
    """A field in which the two are not the same, as people read it."""

    name: str
    label: str
    kept: str
    gone: str


def differences(kept: Contact, gone: Contact) -> list[Difference]:
    """Return the fields to choose from: those that differ. Of sensitive ones, the first contact's count."""
    return [
        Difference(field.name, field.label, fields.show(_value(kept, field)), fields.show(_value(gone, field)))
        for field in _choosable(kept.account_id)
        if _value(kept, field) != _value(gone, field)
        and not (field_values.is_empty(_value(kept, field)) and field_values.is_empty(_value(gone, field)))
    ]


def merge(
    *, kept: Contact, gone: Contact, take_address: bool, take: Collection[str], now: datetime, actor: Actor = SYSTEM
) -> Contact:
    """Merge `gone` into `kept`, with the values of `gone` in the fields that `take` names, and its address if chosen.

    An opt-out or a block of either holds. What was sent to `gone` is found under its number still. Can't be undone.
    Raises `SameContact`, `IsGone`, `IsRestricted`, `contact_requests.IsUnderWay`.
    """
    account_id = kept.account_id
    if kept.pk == gone.pk:
        raise SameContact
    with transaction.atomic():
        both = (
            Contact.objects.select_for_update().filter(account_id=account_id, pk__in=(kept.pk, gone.pk)).order_by("pk")
        )
        found = {contact.pk: contact for contact in both}
        if len(found) < 2:
            raise IsGone
        kept, gone = found[kept.pk], found[gone.pk]
        _refuse_restricted(kept, gone)
        contact_requests.refuse_under_way(account_id=account_id, emails=[kept.email, gone.email])
        stays, leaves = (gone, kept) if take_address else (kept, gone)
        addresses, digest = (stays.email, leaves.email), bytes(stays.email_hash)
        typed = {field: _value(gone, field) for field in _choosable(account_id) if field.name in set(take)}
        typed |= _sensitive(kept, gone)
        _move(kept, gone, digest, [bytes(kept.email_hash), bytes(gone.email_hash)])
        _write(kept, gone, typed, email=stays.email, digest=digest, now=now)
        off = Subscription.objects.filter(account_id=account_id, contact=kept, state=State.UNSUBSCRIBED)
        joining.join(
            account_id=account_id, stays=addresses[0], leaves=addresses[1],
            left_lists=[*off.values_list("list_id", flat=True)], now=now,
        )  # fmt: skip
        _announce(
            kept, gone_id=gone.pk, names=[field.name for field in typed if not field.sensitive], actor=actor, now=now
        )
    return kept


def _choosable(account_id: int) -> list[Field]:
    return [field for field in fields.all_fields(account_id) if field.name != "email" and not field.sensitive]


def _value(contact: Contact, field: Field) -> Value:
    return field_values.value_of(contact, field)


def _refuse_restricted(*contacts: Contact) -> None:
    for contact in contacts:
        kind = people.kind_of_block(account_id=contact.account_id, address=contact.email)
        if kind == standing.Kind.RESTRICTED:
            raise IsRestricted


def _sensitive(kept: Contact, gone: Contact) -> Mapping[Field, Value]:
    held, other = field_values.unseal(kept), field_values.unseal(gone)
    known = {field.key: field for field in fields.own_fields(kept.account_id) if field.sensitive}
    return {known[key]: value for key, value in other.items() if key in known and key not in held}


def _move(kept: Contact, gone: Contact, digest: bytes, hashes: list[bytes]) -> None:
    values: dict[str, Any] = {
        "account": kept.account_id,
        "kept": kept.pk,
        "gone": gone.pk,
        "hash": digest,
        "hashes": hashes,
    }
    with connection.cursor() as cursor:
        for statement in (_STRONGER, *_MOVE):
            cursor.execute(statement, values)


def _write(
    kept: Contact, gone: Contact, typed: Mapping[Field, Value], *, email: str, digest: bytes, now: datetime
) -> None:
    field_values.put(kept, typed)
    taken = {field.name for field in typed}
    kept.value_sources = kept.value_sources | {
        name: source for name, source in gone.value_sources.items() if name in taken
    }
    kept.tracking_off = kept.tracking_off or gone.tracking_off
    kept.paused_until = max(filter(None, (kept.paused_until, gone.paused_until)), default=None)
    kept.created_at = min(kept.created_at, gone.created_at)
    kept.email, kept.email_hash, kept.updated_at = email, digest, now
    gone_id = gone.pk
    Contact.objects.filter(account_id=kept.account_id, pk=gone_id).delete()
    kept.save()
    DepartedContact.objects.create(account_id=kept.account_id, contact_id=gone_id, email_hash=digest, departed_at=now)


def _announce(kept: Contact, *, gone_id: int, names: list[str], actor: Actor, now: datetime) -> None:
    account_id, details = kept.account_id, {"merged": gone_id, "fields": names}
    timeline.write(contact_id=kept.pk, kind="merged", now=now, details={"fields": names})
    payload = {"contact": kept.pk, "merged": gone_id}
    outbox.put_event(topic="contact.merged", payload=payload, account_id=account_id, now=now)
    target = ("contact", kept.pk)
    auditing.record(
        action="contact.merged", actor=actor, now=now, account_id=account_id, target=target, details=details
    )
