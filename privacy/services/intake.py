"""How a request comes in and how the mailbox proves itself.

The public answer is the same whether or not an address is known: nothing is looked up before the emailed link is used,
and mail goes only to the address that was typed. Requests are never taken by phone.
"""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from accounts.services import outbox
from emailconcert.lib import addresses, limits, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest, RequestToken
from privacy.services import clocks, fulfilment, routing, states, texts
from privacy.services.states import State, Who

logger = logging.getLogger(__name__)

LINK_LIFE = timedelta(hours=24)
_PURPOSE = "privacy.verify"
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PER_NETWORK = (20, 3600)
_PER_ADDRESS = (5, 24 * 3600)

# Where no zone is known: one in which the law's day begins early, so that no date comes out late.
_ZONES = {"eu": "Europe/Brussels", "uk": "Europe/London", "california": "America/Los_Angeles", "other": "UTC"}


class TooMany(ExpectedError):
    """Too many requests from one network; says nothing of any address."""

    def __init__(self) -> None:
        super().__init__("There were too many requests from your network. Please try again in an hour.")


class BadLink(ExpectedError):
    """The link is unknown, used or too old."""

    def __init__(self) -> None:
        super().__init__("This link was used already or is older than 24 hours. Send your request again for a new one.")


@dataclass(frozen=True)
class Wanted:
    """What a person typed."""

    type: str
    full_name: str
    email: str
    business_name: str = ""
    details: str = ""
    regime: str = "other"
    language: str = "en"


def submit(*, wanted: Wanted, network: str, now: datetime) -> None:
    """Take a request from the public form; the link to verify it is mailed to the typed address.

    Raises `TooMany`, by network only; too many for one address are dropped in silence.
    """
    if not limits.hit("privacy request by network", network, *_PER_NETWORK):
        raise TooMany
    if not limits.hit("privacy request by address", wanted.email, *_PER_ADDRESS):
        logger.warning("privacy requests for one address limited")
        return
    with platform_scope("privacy: take a request"):
        request = make(wanted=wanted, channel=PrivacyRequest.Channel.FORM, now=now)
        states.begin(request, who=Who.PERSON, now=now)
        mail_link(request, template="privacy_verify", now=now)


def make(
    *,
    wanted: Wanted,
    channel: PrivacyRequest.Channel,
    now: datetime,
    received_at: datetime | None = None,
    subject_kind: PrivacyRequest.SubjectKind = PrivacyRequest.SubjectKind.CONTACT,
) -> PrivacyRequest:
    """Return an unsaved request with its texts sealed and its dates set."""
    zone = _ZONES[wanted.regime]
    request = PrivacyRequest(
        reference=new_reference(),
        type=wanted.type,
        channel=channel,
        subject_kind=subject_kind,
        regime=wanted.regime,
        language=wanted.language,
        zone=zone,
        received_at=received_at or now,
        email_hash=addresses.address_hash(wanted.email, account_id=0),
        sealed_full_name=texts.seal(PrivacyRequest, "sealed_full_name", wanted.full_name),
        sealed_email=texts.seal(PrivacyRequest, "sealed_email", wanted.email),
        sealed_business_name=texts.seal(PrivacyRequest, "sealed_business_name", wanted.business_name),
        sealed_details=texts.seal(PrivacyRequest, "sealed_details", wanted.details),
    )
    set_dates(request, now=now)
    return request


def set_dates(request: PrivacyRequest, *, now: datetime) -> None:
    """Reckon both dates of a request from what is known of it now; the caller saves."""
    dues = {due.clock: due for due in clocks.reckon_all(request.regime, routing.facts(request), now=now)}
    request.promised_due = dues.pop(clocks.Clock.PROMISE).due
    request.legal_due = next((due.due for due in dues.values()), None)


def new_reference() -> str:
    """Return a random public reference, such as PR-7K2M-9QXA-4TBD."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"PR-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def mail_link(request: PrivacyRequest, *, template: str, now: datetime) -> None:
    """Mail a fresh link; the earlier ones stop working. Call inside the platform's scope."""
    secret = signing.new_secret()
    request.tokens.filter(purpose=RequestToken.Purpose.VERIFY, used_at=None).delete()
    RequestToken.objects.create(
        request=request,
        purpose=RequestToken.Purpose.VERIFY,
        secret_hash=signing.secret_hash(secret, purpose=_PURPOSE),
        expires_at=now + LINK_LIFE,
    )
    outbox.put_mail(
        template=template,
        to=texts.read(request, "sealed_email"),
        context={
            "reference": request.reference,
            "type": request.get_type_display(),
            "url": f"{settings.SITE_URL}/privacy/verify/{secret}/",
            "due": clocks.show(request.promised_due),
            "platform": settings.PLATFORM_NAME,
            "dpo": settings.DPO_ADDRESS,
        },
        language=request.language,
        account_id=None,
        now=now,
    )


@dataclass(frozen=True)
class Shown:
    """What the page behind a link shows: nothing that the person did not type."""

    reference: str
    type: str
    due: str


def look(*, secret: str, now: datetime) -> Shown:
    """Return what a link is for and change nothing. Raises `BadLink`."""
    with platform_scope("privacy: look at a link"):
        return _shown(_token(secret, now).request)


def verify(*, secret: str, now: datetime) -> Shown:
    """Use a link: the mailbox is the person's, the request goes its way. Raises `BadLink`, also the second time."""
    with platform_scope("privacy: verify a request"):
        token = _token(secret, now)
        if not RequestToken.objects.filter(pk=token.pk, used_at=None).update(used_at=now):
            raise BadLink
        request = token.request
        if request.state != State.UNVERIFIED:
            raise BadLink
        routing.accept_proof(request, method="link", now=now)
        if request.state == State.EXECUTING:
            fulfilment.object_at_once(request, now=now)
        return _shown(request)


def withdraw(*, secret: str, now: datetime) -> None:
    """Take a request back by its own unused link. Raises `BadLink`."""
    with platform_scope("privacy: withdraw a request"):
        token = _token(secret, now)
        RequestToken.objects.filter(pk=token.pk).update(used_at=now)
        try:
            states.move(token.request, State.WITHDRAWN, who=Who.PERSON, now=now)
        except states.NotAllowed:
            raise BadLink from None


def _token(secret: str, now: datetime) -> RequestToken:
    found = (
        RequestToken.objects.select_related("request")
        .filter(
            purpose=RequestToken.Purpose.VERIFY,
            secret_hash=signing.secret_hash(secret, purpose=_PURPOSE),
            used_at=None,
            expires_at__gt=now,
        )
        .first()
    )
    if found is None:
        raise BadLink
    return found


def _shown(request: PrivacyRequest) -> Shown:
    return Shown(request.reference, request.get_type_display(), clocks.show(request.promised_due))
