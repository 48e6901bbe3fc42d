"""A contact's standing on lists.

The rule of every function here: somebody who unsubscribed stays so until they themselves opt in again.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.services import outbox
from contacts.models import Contact, List, Subscription
from contacts.services import people, timeline
from contacts.services.hosted import welcoming
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from privacy.models import Suppression
from privacy.services import consents, standing
from privacy.services.standing_log import Left

State = Subscription.State
BY_MEMBER = "By a member"

_LEAVE_AGAIN = """
    INSERT INTO contacts_subscription AS s
        (account_id, list_id, contact_id, state, source, created_at, unsubscribed_at, unsubscribe_reason)
    SELECT c.account_id, l.id, c.id, 'unsubscribed', c.source, f.at, f.at, 'Said before a restore'
    FROM unnest(%(hashes)s::bytea[], %(lists)s::bigint[], %(moments)s::timestamptz[]) AS f (digest, list_id, at)
    JOIN contacts_contact c ON c.account_id = %(account)s AND c.email_hash = f.digest
    JOIN contacts_list l ON l.account_id = %(account)s AND l.id = f.list_id AND l.created_at <= f.at
    ON CONFLICT (account_id, list_id, contact_id) DO UPDATE
       SET state = 'unsubscribed', unsubscribed_at = EXCLUDED.unsubscribed_at,
           unsubscribe_reason = EXCLUDED.unsubscribe_reason
     WHERE s.state <> 'unsubscribed' AND (s.confirmed_at IS NULL OR s.confirmed_at <= EXCLUDED.unsubscribed_at)
"""


class HasUnsubscribed(ExpectedError):
    """Only the person themselves can take an opt-out back."""

    def __init__(self) -> None:
        super().__init__("This person has unsubscribed. Only they can sign up again, through one of your forms.")


def subscribe(
    *, contact: Contact, list: List, source: str, now: datetime, state: Subscription.State = State.SUBSCRIBED
) -> Subscription:
    """Put a contact on a list; who stands there already keeps their standing.

    Raises `HasUnsubscribed` if they unsubscribed from this list or are suppressed, restricted or erased.
    """
    if people.kind_of_block(account_id=contact.account_id, address=contact.email):
        raise HasUnsubscribed
    subscription, made = Subscription.objects.get_or_create(
        account_id=contact.account_id,
        list=list,
        contact=contact,
        defaults={
            "state": state,
            "source": source,
            "created_at": now,
            "confirmed_at": now if state == State.SUBSCRIBED else None,
        },
    )
    if subscription.state == State.UNSUBSCRIBED:
        raise HasUnsubscribed
    if made and state == State.SUBSCRIBED:
        _tell("subscribed", contact, [list], now=now)
        if source == Contact.Source.FORM:
            welcoming.welcome(subscription=subscription, contact=contact, list=list, now=now)
    return subscription


def confirm(*, contact: Contact, list: List, source: str, now: datetime) -> Subscription:
    """Subscribe by the person's own confirmed act: also after they had unsubscribed.

    The caller has proof that the owner of the mailbox did it, and lifts suppressions by `standing.lift`.
    """
    subscription, made = Subscription.objects.select_for_update().get_or_create(
        account_id=contact.account_id,
        list=list,
        contact=contact,
        defaults={"state": State.SUBSCRIBED, "source": source, "created_at": now, "confirmed_at": now},
    )
    if made or subscription.state != State.SUBSCRIBED:
        again = not made and subscription.state == State.UNSUBSCRIBED
        subscription.state = State.SUBSCRIBED
        subscription.confirmed_at = now
        subscription.unsubscribed_at = None
        subscription.unsubscribe_reason = ""
        subscription.save()
        if again:
            digest = bytes(contact.email_hash)
            standing.note_joined_list(account_id=contact.account_id, address_hash=digest, list_id=list.pk, now=now)
        _tell("resubscribed" if again else "confirmed", contact, [list], now=now)
        welcoming.welcome(subscription=subscription, contact=contact, list=list, now=now)
    return subscription


def unsubscribe(
    *,
    account_id: int,
    contact_id: int,
    list_ids: Collection[int] | None,
    reason: str = "",
    now: datetime,
) -> int:
    """Take a person off these lists, or with None off every list and suppress the address. Safe to repeat.

    Return how many subscriptions changed; 0 also where the contact is gone.
    """
    contact = Contact.objects.filter(account_id=account_id, pk=contact_id).first()
    if contact is None:
        return 0
    mine = Subscription.objects.filter(account_id=account_id, contact=contact)
    chosen = mine if list_ids is None else mine.filter(list_id__in=list_ids)
    leaving = [*List.objects.filter(pk__in=chosen.exclude(state=State.UNSUBSCRIBED).values("list_id"))]
    if reason != BY_MEMBER:  # their own word takes the place of a member's, so that no undo of many brings them back
        by_member = chosen.filter(state=State.UNSUBSCRIBED, unsubscribe_reason=BY_MEMBER)
        by_member.update(unsubscribed_at=now, unsubscribe_reason=reason[:200])
    changed = chosen.exclude(state=State.UNSUBSCRIBED).update(
        state=State.UNSUBSCRIBED, unsubscribed_at=now, unsubscribe_reason=reason[:200]
    )
    if list_ids is None:
        why = Suppression.Reason.UNSUBSCRIBED
        standing.suppress(account_id=account_id, address=contact.email, reason=why, now=now)
    else:
        _remember_refusal(contact, list_ids, reason=reason, now=now)
    digest = bytes(contact.email_hash)
    standing.note_left_lists(account_id=account_id, address_hash=digest, list_ids=list_ids or (), now=now)
    for list_id in [None] if list_ids is None else list_ids:
        consents.withdraw(account_id=account_id, address_hash=digest, list_id=list_id, now=now)
    if leaving or list_ids is None:
        _tell("unsubscribed", contact, leaving, now=now, reason=reason)
    return changed


def resubscribe(*, account_id: int, contact_id: int, list_ids: Collection[int], source: str, now: datetime) -> int:
    """Take an opt-out back, by the person's own act on a page that only a link mailed to them opens.

    Lifts a suppression that came from an opt-out, no other: a link may have been forwarded, and what was a complaint, an
    objection or a bounce is lifted by a confirmed sign-up only. Return how many lists they stand on again.
    """
    contact = Contact.objects.filter(account_id=account_id, pk=contact_id).first()
    if contact is None:
        return 0
    if standing.blocked_domains(account_id=account_id, domains=[addresses.domain_of(contact.email)]):
        return 0
    address_hash = bytes(contact.email_hash)
    block = standing.blocked(account_id=account_id, hashes=[address_hash]).get(address_hash)
    if block is not None:
        if block.reason != standing.Reason.UNSUBSCRIBED:
            return 0
        standing.lift(account_id=account_id, address_hash=address_hash, by=standing.LiftedBy.PERSON)
    lists = List.objects.filter(account_id=account_id, pk__in=list_ids)
    return len([confirm(contact=contact, list=each, source=source, now=now) for each in lists])


def leave_again(account_id: int, left: Sequence[Left]) -> tuple[int, set[bytes]]:
    """Make opt-outs hold that a restored backup does not know; return how many changed and whose contact is gone.

    What the person confirmed later stands, and so does a list that was made later under the number of another.
    """
    digests = [each.address_hash for each in left]
    with connection.cursor() as cursor:
        cursor.execute(
            _LEAVE_AGAIN,
            {
                "account": account_id,
                "hashes": digests,
                "lists": [each.list_id for each in left],
                "moments": [each.at for each in left],
            },
        )
        changed = cursor.rowcount
    known = Contact.objects.filter(account_id=account_id, email_hash__in=digests).values_list("email_hash", flat=True)
    return changed, set(digests) - {bytes(digest) for digest in known}


def _remember_refusal(contact: Contact, list_ids: Collection[int], *, reason: str, now: datetime) -> None:
    """Write the opt-out down for lists they do not stand on too, so that nothing puts them there later."""
    known = List.objects.filter(account_id=contact.account_id, pk__in=list_ids).exclude(subscriptions__contact=contact)
    Subscription.objects.bulk_create(
        [
            Subscription(
                list=each,
                contact=contact,
                state=State.UNSUBSCRIBED,
                source=contact.source,
                created_at=now,
                unsubscribed_at=now,
                unsubscribe_reason=reason[:200],
            )
            for each in known
        ],
        # Where a member puts them on the list at this very moment, their own word counts.
        update_conflicts=True,
        unique_fields=("account", "list", "contact"),
        update_fields=("state", "unsubscribed_at", "unsubscribe_reason"),
    )


def _tell(verb: str, contact: Contact, lists: Collection[List], *, now: datetime, reason: str = "") -> None:
    details: dict[str, Any] = {"list": ", ".join(each.name for each in lists) or "all mail"}
    if reason:
        details["reason"] = reason
    timeline.write(contact_id=contact.pk, kind=verb, now=now, details=details)
    topic = "contact.unsubscribed" if verb == "unsubscribed" else "contact.subscribed"
    payload = {"contact": contact.pk, "lists": [each.pk for each in lists]}
    outbox.put_event(topic=topic, payload=payload, account_id=contact.account_id, now=now)
