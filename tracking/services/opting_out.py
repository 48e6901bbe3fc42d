"""A person's own choices from a link in a mail: leave, take it back, choose lists, pause, not be tracked.

Whoever holds the link may be somebody the mail was forwarded to, so nothing stored is ever shown; choosing is all that
the link is good for.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from django.db import connection
from django.db.models import QuerySet

from contacts.models import Contact, List, Subscription
from contacts.services import people
from contacts.services.hosted import preferring
from contacts.services.lists import subscribing
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, Suppression
from privacy.services import consents, standing
from tracking.models import Inbox, Kind
from tracking.services.addressing import Addressed

PAUSES = (30, 60, 90)
_UNDO = "tracking undo"
_UNDO_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Left:
    """What an opt-out did; `undo` is a token that takes exactly that back."""

    everything: bool
    undo: str


def leave(*, addressed: Addressed, everything: bool, reason: str, now: datetime) -> Left:
    """Take the person off the mailing's lists, or off all mail (also where it went to no list). Idempotent.

    Where the contact was deleted, the address that they had gets no more mail at all.
    """
    if addressed.account is None or addressed.contact_id is None:
        return Left(everything, "")
    account_id, contact_id = addressed.account.pk, addressed.contact_id
    with account_scope(account_id):
        if not _hold(contact_id):
            _bar_departed(account_id, contact_id, now=now)
            return Left(everything=True, undo="")
        list_ids = _lists_of(addressed)
        everything = everything or not list_ids
        standing_on = Subscription.objects.filter(contact_id=contact_id, state=Subscription.State.SUBSCRIBED)
        touched = sorted(
            (standing_on if everything else standing_on.filter(list_id__in=list_ids)).values_list("list_id", flat=True)
        )
        was_barred = _is_suppressed(addressed)
        changed = subscribing.unsubscribe(
            account_id=account_id,
            contact_id=contact_id,
            list_ids=None if everything else list_ids,
            reason=reason,
            now=now,
        )
        lifts = everything and not was_barred
        if changed or lifts:
            _count(addressed, now=now)
    undo = _undo_token(addressed, touched, lifts=lifts, now=now) if touched or lifts else ""
    return Left(everything, undo)


def take_back(*, addressed: Addressed, undo: str, now: datetime) -> bool:
    """Undo an opt-out that was made here within the hour; tell whether there was something to undo.

    Raises `BadToken` where the token is not of this message's opt-out, or is older.
    """
    mailing_id, sequence, list_ids, lifts = orjson.loads(signing.unsign(undo, purpose=_UNDO, now=now))
    if (mailing_id, sequence) != (addressed.mailing_id, addressed.sequence):
        raise signing.BadToken
    if addressed.account is None or addressed.contact is None:
        return False
    account_id, contact = addressed.account.pk, addressed.contact
    with account_scope(account_id):
        if lifts and _reason(addressed) == Suppression.Reason.UNSUBSCRIBED:
            standing.lift(account_id=account_id, address_hash=bytes(contact.email_hash), by=standing.LiftedBy.PERSON)
        if people.kind_of_block(account_id=account_id, address=contact.email):
            return False  # something else happened meanwhile, for example a complaint
        for each in List.objects.filter(pk__in=list_ids):
            subscribing.confirm(contact=contact, list=each, source="form", now=now)
    return True


def choose(
    *,
    addressed: Addressed,
    join: Collection[int],
    stop: Collection[int],
    pause_days: int | None,
    tracking_off: bool | None,
    language: str = "",
    wording: str,
    network: str,
    now: datetime,
) -> None:
    """Carry out what was chosen on the preference page; what was left as it is (None) stays so."""
    if addressed.account is None or addressed.contact_id is None:
        return
    account_id, contact = addressed.account.pk, addressed.contact
    with account_scope(account_id):
        if contact is None or not _hold(contact.pk):
            if stop:
                _bar_departed(account_id, addressed.contact_id, now=now)
            return
        public = set(public_lists().values_list("pk", flat=True))
        if leaving := public & set(stop):
            changed = subscribing.unsubscribe(
                account_id=account_id, contact_id=contact.pk, list_ids=leaving, reason="Preference page", now=now
            )
            if changed:
                _count(addressed, now=now)
        if joining := public & set(join) - set(stop):
            _join(addressed, joining, wording=wording, network=network, now=now)
        if pause_days in PAUSES:
            until = now + timedelta(days=pause_days)
            preferring.pause(account_id=account_id, contact_id=contact.pk, until=until, now=now)
        if tracking_off is not None:
            preferring.choose_tracking(account_id=account_id, contact_id=contact.pk, is_off=tracking_off, now=now)
        if language:
            with suppress(people.IsRestricted):  # what is restricted is left as it is
                source = Contact.Source.PREFERENCES
                people.edit_contact(contact=contact, changes={"language": language}, source=source, now=now)


def _join(addressed: Addressed, list_ids: set[int], *, wording: str, network: str, now: datetime) -> None:
    account, contact = addressed.account, addressed.contact
    if account is None or contact is None:
        return
    done = subscribing.resubscribe(
        account_id=account.pk, contact_id=contact.pk, list_ids=list_ids, source=Contact.Source.PREFERENCES, now=now
    )
    for list_id in sorted(list_ids) if done else ():
        consents.record_consent(
            account_id=account.pk,
            address_hash=bytes(contact.email_hash),
            wording_text=wording,
            channel=Consent.Channel.PREFERENCES,
            list_id=list_id,
            network=network,
            now=now,
            confirmed=True,
        )


def public_lists() -> QuerySet[List]:
    """Return the lists that the account in scope offers on its preference page."""
    return List.objects.filter(is_public=True).order_by("name")


def opt_out_by_mail(*, mailing_id: int, sequence: int, now: datetime) -> bool:
    """Do what one click does, for a mail to the address in List-Unsubscribe; tell whether the message is known."""
    with platform_scope("tracking: opt out by mail"), connection.cursor() as cursor:
        cursor.execute("SELECT tracking_opt_out(%s, %s, %s, '', 'mail', NULL)", [mailing_id, sequence, now])
        return bool(cursor.fetchone()[0])


def _hold(contact_id: int) -> bool:
    """Keep the contact from being deleted until the end of the transaction; False where it is gone."""
    return Contact.objects.select_for_update(no_key=True).filter(pk=contact_id).first() is not None


def _bar_departed(account_id: int, contact_id: int, *, now: datetime) -> None:
    """Opt the address of a deleted contact out of all mail, so that it does not come in again."""
    digest = people.departed_hash(account_id=account_id, contact_id=contact_id)
    if digest is not None:
        why = Suppression.Reason.UNSUBSCRIBED
        standing.suppress_hash(account_id=account_id, address_hash=digest, reason=why, now=now)
        consents.withdraw(account_id=account_id, address_hash=digest, now=now)


def _lists_of(addressed: Addressed) -> list[int]:
    wanted = addressed.mailing.list_ids if addressed.mailing else []
    return sorted(List.objects.filter(pk__in=wanted).values_list("pk", flat=True))


def _reason(addressed: Addressed) -> str | None:
    digest = bytes(addressed.contact.email_hash) if addressed.contact else b""
    return Suppression.objects.filter(address_hash=digest).values_list("reason", flat=True).first()


def _is_suppressed(addressed: Addressed) -> bool:
    return _reason(addressed) is not None


def _count(addressed: Addressed, *, now: datetime) -> None:
    event = Inbox(
        kind=Kind.UNSUBSCRIBE, mailing_id=addressed.mailing_id, sequence=addressed.sequence, at=now, method="PAGE"
    )
    # As the platform's role, because the application's own may insert here but not read back.
    with platform_scope("tracking: count an opt-out"):
        event.save(force_insert=True)


def _undo_token(addressed: Addressed, list_ids: list[int], *, lifts: bool, now: datetime) -> str:
    facts = orjson.dumps([addressed.mailing_id, addressed.sequence, list_ids, lifts])
    return signing.sign(facts, purpose=_UNDO, expires_at=now + _UNDO_FOR)
