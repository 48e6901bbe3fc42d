"""Adding, changing and deleting contacts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.services import auditing, outbox
from accounts.services.auditing import SYSTEM, Actor
from contacts.fields import STANDARD, Field, Value, own_fields
from contacts.models import Contact, DepartedContact, Subscription
from contacts.services import timeline
from contacts.services.fields import field_values, sources
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from privacy.models import Suppression
from privacy.services import contact_requests, joining, standing

_PROFILE = {field.name: field for field in STANDARD if field.name != "email"}


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
        super().__init__(
            "This person asked for their data to be left as it is. It can be changed or deleted once that ends."
        )


def add_contact(
    *,
    account_id: int,
    email: str,
    first_name: str = "",
    last_name: str = "",
    date_of_birth: date | None = None,
    gender: str = "",
    language: str = "",
    country: str = "",
    time_zone: str = "",
    phone: str = "",
    values: Mapping[str, Any] | None = None,
    source: str,
    source_id: int | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Contact:
    """Add a person to the account in scope; `values` are those of its own fields by key, as `contacts.fields` reads them.

    Where `values` are given, defaults fill in what is missing and required fields are asked for. Raises
    `addresses.BadAddress`, `AlreadyThere`, `field_values.MissingValue`, `guard.SpecialCategory`, or `KeptOut` for who was
    suppressed, restricted or erased: only their own confirmed opt-in (`services.signing_up`) lifts that.
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
        date_of_birth=date_of_birth,
        gender=gender,
        language=language,
        country=country.upper(),
        time_zone=time_zone,
        phone=phone,
        source=source,
        source_id=source_id,
        created_at=now,
        updated_at=now,
    )
    if values is not None:
        fill(contact, values, now=now)
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


def fill(contact: Contact, values: Mapping[str, Any], *, now: datetime) -> None:
    """Set the account's own fields on a new contact; the guard looks at them. Raises as `add_contact` does."""
    known = {field.key: field for field in own_fields(contact.account_id)}
    given = {known[key]: value for key, value in values.items() if key in known}
    typed = field_values.with_defaults(known.values(), given)
    field_values.look_at(typed, place=contact.source, now=now)
    contact.values = {key: value for key, value in values.items() if key not in known}
    field_values.put(contact, typed)


def look_at(*, account_id: int, values: Mapping[str, Any], place: str, now: datetime) -> None:
    """Raise `guard.SpecialCategory`, with the finding written down, if own values by key tell of a special category."""
    typed = {field: values[field.key] for field in own_fields(account_id) if field.key in values}
    field_values.look_at(typed, place=place, now=now)


def edit_contact(
    *,
    contact: Contact,
    changes: Mapping[str, Any],
    source: str = Contact.Source.MEMBER,
    source_id: int | None = None,
    now: datetime,
    actor: Actor = SYSTEM,
) -> Contact:
    """Change a contact; nothing is written where nothing differs.

    `changes` name the address, standard fields, and under "values" own fields by key; what is not named stays. Values are
    as `contacts.fields` reads them. Where they came from is noted. A suppression follows to the new address. Raises
    `BadAddress`, `AlreadyThere`, `KeptOut`, `IsRestricted`, `contact_requests.IsUnderWay`, `field_values.MissingValue`,
    `guard.SpecialCategory`.
    """
    kind = kind_of_block(account_id=contact.account_id, address=contact.email)
    if kind == standing.Kind.RESTRICTED:
        raise IsRestricted
    typed = _typed(contact.account_id, changes)
    field_values.look_at(typed, place=source, now=now)
    _read_again(contact)
    changed = field_values.put(contact, typed)
    names, columns = [field.name for field in changed], field_values.columns_of(changed)
    if "email" in changes and (address := addresses.normalise(changes["email"])) != contact.email:
        _move(contact, address, suppressed=kind is not None, now=now)
        names, columns = ["email", *names], ["email", "email_hash", *columns]
    if not names:
        return contact
    sources.mark(contact, names=names, source=source, source_id=source_id, now=now)
    contact.updated_at = now
    contact.save(update_fields=[*columns, "value_sources", "updated_at"])
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


def _typed(account_id: int, changes: Mapping[str, Any]) -> dict[Field, Value]:
    typed: dict[Field, Value] = {_PROFILE[name]: value for name, value in changes.items() if name in _PROFILE}
    own: Mapping[str, Value] = changes.get("values", {})
    if own:
        for field in own_fields(account_id):
            if field.key in own:
                typed[field] = own[field.key]
                if field.required and field_values.is_empty(own[field.key]):
                    raise field_values.MissingValue(field)
    return typed


def _read_again(contact: Contact) -> None:
    """Wait for whoever is changing the contact, and start from what they wrote: several fields share a column."""
    columns = ("values", "sealed_values", "value_sources")
    row = Contact.objects.select_for_update().filter(account_id=contact.account_id, pk=contact.pk).values(*columns)
    for name, held in (row.first() or {}).items():
        setattr(contact, name, held)


def _move(contact: Contact, address: str, *, suppressed: bool, now: datetime) -> None:
    if known := Contact.objects.filter(account_id=contact.account_id, email=address).first():
        raise AlreadyThere(known)
    refuse_blocked(account_id=contact.account_id, address=address)
    account_id, left = contact.account_id, contact.email
    contact_requests.refuse_under_way(account_id=account_id, emails=[left])
    contact.email = address
    contact.email_hash = addresses.address_hash(address, account_id=account_id)
    if suppressed:  # perhaps by the domain alone, which the address leaves
        standing.suppress(account_id=account_id, address=address, reason=Suppression.Reason.MANUAL, now=now)
    joining.join(account_id=account_id, stays=address, leaves=left, left_lists=(), now=now)
    old_hash = addresses.address_hash(left, account_id=account_id)
    DepartedContact.objects.filter(account_id=account_id, email_hash=old_hash).update(email_hash=contact.email_hash)
    if _has_opted_out(contact):  # the list goes with the contact: the address left behind must not come in again
        reason = Suppression.Reason.UNSUBSCRIBED
        standing.suppress(account_id=account_id, address=left, reason=reason, now=now)


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
