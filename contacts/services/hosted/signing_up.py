"""Hosted forms: submitting, and confirming by link.

Nobody becomes a contact by a submission: what was typed stays sealed until the owner of the mailbox confirms it. What a
submission answers never depends on whether the address is known.
"""

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import connection

from accounts.models import Account
from accounts.services import keys, outbox
from contacts import fields
from contacts.fields import Value, show
from contacts.hosted import blueprint as blueprints
from contacts.hosted import phrases
from contacts.hosted.blueprint import STATEMENT, Blueprint
from contacts.models import Contact, FormSubmission, FormVersion, List
from contacts.services import people
from contacts.services.hosted import form_counting, taking_in
from contacts.services.hosted.form_keeping import Online
from contacts.services.lists import subscribing
from emailconcert.lib import addresses, limits, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from privacy.services import form_consents, guard, standing

CONFIRM_WITHIN = timedelta(days=7)
_SEALED = "contacts_formsubmission.sealed_values"
_PURPOSE = "confirm sign-up"
_IDS = struct.Struct(">QQ")

# The submission, what was agreed to, and the day's count, or nothing where mail to the domain is barred: one round trip.
_TAKE_DOWN = f"""
    WITH made AS (
        INSERT INTO contacts_formsubmission (account_id, form_id, email_hash, sealed_values, secret_hash, network,
                                             form_version, language, submitted_at)
        SELECT %(account)s, %(form)s, %(hash)s, %(sealed)s, %(secret)s, %(network)s, %(version)s, %(language)s, %(now)s
        WHERE NOT {standing.domain_suppressed_sql(account="%(account)s", email="%(address)s::text")}
        RETURNING id
    ), agreed AS (
        {form_consents.record_sql(only_if="made")}
    ), counted AS (
        INSERT INTO contacts_formday (account_id, form_id, day, submissions)
        SELECT %(account)s, %(form)s, %(day)s, 1 FROM made
        ON CONFLICT (account_id, form_id, day) DO UPDATE SET submissions = contacts_formday.submissions + 1
    )
    SELECT id FROM made
"""  # noqa: S608  # constants


class LinkGone(ExpectedError):
    """The link cannot be used any more."""

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. Fill in the form again to get a new one.")


class DataIsRestricted(ExpectedError):
    """The person asked for their data to be left alone; a sign-up does not end that."""

    def __init__(self) -> None:
        super().__init__("You asked for your data to be left as it is. Tell us if you want that to end, then sign up.")


class DomainIsBarred(ExpectedError):
    """The account has come not to write to this domain since the link was mailed."""

    def __init__(self) -> None:
        super().__init__("We don't write to addresses of this provider. Sign up with another address, please.")


@dataclass(frozen=True)
class Filled:
    """What somebody filled in: values by field, ids of lists, keys of the boxes they ticked."""

    email: str
    values: Mapping[str, Value]
    lists: Collection[int]
    boxes: Collection[str] = ()


@dataclass(frozen=True)
class Link:
    """A confirmation link, read but not used, with the form as the person saw it."""

    account: Account
    submission: FormSubmission
    blueprint: Blueprint
    language: str


def submit(
    *, account: Account, form: Online, filled: Filled, language: str, network: str, url: str, now: datetime
) -> bool:
    """Take a submission and mail the confirmation link, `url` with `{token}` in it.

    True where it counts at once, because every list chosen asks for no confirmation: that tells nothing of the address,
    as a link is mailed even then to whom only their own confirmed act may bring back.

    One address gets at most one such mail in 10 minutes and 3 a day; what comes above that is dropped in silence.
    Raises `addresses.BadAddress`, `guard.SpecialCategory`.
    """
    address = addresses.normalise(filled.email)
    for name, value in filled.values.items():
        if name.startswith(fields.FIELD):
            # As members know the field, so that what the officer allows for it passes everywhere.
            label = name.removeprefix(fields.FIELD).replace("_", " ")
            guard.refuse_values([show(value)], place="form", name=label, now=now)
    at_once = form.is_at_once(filled.lists)
    may_mail = _may_mail(address)
    if not (may_mail or at_once):
        return at_once
    secret = signing.new_secret()
    submission_id = _take_down(
        account, form, filled, address=address, secret=secret, language=language, network=network, now=now
    )
    if submission_id is None or (
        at_once and _count_at_once(account, form, filled, address=address, submission_id=submission_id, now=now)
    ):
        return at_once
    if not may_mail:
        return at_once
    payload = _IDS.pack(account.pk, submission_id) + secret.encode()
    token = signing.sign(payload, purpose=_PURPOSE, expires_at=now + CONFIRM_WITHIN)
    fixed, text = phrases.fixed(language), form.blueprint.text
    outbox.put_mail(
        template="confirm_subscription",
        to=address,
        context={
            "business": account.name,
            "postal_address": account.postal_address,
            "subject": text("subject", language),
            "text": text("mail", language),
            "press": text("confirm_button", language),
            "why": fixed["why_mail"].replace("{business}", account.name),
            "url": url.replace("{token}", token),
        },
        language=language,
        account_id=account.pk,
        now=now,
    )
    return at_once


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
        submission = FormSubmission.objects.filter(
            account_id=account_id, pk=submission_id, secret_hash=signing.secret_hash(secret, purpose=_PURPOSE)
        ).first()
        version = _version_of(submission) if submission else None
    if submission is None or version is None:
        raise LinkGone
    blueprint = blueprints.from_json(version.blueprint)
    return Link(account, submission, blueprint, submission.language or blueprint.languages[0])


def confirm(*, link: Link, now: datetime) -> bool:
    """Carry a confirmation out, in the account's scope: the contact, the subscriptions, the consents.

    False where it was carried out before: an old link never takes a later opt-out back. Lifts what stood against
    writing to them, as only their own confirmed act may. Raises `DataIsRestricted`, `DomainIsBarred`.
    """
    submission = FormSubmission.objects.select_for_update().get(pk=link.submission.pk)
    if submission.confirmed_at or submission.sealed_values is None:
        return False
    account_id = link.account.pk
    typed = orjson.loads(keys.unseal_text(bytes(submission.sealed_values), account_id=account_id, context=_SEALED))
    address = typed.pop("email")
    if people.kind_of_block(account_id=account_id, address=address) == standing.Kind.RESTRICTED:
        raise DataIsRestricted
    if standing.blocked_domains(account_id=account_id, domains=[addresses.domain_of(address)]):
        raise DomainIsBarred
    digest = bytes(submission.email_hash)
    standing.lift(account_id=account_id, address_hash=digest, by=standing.LiftedBy.PERSON)
    # What was typed before forms had versions stands beside the address itself.
    contact = taking_in.take_in(account_id, address, typed.get("values", typed), form_id=submission.form_id, now=now)
    wanted = typed.get("lists", link.blueprint.lists)
    for each in List.objects.filter(account_id=account_id, pk__in=wanted).order_by("name"):
        subscribing.confirm(contact=contact, list=each, source=Contact.Source.FORM, now=now)
    form_consents.confirm(
        account_id=account_id,
        address_hash=digest,
        form_id=submission.form_id,
        given_at=submission.submitted_at,
        now=now,
    )
    form_counting.count_confirmation(account_id=account_id, form_id=submission.form_id, now=now)
    submission.contact = contact
    submission.confirmed_at = now
    submission.sealed_values = None
    submission.save(update_fields=["contact", "confirmed_at", "sealed_values"])
    return True


def drop_unconfirmed(*, account_id: int, before: datetime, dry_run: bool) -> int:
    """Delete submissions from before then that were never confirmed, in the account's scope. Return how many."""
    old = FormSubmission.objects.filter(account_id=account_id, confirmed_at=None, submitted_at__lt=before)
    return old.count() if dry_run else old.delete()[0]


def _version_of(submission: FormSubmission) -> FormVersion | None:
    of_form = FormVersion.objects.filter(account_id=submission.account_id, form_id=submission.form_id)
    # A submission from before there were versions is of the first one that was kept.
    return of_form.filter(number__gte=submission.form_version).order_by("number").first()


def _take_down(
    account: Account,
    form: Online,
    filled: Filled,
    *,
    address: str,
    secret: str,
    language: str,
    network: str,
    now: datetime,
) -> int | None:
    """Write the submission down; None where the account never mails the address's domain."""
    lists = form.offered(filled.lists)
    boxes = [f"box:{each.key}" for each in form.blueprint.boxes if each.key in filled.boxes]
    wordings = form.wordings[language]
    agreed: list[tuple[int, int | None]] = [(wordings[STATEMENT], pk) for pk in lists if STATEMENT in wordings]
    agreed += [(wordings[key], None) for key in boxes if key in wordings]
    typed = {"email": address, "values": filled.values, "lists": lists}
    values: dict[str, Any] = {
        "account": account.pk,
        "form": form.form_id,
        "hash": addresses.address_hash(address, account_id=account.pk),
        "sealed": keys.seal_for(account, orjson.dumps(typed).decode(), context=_SEALED),
        "secret": signing.secret_hash(secret, purpose=_PURPOSE),
        "network": network,
        "version": form.number,
        "language": language,
        "address": address,
        "day": now.astimezone(UTC).date(),
        "now": now,
        "wordings": [wording for wording, _ in agreed],
        "lists": [pk for _, pk in agreed],
        "channel": str(Consent.Channel.FORM),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_DOWN, values)
        row = cursor.fetchone()
    return row[0] if row else None


def _count_at_once(
    account: Account, form: Online, filled: Filled, *, address: str, submission_id: int, now: datetime
) -> bool:
    """Take somebody in without a link; False where they have to confirm."""
    contact = taking_in.take_at_once(
        account_id=account.pk,
        address=address,
        values=filled.values,
        list_ids=form.offered(filled.lists),
        form_id=form.form_id,
        now=now,
    )
    if contact is None:
        return False
    FormSubmission.objects.filter(pk=submission_id).update(contact=contact, sealed_values=None, secret_hash=None)
    form_counting.count_confirmation(account_id=account.pk, form_id=form.form_id, now=now)
    return True


def _may_mail(address: str) -> bool:
    # Across accounts: the mailbox is one, however many forms somebody types it into.
    return limits.hit("form mail", address, 1, 600) and limits.hit("form mail a day", address, 3, 24 * 3600)
