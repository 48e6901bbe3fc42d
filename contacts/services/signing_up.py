"""Hosted forms: submitting, and confirming by link.

Nobody becomes a contact by a submission: what was typed stays sealed until the owner of the mailbox confirms it. What a
submission answers never depends on whether the address is known.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from accounts.models import Account
from accounts.services import keys, outbox
from contacts.models import Contact, Form, FormSubmission
from contacts.services import people, subscribing
from emailconcert.lib import addresses, limits, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from privacy.services import consents, standing

CONFIRM_WITHIN = timedelta(days=7)
_SEALED = "contacts_formsubmission.sealed_values"
_PURPOSE = "confirm sign-up"
_IDS = struct.Struct(">QQ")


class LinkGone(ExpectedError):
    """The link cannot be used any more."""

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. Fill in the form again to get a new one.")


class DataIsRestricted(ExpectedError):
    """The person asked for their data to be left alone; a sign-up does not end that."""

    def __init__(self) -> None:
        super().__init__("You asked for your data to be left as it is. Tell us if you want that to end, then sign up.")


@dataclass(frozen=True)
class Link:
    """A confirmation link, read but not used."""

    account: Account
    submission: FormSubmission
    form: Form


def submit(
    *, form: Form, account: Account, email: str, values: Mapping[str, str], network: str, url: str, now: datetime
) -> None:
    """Take a submission and mail the confirmation link, `url` with `{token}` in it. Raises `addresses.BadAddress`.

    One address gets at most one such mail in 10 minutes and 3 a day; what comes above that is dropped in silence.
    """
    address = addresses.normalise(email)
    digest = addresses.address_hash(address, account_id=account.pk)
    if not _may_mail(address, account_id=account.pk):
        return
    secret = signing.new_secret()
    typed = orjson.dumps({"email": address, **values}).decode()
    submission = FormSubmission.objects.create(
        account_id=account.pk,
        form=form,
        email_hash=digest,
        sealed_values=keys.seal_text(typed, account_id=account.pk, context=_SEALED),
        secret_hash=signing.secret_hash(secret, purpose=_PURPOSE),
        network=network,
        form_version=form.version,
        submitted_at=now,
    )
    consents.record_consent(
        account_id=account.pk,
        address_hash=digest,
        wording_text=form.consent_wording,
        channel=Consent.Channel.FORM,
        list_id=form.list_id,
        source_id=form.pk,
        source_version=form.version,
        network=network,
        now=now,
    )
    payload = _IDS.pack(account.pk, submission.pk) + secret.encode()
    token = signing.sign(payload, purpose=_PURPOSE, expires_at=now + CONFIRM_WITHIN)
    outbox.put_mail(
        template="confirm_subscription",
        to=address,
        context={
            "business": account.name,
            "postal_address": account.postal_address,
            "list": form.list.name,
            "url": url.replace("{token}", token),
        },
        language=account.language,
        account_id=account.pk,
        now=now,
    )


def read_link(*, token: str, now: datetime) -> Link:
    """Return what a confirmation link is for; changes nothing. Raises `LinkGone`."""
    try:
        payload = signing.unsign(token, purpose=_PURPOSE, now=now)
        account_id, submission_id = _IDS.unpack(payload[: _IDS.size])
    except (signing.BadToken, struct.error):
        raise LinkGone from None
    secret = payload[_IDS.size :].decode("ascii", "replace")
    account = Account.objects.filter(pk=account_id, status=Account.Status.ACTIVE).first()
    if account is None:
        raise LinkGone
    with account_scope(account):
        found = FormSubmission.objects.select_related("form", "form__list").filter(
            account_id=account_id,
            pk=submission_id,
            secret_hash=signing.secret_hash(secret, purpose=_PURPOSE),
        )
        submission = found.first()
    if submission is None:
        raise LinkGone
    return Link(account, submission, submission.form)


def confirm(*, link: Link, now: datetime) -> bool:
    """Carry a confirmation out, in the account's scope: the contact, the subscription, the consent.

    False where it was carried out before: an old link never takes a later opt-out back. Lifts what stood against
    writing to them, as only their own confirmed act may. Raises `DataIsRestricted`.
    """
    submission = FormSubmission.objects.select_for_update().get(pk=link.submission.pk)
    if submission.confirmed_at or submission.sealed_values is None:
        return False
    account_id = link.account.pk
    typed = orjson.loads(keys.unseal_text(bytes(submission.sealed_values), account_id=account_id, context=_SEALED))
    address = typed.pop("email")
    if people.kind_of_block(account_id=account_id, address=address) == standing.Kind.RESTRICTED:
        raise DataIsRestricted
    digest = bytes(submission.email_hash)
    standing.lift(account_id=account_id, address_hash=digest, by=standing.LiftedBy.PERSON)
    contact = _take_in(account_id, address, typed, form=link.form, now=now)
    subscribing.confirm(contact=contact, list=link.form.list, source=Contact.Source.FORM, now=now)
    consents.confirm(
        account_id=account_id, address_hash=digest, list_id=link.form.list_id, source_id=link.form.pk, now=now
    )
    submission.contact = contact
    submission.confirmed_at = now
    submission.sealed_values = None
    submission.save(update_fields=["contact", "confirmed_at", "sealed_values"])
    return True


def drop_unconfirmed(*, account_id: int, before: datetime, dry_run: bool) -> int:
    """Delete submissions from before then that were never confirmed, in the account's scope. Return how many."""
    old = FormSubmission.objects.filter(account_id=account_id, confirmed_at=None, submitted_at__lt=before)
    return old.count() if dry_run else old.delete()[0]


def _take_in(account_id: int, address: str, typed: Mapping[str, str], *, form: Form, now: datetime) -> Contact:
    """Add the person, or fill in what they typed themselves."""
    names = {name: typed[name] for name in ("first_name", "last_name") if typed.get(name)}
    own = {name.partition(":")[2]: text for name, text in typed.items() if name.startswith("field:") and text}
    contact = Contact.objects.filter(account_id=account_id, email=address).first()
    if contact is not None:
        changes = {**names, "values": {**contact.values, **own}}
        return people.edit_contact(contact=contact, changes=changes, now=now)
    return people.add_contact(
        account_id=account_id,
        email=address,
        values=own,
        source=Contact.Source.FORM,
        source_id=form.pk,
        now=now,
        first_name=names.get("first_name", ""),
        last_name=names.get("last_name", ""),
    )


def _may_mail(address: str, *, account_id: int) -> bool:
    domain = addresses.domain_of(address)
    if standing.blocked_domains(account_id=account_id, domains=[domain]):
        return False
    # Across accounts: the mailbox is one, however many forms somebody types it into.
    return limits.hit("form mail", address, 1, 600) and limits.hit("form mail a day", address, 3, 24 * 3600)
