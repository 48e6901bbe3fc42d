"""Adding, changing and deleting contacts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.services import auditing, outbox
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Contact, DepartedContact, Subscription
from contacts.services import timeline
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from privacy.models import Suppression
from privacy.services import standing

PROFILE_FIELDS = ("first_name", "last_name", "language", "country", "time_zone")


class AlreadyThere(ExpectedError):
    """The account has a contact with this address."""

    def __init__(self, contact: Contact) -> None:
        super().__init__("This address is in your contacts already.")
        self.contact = contact


class KeptOut(ExpectedError):
    """The address is blocked. One sentence for every reason, so that it does not tell who was erased."""

    def __init__(self) -> None:
        super().__init__(
            "This address can't be added: its owner asked not to be kept here, or mail to it came back. "
            "They can sign up again through one of your forms."
        )


class IsRestricted(ExpectedError):
    """The person's data may be stored and nothing else."""

    def __init__(self) -> None:
        super().__init__("This person asked for their data to be left as it is. It can be changed once that ends.")


def add_contact(
    *,
    account_id: int,
    email: str,
    first_name: str = "",
    last_name: str = "",
    language: str = "",
    country: str = "",
    time_zone: str = "",
    values: Mapping[str, Any] | None = None,
    source: str,
    source_id: int | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Contact:
    """Add a person to the account in scope.

    Raises `addresses.BadAddress`, `AlreadyThere`, or `KeptOut` for who was suppressed, restricted or erased: only their
    own confirmed opt-in (`services.signing_up`) lifts that.
    """
    address = addresses.normalise(email)
    digest = addresses.address_hash(address, account_id=account_id)
    refuse_blocked(account_id=account_id, address=address)
    contact = Contact(
        account_id=account_id,
        email=address,
        email_hash=digest,
        first_name=first_name.strip(),
        last_name=last_name.strip(),
        language=language,
        country=country.upper(),
        time_zone=time_zone,
        values=dict(values or {}),
        source=source,
        source_id=source_id,
        created_at=now,
        updated_at=now,
    )
    try:
        with transaction.atomic():
            contact.save(force_insert=True)
    except IntegrityError:
        known = Contact.objects.filter(account_id=account_id, email=address).first()
        if known is None:
            raise
        raise AlreadyThere(known) from None
    _announce("added", contact, actor=actor, now=now)
    return contact


def edit_contact(*, contact: Contact, changes: Mapping[str, Any], now: datetime, actor: Actor = SYSTEM) -> Contact:
    """Change a contact's address, profile fields or custom `values`; nothing is written where nothing differs.

    A suppression follows to the new address. Raises `BadAddress`, `AlreadyThere`, `KeptOut`, `IsRestricted`.
    """
    kind = kind_of_block(account_id=contact.account_id, address=contact.email)
    if kind == standing.Kind.RESTRICTED:
        raise IsRestricted
    changed = [
        name for name in (*PROFILE_FIELDS, "values") if name in changes and changes[name] != getattr(contact, name)
    ]
    for name in changed:
        setattr(contact, name, changes[name])
    if "email" in changes and (address := addresses.normalise(changes["email"])) != contact.email:
        _move(contact, address, suppressed=kind is not None, now=now)
        changed += ["email", "email_hash"]
    if not changed:
        return contact
    contact.updated_at = now
    contact.save(update_fields=[*changed, "updated_at"])
    names = [name for name in changed if name != "email_hash"]
    _announce("changed", contact, actor=actor, now=now, details={"fields": names})
    return contact


def delete_contact(*, contact: Contact, now: datetime, actor: Actor = SYSTEM) -> bool:
    """Delete a contact; tell whether they had opted out, which is then kept as a suppression of the address.

    This is not erasure: an opt-out outlives it, and messages keep their outcomes. One that comes later finds the address
    by what is kept here.
    """
    # An opt-out that is being written is waited for, one that comes now waits for the end of this transaction.
    Contact.objects.select_for_update().filter(pk=contact.pk).first()
    opted_out = _has_opted_out(contact)
    if opted_out:
        standing.suppress(
            account_id=contact.account_id,
            address=contact.email,
            reason=Suppression.Reason.UNSUBSCRIBED,
            now=now,
        )
    contact_id, account_id = contact.pk, contact.account_id
    contact.delete()
    DepartedContact.objects.get_or_create(
        account_id=account_id,
        contact_id=contact_id,
        defaults={"email_hash": bytes(contact.email_hash), "departed_at": now},
    )
    outbox.put_event(topic="contact.deleted", payload={"contact": contact_id}, account_id=account_id, now=now)
    auditing.record(
        action="contact.deleted", actor=actor, now=now, account_id=account_id, target=("contact", contact_id)
    )
    return opted_out


def departed_hash(*, account_id: int, contact_id: int) -> bytes | None:
    """Return the hash of the address that a deleted contact had; None where there was no such contact, or it was erased."""
    left = DepartedContact.objects.filter(account_id=account_id, contact_id=contact_id)
    digest = left.values_list("email_hash", flat=True).first()
    return None if digest is None else bytes(digest)


def refuse_blocked(*, account_id: int, address: str) -> None:
    """Raise `KeptOut` if the (normalised) address must not be written to or kept."""
    if kind_of_block(account_id=account_id, address=address):
        raise KeptOut


def kind_of_block(*, account_id: int, address: str) -> standing.Kind | None:
    """Return how a normalised address is blocked, by itself or by its domain; None where it is not."""
    digest = addresses.address_hash(address, account_id=account_id)
    if block := standing.blocked(account_id=account_id, hashes=[digest]).get(digest):
        return block.kind
    domain = addresses.domain_of(address)
    shut = standing.blocked_domains(account_id=account_id, domains=[domain])
    return standing.Kind.SUPPRESSED if shut else None


def _move(contact: Contact, address: str, *, suppressed: bool, now: datetime) -> None:
    if known := Contact.objects.filter(account_id=contact.account_id, email=address).first():
        raise AlreadyThere(known)
    refuse_blocked(account_id=contact.account_id, address=address)
    if _has_opted_out(contact):  # the list goes with the contact: the address left behind must not come in again
        reason = Suppression.Reason.UNSUBSCRIBED
        standing.suppress(account_id=contact.account_id, address=contact.email, reason=reason, now=now)
    contact.email = address
    contact.email_hash = addresses.address_hash(address, account_id=contact.account_id)
    if suppressed:
        reason = Suppression.Reason.MANUAL
        standing.suppress(account_id=contact.account_id, address=address, reason=reason, now=now)


def _has_opted_out(contact: Contact) -> bool:
    left = Subscription.objects.filter(contact=contact, state=Subscription.State.UNSUBSCRIBED)
    return left.filter(account_id=contact.account_id).exists()


def _announce(
    verb: str, contact: Contact, *, actor: Actor, now: datetime, details: dict[str, Any] | None = None
) -> None:
    timeline.write(contact_id=contact.pk, kind=verb, now=now, details=details)
    outbox.put_event(
        topic=f"contact.{verb}",
        payload={"contact": contact.pk, **(details or {})},
        account_id=contact.account_id,
        now=now,
    )
    auditing.record(
        action=f"contact.{verb}",
        actor=actor,
        now=now,
        account_id=contact.account_id,
        target=("contact", contact.pk),
        details=details,
    )
