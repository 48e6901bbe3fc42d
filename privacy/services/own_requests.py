"""Requests of signed-in people about their own login profile; EmailConcert itself is the controller."""

from datetime import datetime

from accounts.models import User
from accounts.services import auditing
from accounts.services.auditing import Actor
from emailconcert.lib import limits
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest
from privacy.services import intake, letters, routing, states
from privacy.services.states import CLOSED, Who


class WrongPassword(ExpectedError):
    """The password is not right, or was tried too often."""

    def __init__(self) -> None:
        super().__init__("That is not your password. After five attempts, wait a quarter of an hour.")


class AlreadyAsked(ExpectedError):
    """The same request is still open."""

    def __init__(self) -> None:
        super().__init__("You have asked for this already, and it is not answered yet.")


def ask(*, user: User, password: str, type: str, details: str, actor: Actor, now: datetime) -> PrivacyRequest:
    """Take a request after a fresh proof by password; it goes to the DPO.

    Raises `WrongPassword` and `AlreadyAsked`.
    """
    if not limits.hit("own data password", user.pk, 5, 900) or not user.check_password(password):
        raise WrongPassword
    limits.forget("own data password", user.pk)
    wanted = intake.Wanted(
        type=type, full_name=user.name, email=user.email, details=details, regime="eu", language=user.language
    )
    with platform_scope("privacy: take a member's own request"):
        if PrivacyRequest.objects.filter(user=user, type=type).exclude(state__in=CLOSED).exists():
            raise AlreadyAsked
        request = intake.make(
            wanted=wanted,
            channel=PrivacyRequest.Channel.ACCOUNT,
            now=now,
            subject_kind=PrivacyRequest.SubjectKind.USER,
        )
        request.user = user
        request.zone = user.time_zone
        intake.set_dates(request, now=now)
        states.begin(request, who=Who.PERSON, now=now, actor_id=user.pk)
        routing.accept_proof(request, method="session", now=now)
        letters.to_person(request, "privacy_received", now=now)
    auditing.record(
        action="privacy.asked",
        actor=actor,
        now=now,
        account_id=None,
        target=("privacy request", request.reference),
        details={"type": type},
    )
    return request


def withdraw(*, user: User, reference: str, now: datetime) -> None:
    """Take an own request back. Raises `states.NotAllowed` once it is being carried out."""
    with platform_scope("privacy: withdraw a member's own request"):
        request = PrivacyRequest.objects.filter(user=user, reference=reference).first()
        if request is not None:
            states.move(request, states.State.WITHDRAWN, who=Who.PERSON, now=now, actor_id=user.pk)
