"""What the Data Protection Officer does with a request. Every step is in the request's log and in the audit."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account, User
from accounts.services import auditing, own_data
from accounts.services.auditing import Actor
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import ClockPause, PrivacyRequest
from privacy.services import clocks, erasing, intake, letters, matching, routing, standing, states, texts
from privacy.services.states import State, Type, Who

COOLING_OFF = timedelta(hours=24)
PHONE = "Requests are never taken by phone. Point the caller to the form, to email or to a letter."


class UnknownRequest(ExpectedError):
    """There is no such request."""

    def __init__(self) -> None:
        super().__init__("There is no such request.")


class NotTaken(ExpectedError):
    """The request cannot be entered this way."""


@contextmanager
def _opened(pk: int, action: str, actor: Actor, now: datetime, **details: Any) -> Iterator[PrivacyRequest]:
    """Open a request for one step under the platform's scope, and audit the step."""
    with platform_scope("privacy: the DPO's step"):
        request = PrivacyRequest.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if request is None:
            raise UnknownRequest
        yield request
        auditing.record(
            action=f"privacy.{action}",
            actor=actor,
            now=now,
            account_id=request.account_id,
            target=("privacy request", request.reference),
            details=details,
        )


def enter(*, wanted: intake.Wanted, channel: str, received_at: datetime, actor: Actor, now: datetime) -> PrivacyRequest:
    """Write down a request that came by letter or email; its acknowledgement goes out. Raises `NotTaken`."""
    if channel not in (PrivacyRequest.Channel.EMAIL, PrivacyRequest.Channel.LETTER):
        raise NotTaken(PHONE)
    if received_at > now:
        raise NotTaken("It cannot have been received in the future.")
    with platform_scope("privacy: enter a request"):
        request = intake.make(wanted=wanted, channel=PrivacyRequest.Channel(channel), now=now, received_at=received_at)
        states.begin(request, who=Who.DPO, now=now, actor_id=actor.user_id)
        intake.mail_link(request, template="privacy_verify", now=now)
        auditing.record(
            action="privacy.entered",
            actor=actor,
            now=now,
            account_id=None,
            target=("privacy request", request.reference),
        )
    return request


def verify_by_hand(*, pk: int, note: str, actor: Actor, now: datetime) -> None:
    """Take the identity as verified; `note` says that and how it was checked, never the evidence itself."""
    if not note:
        raise states.NotYet("Write down how the identity was checked.")
    with _opened(pk, "verified", actor, now) as request:
        _end_pauses(request, now)
        routing.accept_proof(request, method="manual", now=now, actor_id=actor.user_id)
        _save_dates(request, now)


def ask_for_proof(*, pk: int, reason: str, actor: Actor, now: datetime) -> None:
    """Ask the person for proof of identity, because of a doubt that is written down."""
    with _opened(pk, "proof_asked", actor, now) as request:
        if request.type == Type.OBJECT:
            raise states.NotAllowed("An objection to marketing needs no proof of identity.")
        states.move(
            request, State.ID_INFO_ASKED, who=Who.DPO, now=now, actor_id=actor.user_id, note=reason, id_asked_at=now
        )
        ClockPause.objects.create(request=request, kind=clocks.PauseKind.IDENTITY, began_at=now)
        letters.to_person(request, "privacy_proof_asked", now=now, reason=reason)


def ask_to_clarify(*, pk: int, question: str, actor: Actor, now: datetime) -> None:
    """Ask the person what they mean; the clock stands still where the regime allows it."""
    with _opened(pk, "clarification_asked", actor, now) as request:
        states.move(request, State.CLARIFYING, who=Who.DPO, now=now, actor_id=actor.user_id, note=question)
        ClockPause.objects.create(request=request, kind=clocks.PauseKind.CLARIFICATION, began_at=now)
        letters.to_person(request, "privacy_clarify", now=now, question=question)


def note_clarified(*, pk: int, answer: str, actor: Actor, now: datetime) -> None:
    """Write down the person's answer and go on."""
    with _opened(pk, "clarified", actor, now) as request:
        states.move(request, State.REVIEW, who=Who.DPO, now=now, actor_id=actor.user_id, note=answer)
        _end_pauses(request, now)
        _save_dates(request, now)


def extend(*, pk: int, reason: str, actor: Actor, now: datetime) -> None:
    """Take two months more, once, before the first is over; the person is told why."""
    with _opened(pk, "extended", actor, now) as request:
        if request.extended_at is not None:
            raise states.NotAllowed("It was extended already; three months is the most there is.")
        if request.regime == PrivacyRequest.Regime.OTHER:
            raise states.NotAllowed("No law that allows more time applies; the promise of 30 days stands.")
        sealed = texts.seal(PrivacyRequest, "sealed_extension_reason", reason)
        states.move(
            request,
            State.REVIEW,
            who=Who.DPO,
            now=now,
            actor_id=actor.user_id,
            note=reason,
            extended_at=now,
            sealed_extension_reason=sealed,
        )
        _save_dates(request, now)
        letters.to_person(request, "privacy_extended", now=now, reason=reason)


def restart_promise(*, pk: int, actor: Actor, now: datetime) -> None:
    """Count the 30 days from a late verification; the person is told before the first date passes."""
    with _opened(pk, "promise_restarted", actor, now) as request:
        if not clocks.may_restart_promise(routing.facts(request)):
            raise states.NotAllowed("Identity was verified in good time; the promise counts from receipt.")
        if clocks.local_date(now, request.zone) > request.promised_due:
            raise states.NotAllowed("The first date has passed; the person had to be told before.")
        request.promise_restarted_at = now
        _save_dates(request, now, "promise_restarted_at")
        letters.to_person(request, "privacy_restarted", now=now)


def choose_account(*, pk: int, account_id: int, actor: Actor, now: datetime) -> None:
    """Say which of the accounts found is meant; named in review, its owner is asked first."""
    with _opened(pk, "matched", actor, now) as request:
        if request.subject_kind != PrivacyRequest.SubjectKind.CONTACT:
            raise states.NotAllowed("This request is about a login profile; there is no account to ask.")
        if request.state not in (State.REVIEW, State.UNVERIFIED, State.ID_INFO_ASKED):
            raise states.NotAllowed("The account can be chosen before the decision only.")
        if request.account_id == account_id:
            raise states.NotAllowed("This account is the one meant already.")
        if not Account.objects.filter(pk=account_id).exists():
            raise UnknownRequest
        routing.name_account(request, account_id=account_id, now=now, actor_id=actor.user_id)


def view_dry_run(*, pk: int, actor: Actor, now: datetime) -> None:
    """Count what carrying it out would touch, and record that the DPO looked at it."""
    with _opened(pk, "dry_run", actor, now) as request:
        if request.state != State.REVIEW:
            raise states.NotAllowed("The dry run belongs to the review.")
        _require_somebody(request)
        counts = erasing.dry_run(matching.subject_for(request))
        PrivacyRequest.objects.filter(pk=request.pk).update(dry_run=counts, dry_run_viewed_at=now)


def approve(*, pk: int, actor: Actor, now: datetime) -> None:
    """Approve a request; erasures then wait for a second person or 24 hours, all else is carried out."""
    with _opened(pk, "approved", actor, now) as request:
        _require_somebody(request)
        waits = request.type == Type.ERASE
        states.move(
            request,
            State.APPROVED,
            who=Who.DPO,
            now=now,
            actor_id=actor.user_id,
            approved_by_id=actor.user_id,
            approved_at=now,
            execute_after=now + COOLING_OFF if waits else now,
        )
        if not waits:
            states.move(request, State.EXECUTING, who=Who.SYSTEM, now=now)


def approve_second(*, pk: int, actor: Actor, now: datetime) -> None:
    """Approve an erasure as the second person; it is carried out."""
    with _opened(pk, "approved_second", actor, now) as request:
        if request.approved_by_id == actor.user_id:
            raise states.NotAllowed("The second person has to be somebody else.")
        states.move(
            request,
            State.EXECUTING,
            who=Who.DPO,
            now=now,
            actor_id=actor.user_id,
            second_approver_id=actor.user_id,
        )


def override_cooling_off(*, pk: int, reason: str, actor: Actor, now: datetime) -> None:
    """Carry an erasure out at once where there is no second DPO to ask, for a reason that is kept."""
    with _opened(pk, "cooling_off_overridden", actor, now) as request:
        if other_officers(actor.user_id):
            raise states.NotAllowed("There is a second Data Protection Officer; ask them to approve.")
        if not reason:
            raise states.NotYet("Write down why it cannot wait.")
        states.move(
            request,
            State.EXECUTING,
            who=Who.DPO,
            now=now,
            actor_id=actor.user_id,
            note=reason,
            sealed_override_reason=texts.seal(PrivacyRequest, "sealed_override_reason", reason),
        )


def refuse(*, pk: int, code: str, reason: str, actor: Actor, now: datetime) -> None:
    """Refuse with a code and a reason; the letter names the person's remedies."""
    if code not in letters.REFUSALS:
        raise states.NotYet("Choose the ground of the refusal.")
    with _opened(pk, "refused", actor, now, code=code) as request:
        sealed = texts.seal(PrivacyRequest, "sealed_refusal", reason)
        states.move(
            request,
            State.REFUSED,
            who=Who.DPO,
            now=now,
            actor_id=actor.user_id,
            refusal_code=code,
            sealed_refusal=sealed,
        )
        letters.refusal(request, reason=reason, now=now)


def reopen(*, pk: int, actor: Actor, now: datetime) -> None:
    """Open a lapsed request again; a fresh link is mailed."""
    with _opened(pk, "reopened", actor, now) as request:
        states.move(request, State.UNVERIFIED, who=Who.DPO, now=now, actor_id=actor.user_id, reminders=0)
        intake.mail_link(request, template="privacy_verify", now=now)


def retry(*, pk: int, actor: Actor, now: datetime) -> None:
    """Try a failed request again."""
    with _opened(pk, "retried", actor, now) as request:
        states.move(request, State.EXECUTING, who=Who.DPO, now=now, actor_id=actor.user_id)


def announce_lift(*, pk: int, reason: str, actor: Actor, now: datetime) -> None:
    """Tell the person that their restriction will be lifted, and why. Source: GDPR Art. 18(3)."""
    with _opened(pk, "lift_announced", actor, now) as request:
        states.move(request, State.LIFT_NOTIFIED, who=Who.DPO, now=now, actor_id=actor.user_id, note=reason)
        letters.to_person(request, "privacy_lift", now=now, reason=reason)


def lift(*, pk: int, actor: Actor, now: datetime) -> None:
    """Lift a restriction of which the person was told."""
    with _opened(pk, "lifted", actor, now) as request:
        states.move(request, State.LIFTED, who=Who.DPO, now=now, actor_id=actor.user_id)
        if request.account_id is not None and request.contact_hash is not None:
            standing.unrestrict(account_id=request.account_id, address_hash=bytes(request.contact_hash))
        elif request.user_id is not None:
            User.objects.filter(pk=request.user_id).update(restricted_at=None)


def other_officers(user_id: int | None) -> bool:
    """Tell whether there is another active Data Protection Officer."""
    officers = User.objects.filter(platform_role=User.PlatformRole.DPO, is_active=True)
    return officers.exclude(pk=user_id or 0).exists()


def _require_somebody(request: PrivacyRequest) -> None:
    """Raise `states.NotYet` where there is nobody yet on whom the request can be carried out."""
    changes_data = request.type in (Type.ERASE, Type.RESTRICT)
    is_contact = request.subject_kind == PrivacyRequest.SubjectKind.CONTACT
    if changes_data and is_contact and request.account_id is None:
        raise states.NotYet("Choose the account that is meant first; where nobody holds the address, refuse with that.")
    if request.type == Type.ERASE and request.user is not None:
        alone = own_data.sole_ownerships(request.user)
        if alone:
            raise states.NotYet(f"This person is the only owner of {', '.join(alone)}: hand over or close it first.")


def _end_pauses(request: PrivacyRequest, now: datetime) -> None:
    request.pauses.filter(ended_at=None).update(ended_at=now)


def _save_dates(request: PrivacyRequest, now: datetime, *more: str) -> None:
    intake.set_dates(request, now=now)
    request.save(update_fields=["promised_due", "legal_due", *more])
