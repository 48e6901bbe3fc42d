"""Where a request goes once the person is who they say, and the account owner's part in it.

Call inside the platform's scope.
"""

import logging
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import Membership, Role
from accounts.services import auditing, outbox
from accounts.services.auditing import Actor
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest
from privacy.services import clocks, matching, states, texts
from privacy.services.states import State, Who

logger = logging.getLogger(__name__)

OWNER_DAYS = 7
DAYS_LEFT_TO_DPO = 10


class CannotAnswer(ExpectedError):
    """The request is not the account's to answer, or not any more."""


def facts(request: PrivacyRequest) -> clocks.Facts:
    """Return what the clocks need of a request."""
    pauses = request.pauses.all() if request.pk else []
    return clocks.Facts(
        received_at=request.received_at,
        zone=request.zone,
        verified_at=request.verified_at,
        id_asked_at=request.id_asked_at,
        pauses=[clocks.Pause(clocks.PauseKind(each.kind), each.began_at, each.ended_at) for each in pauses],
        extended=request.extended_at is not None,
        promise_restarted=request.promise_restarted_at is not None,
    )


def accept_proof(request: PrivacyRequest, *, method: str, now: datetime, actor_id: int | None = None) -> None:
    """Record how identity was verified and send the request on; an objection is carried out at once."""
    request.account_id = request.account_id or _match(request)
    if request.account_id is not None and request.subject_kind == PrivacyRequest.SubjectKind.CONTACT:
        address = texts.read(request, "sealed_email")
        request.contact_hash = matching.contact_subject(account_id=request.account_id, address=address).address_hash
    proof: dict[str, Any] = {
        "verified_at": now,
        "verified_by": method,
        "account_id": request.account_id,
        "contact_hash": request.contact_hash,
    }
    who = Who.PERSON if actor_id is None else Who.DPO
    if request.type == PrivacyRequest.Type.OBJECT and request.state == State.UNVERIFIED:
        states.move(request, State.EXECUTING, who=Who.SYSTEM, now=now, actor_id=actor_id, **proof)
        return
    states.move(request, State.VERIFIED, who=who, now=now, actor_id=actor_id, **proof)
    route(request, now=now)


def route(request: PrivacyRequest, *, now: datetime) -> None:
    """Send a verified request to the account owner, or straight to the DPO."""
    about_contact = request.subject_kind == PrivacyRequest.SubjectKind.CONTACT
    if about_contact and request.account_id is not None:
        _ask_owner(request, now=now)
    else:
        states.move(request, State.REVIEW, who=Who.SYSTEM, now=now)


def name_account(request: PrivacyRequest, *, account_id: int, now: datetime, actor_id: int | None) -> None:
    """Say which account is meant; one that is named only in review is asked before anything is decided.

    What the account named before has answered, and what its dry run has counted, no longer speaks for the request.
    """
    address = texts.read(request, "sealed_email")
    named: dict[str, Any] = {
        "account_id": account_id,
        "contact_hash": addresses.address_hash(address, account_id=account_id),
        "dry_run": None,
        "dry_run_viewed_at": None,
        "controller_answer": PrivacyRequest.Answer.NONE,
        "sealed_controller_reason": None,
    }
    if request.state == State.REVIEW:
        _ask_owner(request, now=now, actor_id=actor_id, **named)
    else:
        PrivacyRequest.objects.filter(pk=request.pk).update(**named)


def owner_deadline(request: PrivacyRequest) -> date:
    """Return the day after which the owner counts as silent: 7 days, and the DPO keeps at least 10.

    An owner who is asked later than that has the day itself.
    """
    asked = clocks.local_date(request.controller_asked_at or request.received_at, request.zone)
    last = min(request.promised_due, request.legal_due or request.promised_due)
    return max(asked, min(asked + timedelta(days=OWNER_DAYS), last - timedelta(days=DAYS_LEFT_TO_DPO)))


def answer_for_account(
    *, account_id: int, reference: str, agrees: bool, reason: str, actor: Actor, now: datetime
) -> None:
    """Record the account owner's answer; an objection is heard, it never decides. Raises `CannotAnswer`."""
    if not agrees and not reason:
        raise CannotAnswer("Say why you object; the Data Protection Officer decides with your reason at hand.")
    with platform_scope("privacy: record the owner's answer"):
        request = PrivacyRequest.objects.filter(
            reference=reference, account_id=account_id, state=State.WITH_CONTROLLER
        ).first()
        if request is None:
            raise CannotAnswer("This request has been answered already.")
        answer = PrivacyRequest.Answer.AGREE if agrees else PrivacyRequest.Answer.OBJECT
        sealed = texts.seal(PrivacyRequest, "sealed_controller_reason", reason)
        states.move(
            request,
            State.REVIEW,
            who=Who.OWNER,
            now=now,
            actor_id=actor.user_id,
            controller_answer=answer,
            sealed_controller_reason=sealed,
        )
    auditing.record(
        action="privacy.answered",
        actor=actor,
        now=now,
        account_id=account_id,
        target=("privacy request", reference),
        details={"answer": str(answer)},
    )


def _match(request: PrivacyRequest) -> int | None:
    if request.subject_kind != PrivacyRequest.SubjectKind.CONTACT:
        return None
    match = matching.choose(request, matching.find(request))
    return match.account_id if match else None


def _ask_owner(request: PrivacyRequest, *, now: datetime, actor_id: int | None = None, **named: Any) -> None:
    states.move(
        request, State.WITH_CONTROLLER, who=Who.SYSTEM, now=now, actor_id=actor_id, controller_asked_at=now, **named
    )
    _tell_owners(request, now)


def _tell_owners(request: PrivacyRequest, now: datetime) -> None:
    owners = Membership.objects.select_related("user").filter(account_id=request.account_id or 0, role=Role.OWNER)
    for owner in owners:
        outbox.put_mail(
            template="privacy_owner_asked",
            to=owner.user.email,
            context={
                "reference": request.reference,
                "type": request.get_type_display(),
                "until": clocks.show(owner_deadline(request)),
                "url": f"{settings.SITE_URL}/settings/privacy/",
                "platform": settings.PLATFORM_NAME,
            },
            language=owner.user.language,
            account_id=request.account_id,
            now=now,
        )
