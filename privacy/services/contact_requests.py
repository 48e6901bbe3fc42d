"""Requests of contacts from their preference page, where a code mailed to the address has just proved the mailbox."""

from datetime import datetime

from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest
from privacy.services import intake, letters, routing, states
from privacy.services.states import CLOSED, Who

TYPES = (PrivacyRequest.Type.COPY, PrivacyRequest.Type.RESTRICT, PrivacyRequest.Type.ERASE)
METHOD = "code"


class AlreadyAsked(ExpectedError):
    """The same request is still open."""

    def __init__(self) -> None:
        super().__init__("You have asked for this already, and it is not answered yet.")


def ask(
    *, account_id: int, business_name: str, wanted_type: str, full_name: str, email: str, language: str, now: datetime
) -> str:
    """Take a request whose mailbox was proved by a code; it goes to the account owner and the DPO. Return its reference.

    Raises `AlreadyAsked`.
    """
    wanted = intake.Wanted(
        type=PrivacyRequest.Type(wanted_type),
        full_name=full_name,
        email=email,
        business_name=business_name,
        details="Asked on the preference page.",
        regime="eu",
        language=language,
    )
    with platform_scope("privacy: take a contact's own request"):
        same = PrivacyRequest.objects.filter(
            email_hash=addresses.address_hash(email, account_id=0), account_id=account_id, type=wanted.type
        )
        if same.exclude(state__in=CLOSED).exists():
            raise AlreadyAsked
        request = intake.make(wanted=wanted, channel=PrivacyRequest.Channel.FORM, now=now)
        request.account_id = account_id
        states.begin(request, who=Who.PERSON, now=now)
        routing.accept_proof(request, method=METHOD, now=now)
        letters.to_person(request, "privacy_received", now=now)
    return request.reference
