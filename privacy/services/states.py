"""The life of a request as a table: who may move it from where to where, and what must be true before.

`move` is the only way a request changes its state. It is one conditional UPDATE, so of two people who press at once one
is told so; every step is written to the log; closed requests stay as they are (a lapsed one may be opened again).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from emailconcert.lib.errors import ExpectedError
from privacy.models import PrivacyRequest, RequestEvent
from privacy.services import clocks, texts

State = PrivacyRequest.State
Type = PrivacyRequest.Type

LAPSE_DAYS = 30
REMINDERS = 2


class Who(StrEnum):
    """Who makes a step."""

    PERSON = "person"
    DPO = "dpo"
    OWNER = "owner"
    SYSTEM = "system"


class NotAllowed(ExpectedError):
    """The step is not in the table, or not for this person."""


class NotYet(ExpectedError):
    """Something must be done before this step."""


class AlreadyMoved(ExpectedError):
    """Somebody else moved the request meanwhile."""

    def __init__(self) -> None:
        super().__init__("Somebody else has moved this request meanwhile. Look at it again.")


@dataclass(frozen=True)
class Step:
    """What a guard looks at: the request as it will be, when, by whom, and the note given."""

    request: PrivacyRequest
    who: Who
    now: datetime
    note: str
    actor_id: int | None


Guard = Callable[[Step], None]


@dataclass(frozen=True)
class Transition:
    """One row of the table."""

    source: str
    target: str
    who: frozenset[Who]
    guards: tuple[Guard, ...] = ()


def _need(condition: object, sentence: str) -> None:
    if not condition:
        raise NotYet(sentence)


def _method_recorded(step: Step) -> None:
    _need(step.request.verified_by and step.request.verified_at, "Say how the identity was verified.")


def _doubt_written(step: Step) -> None:
    _need(step.note, "Write down the reason for doubting the identity.")


def _long_unverified(step: Step) -> None:
    over = step.now - step.request.received_at >= timedelta(days=LAPSE_DAYS)
    _need(over and step.request.reminders >= REMINDERS, "A request lapses after 30 days and two reminders.")


def _contacts_data(step: Step) -> None:
    request = step.request
    about_contact = request.subject_kind == PrivacyRequest.SubjectKind.CONTACT and request.account_id is not None
    _need(about_contact and request.controller_asked_at, "Only requests about a contact go to the account owner.")


def _nobody_to_ask(step: Step) -> None:
    request = step.request
    is_user = request.subject_kind != PrivacyRequest.SubjectKind.CONTACT
    _need(is_user or request.account_id is None, "The account owner is asked first.")


def _owner_heard(step: Step) -> None:
    request = step.request
    about_contact = request.subject_kind == PrivacyRequest.SubjectKind.CONTACT and request.account_id is not None
    _need(not about_contact or request.controller_answer, "The account owner has not been asked yet.")


def _answered(step: Step) -> None:
    _need(step.request.controller_answer, "The account owner has not answered yet.")


def _is_objection(step: Step) -> None:
    _need(step.request.type == Type.OBJECT and step.request.verified_by, "Only objections are carried out at once.")


def _says_what(step: Step) -> None:
    _need(step.note, "Say what you need to know.")


def _extension_in_time(step: Step) -> None:
    _need(step.note, "Give the person the reason for taking longer.")
    request = step.request
    facts = clocks.Facts(received_at=request.received_at, zone=request.zone)
    first_month = clocks.reckon(clocks.Clock.EU, facts, now=step.now).planned
    today = clocks.local_date(step.now, request.zone)
    _need(today <= first_month, "The first month is over; it is too late to extend.")


def _dry_run_viewed(step: Step) -> None:
    _need(step.request.dry_run_viewed_at, "Look at the dry run first.")


def _approver_named(step: Step) -> None:
    _need(step.request.approved_by_id and step.request.approved_at, "Somebody has to approve it by name.")


def _second_pair_of_eyes(step: Step) -> None:
    request = step.request
    if request.type != Type.ERASE:
        return
    second = request.second_approver_id is not None and request.second_approver_id != request.approved_by_id
    cooled = request.execute_after is not None and request.execute_after <= step.now
    _need(
        second or cooled or request.sealed_override_reason,
        "An erasure waits for a second person, or for 24 hours, or for a reason not to.",
    )


def _receipt_written(step: Step) -> None:
    _need(step.request.outcome is not None, "What was done has to be written down first.")


def _is_restriction(step: Step) -> None:
    _need(step.request.type == Type.RESTRICT, "Only a restriction leads here.")


def _is_no_restriction(step: Step) -> None:
    _need(step.request.type != Type.RESTRICT, "A restriction stays until it is lifted.")


def _refusal_is_complete(step: Step) -> None:
    if step.request.type == Type.OBJECT:
        raise NotAllowed("An objection to marketing can never be refused.")
    _need(step.request.refusal_code and step.request.sealed_refusal, "A refusal needs its code and a reason.")


def _table() -> tuple[Transition, ...]:
    person, dpo, owner, system = Who.PERSON, Who.DPO, Who.OWNER, Who.SYSTEM

    def row(source: str, target: str, who: Iterable[Who], *guards: Guard) -> Transition:
        return Transition(str(source), str(target), frozenset(who), guards)

    before_executing = (
        State.UNVERIFIED,
        State.ID_INFO_ASKED,
        State.VERIFIED,
        State.WITH_CONTROLLER,
        State.REVIEW,
        State.CLARIFYING,
        State.APPROVED,
    )
    return (
        row("", State.UNVERIFIED, (person, dpo, owner)),
        row(State.UNVERIFIED, State.VERIFIED, (person, dpo), _method_recorded),
        row(State.UNVERIFIED, State.ID_INFO_ASKED, (dpo,), _doubt_written),
        row(State.ID_INFO_ASKED, State.VERIFIED, (dpo,), _method_recorded),
        row(State.UNVERIFIED, State.LAPSED, (system,), _long_unverified),
        row(State.LAPSED, State.UNVERIFIED, (person, dpo)),
        row(State.VERIFIED, State.WITH_CONTROLLER, (system,), _contacts_data),
        row(State.WITH_CONTROLLER, State.REVIEW, (owner, system), _answered),
        row(State.VERIFIED, State.REVIEW, (system,), _nobody_to_ask),
        row(State.REVIEW, State.WITH_CONTROLLER, (system,), _contacts_data),
        row(State.UNVERIFIED, State.EXECUTING, (system,), _is_objection),
        row(State.REVIEW, State.CLARIFYING, (dpo,), _says_what),
        row(State.CLARIFYING, State.REVIEW, (person, dpo)),
        row(State.REVIEW, State.REVIEW, (dpo,), _extension_in_time),
        row(State.REVIEW, State.APPROVED, (dpo,), _owner_heard, _dry_run_viewed, _approver_named),
        row(State.APPROVED, State.EXECUTING, (dpo, system), _second_pair_of_eyes),
        row(State.EXECUTING, State.DONE, (system,), _receipt_written, _is_no_restriction),
        row(State.EXECUTING, State.PARTLY_DONE, (system,), _receipt_written),
        row(State.EXECUTING, State.FAILED, (system,)),
        row(State.FAILED, State.EXECUTING, (dpo, system)),
        row(State.REVIEW, State.REFUSED, (dpo,), _refusal_is_complete),
        *(row(state, State.WITHDRAWN, (person,)) for state in before_executing),
        row(State.EXECUTING, State.RESTRICTED, (system,), _is_restriction, _receipt_written),
        row(State.RESTRICTED, State.LIFT_NOTIFIED, (dpo, owner), _says_what),
        row(State.LIFT_NOTIFIED, State.LIFTED, (dpo, owner)),
    )


TRANSITIONS = {(each.source, each.target): each for each in _table()}
CLOSED = frozenset(
    str(each) for each in (State.DONE, State.PARTLY_DONE, State.REFUSED, State.WITHDRAWN, State.LAPSED, State.LIFTED)
)


def begin(request: PrivacyRequest, *, who: Who, now: datetime, actor_id: int | None = None, note: str = "") -> None:
    """Save a new request as unverified and write the first line of its log."""
    if who not in TRANSITIONS["", State.UNVERIFIED].who:
        raise NotAllowed("Requests are made by the person, for them by the account, or written down by the DPO.")
    request.state = State.UNVERIFIED
    request.save(force_insert=True)
    _log(request, "", who=who, now=now, actor_id=actor_id, note=note)


def move(
    request: PrivacyRequest,
    to: str,
    *,
    who: Who,
    now: datetime,
    actor_id: int | None = None,
    note: str = "",
    **changes: Any,
) -> None:
    """Move a request, with the changes that belong to the step. Call inside the platform's scope.

    Raises `NotAllowed`, `NotYet` and `AlreadyMoved`; nothing is changed then.
    """
    source = request.state
    transition = TRANSITIONS.get((source, str(to)))
    if transition is None or who not in transition.who:
        raise NotAllowed(f"A request that is “{label(source)}” cannot become “{label(to)}” this way.")
    before = {name: getattr(request, name) for name in changes}
    _apply(request, changes)
    try:
        for guard in transition.guards:
            guard(Step(request, who, now, note, actor_id))
        changes = {**changes, "state": str(to), "closed_at": now if str(to) in CLOSED else None}
        if not PrivacyRequest.objects.filter(pk=request.pk, state=source).update(**changes):
            raise AlreadyMoved
    except ExpectedError:
        _apply(request, before)
        raise
    _apply(request, changes)
    _log(request, source, who=who, now=now, actor_id=actor_id, note=note)


def label(state: str) -> str:
    """Return a state's name as people read it."""
    return str(dict(State.choices).get(str(state), state or "new")).lower()


def _apply(request: PrivacyRequest, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(request, name, value)


def _log(request: PrivacyRequest, source: str, *, who: Who, now: datetime, actor_id: int | None, note: str) -> None:
    RequestEvent.objects.create(
        request=request,
        at=now,
        from_state=source,
        to_state=request.state,
        actor_id=actor_id,
        actor_kind=str(who),
        sealed_note=texts.seal(RequestEvent, "sealed_note", note),
    )
