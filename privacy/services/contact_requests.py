"""Requests of contacts from their preference page, where a code mailed to the address has just proved the mailbox."""

from collections.abc import Collection
from datetime import datetime

from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest
from privacy.services import intake, letters, routing, states
from privacy.services.states import CLOSED, Who

TYPES = (PrivacyRequest.Type.COPY, PrivacyRequest.Type.RESTRICT, PrivacyRequest.Type.ERASE)
METHOD = "code"
_State = PrivacyRequest.State
_UNDER_WAY = (
    _State.VERIFIED, _State.WITH_CONTROLLER, _State.REVIEW, _State.CLARIFYING, _State.APPROVED, _State.EXECUTING,
    _State.FAILED,
)  # fmt: skip


class AlreadyAsked(ExpectedError):
    """The same request is still open."""

    def __init__(self) -> None:
        super().__init__("You have asked for this already, and it is not answered yet.")


class IsUnderWay(ExpectedError):
    """A request is carried out by the address it names, so that stays until then."""

    def __init__(self) -> None:
        super().__init__(
            "This person has made a privacy request, which is found by their address. "
            "Change or merge it once that is answered."
        )


def refuse_under_way(*, account_id: int, emails: Collection[str]) -> None:
    """Raise `IsUnderWay` if one of these has a verified request about the account that is not answered yet."""
    hashes = [addresses.address_hash(each, account_id=0) for each in emails]
    with platform_scope("privacy: look for a contact's open request"):
        rows = PrivacyRequest.objects.filter(email_hash__in=hashes, account_id=account_id, state__in=_UNDER_WAY)
        if rows.exists():
            raise IsUnderWay


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
