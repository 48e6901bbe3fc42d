"""What pages read of requests, as plain values, so that no page touches a platform table itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest, RequestEvent
from privacy.services import clocks, desk, matching, routing, texts
from privacy.services.states import CLOSED, State, Type

_PAGE = 100
_SOON = 10
_CHANNELS = {
    PrivacyRequest.Channel.FORM.value: "by the form",
    PrivacyRequest.Channel.EMAIL.value: "by email",
    PrivacyRequest.Channel.LETTER.value: "by letter",
    PrivacyRequest.Channel.ACCOUNT.value: "from their profile page",
}
_ACTORS = {
    "person": "the person",
    "owner": "the account owner",
    "dpo": "Data Protection Officer",
    "system": "EmailConcert",
}


@dataclass(frozen=True)
class Row:
    """One request in a list."""

    pk: int
    reference: str
    type: str
    state: str
    state_label: str
    channel: str
    subject: str
    account: str
    received_at: datetime
    due: date
    days_left: int
    is_closed: bool
    answer: str = ""
    owner_deadline: date | None = None

    @property
    def urgency(self) -> str:
        """Return how pressing it is: closed, overdue, soon or fine."""
        if self.is_closed:
            return "closed"
        return "overdue" if self.days_left < 0 else "soon" if self.days_left <= _SOON else "fine"

    @property
    def left(self) -> str:
        """Return the days left in words."""
        days = abs(self.days_left)
        unit = "day" if days == 1 else "days"
        if self.is_closed:
            return "Closed"
        return f"{days} {unit} overdue" if self.days_left < 0 else "Due today" if not days else f"{days} {unit} left"


@dataclass(frozen=True)
class Count:
    """How many requests one filter of the queue holds."""

    key: str
    label: str
    count: int


@dataclass(frozen=True)
class Paper:
    """One request with everything on it, as the DPO sees it."""

    row: Row
    request: PrivacyRequest
    full_name: str
    email: str
    business_name: str
    details: str
    matches: Sequence[matching.AccountMatch]
    dues: Sequence[clocks.Due]
    controller_reason: str
    refusal: str
    extension_reason: str
    log: Sequence["Line"]
    may_restart: bool
    may_override: bool

    @property
    def would_touch(self) -> list[dict[str, Any]]:
        """Return the dry run's rows with something in them."""
        return [each for each in self.request.dry_run or [] if each["rows"]]

    @property
    def nothing_in(self) -> list[str]:
        """Return the titles of the dry run's rows without anything."""
        return [each["title"] for each in self.request.dry_run or [] if not each["rows"]]


@dataclass(frozen=True)
class Line:
    """One line of a request's log."""

    at: datetime
    label: str
    who: str
    note: str


FILTERS: dict[str, tuple[str, Q]] = {
    "open": ("Open", Q(closed_at=None)),
    "review": ("For you to decide", Q(state__in=(State.REVIEW, State.APPROVED, State.FAILED))),
    "waiting": (
        "Waiting for somebody",
        Q(state__in=(State.UNVERIFIED, State.ID_INFO_ASKED, State.CLARIFYING, State.WITH_CONTROLLER)),
    ),
    "objections": ("Objections carried out", Q(type=Type.OBJECT)),
    "closed": ("Closed", Q(closed_at__isnull=False)),
    "all": ("All", Q()),
}


def queue(*, key: str, type: str, today: datetime) -> list[Row]:
    """Return the queue, the earliest date first; the newest first among the closed."""
    with platform_scope("privacy: read the queue"):
        rows = PrivacyRequest.objects.select_related("account").filter(FILTERS.get(key, FILTERS["open"])[1])
        if type in Type.values:
            rows = rows.filter(type=type)
        found = [_row(each, today) for each in rows.order_by("closed_at", "promised_due", "pk")[: _PAGE * 5]]
    return sorted(found, key=lambda row: (row.is_closed, row.due, row.pk))[:_PAGE]


def counts() -> list[Count]:
    """Return how many requests each filter holds."""
    with platform_scope("privacy: count the queue"):
        return [
            Count(key, label, PrivacyRequest.objects.filter(condition).count())
            for key, (label, condition) in FILTERS.items()
        ]


def paper(*, pk: int, officer: User, now: datetime) -> Paper | None:
    """Return one request with all that belongs to it, or None."""
    with platform_scope("privacy: read a request"):
        request = (
            PrivacyRequest.objects.select_related("account", "approved_by", "second_approver", "ledger_entry", "user")
            .filter(pk=pk)
            .first()
        )
        if request is None:
            return None
        is_contact = request.subject_kind == PrivacyRequest.SubjectKind.CONTACT
        facts = routing.facts(request)
        return Paper(
            row=_row(request, now),
            request=request,
            full_name=texts.read(request, "sealed_full_name"),
            email=texts.read(request, "sealed_email"),
            business_name=texts.read(request, "sealed_business_name"),
            details=texts.read(request, "sealed_details"),
            matches=matching.find(request) if is_contact else [],
            dues=clocks.reckon_all(request.regime, facts, now=now),
            controller_reason=texts.read(request, "sealed_controller_reason"),
            refusal=texts.read(request, "sealed_refusal"),
            extension_reason=texts.read(request, "sealed_extension_reason"),
            log=[_line(each) for each in request.log.select_related("actor").order_by("-pk")],
            may_restart=clocks.may_restart_promise(facts) and request.promise_restarted_at is None,
            may_override=not desk.other_officers(officer.pk),
        )


def of_account(*, account_id: int, now: datetime) -> list[Row]:
    """Return the requests about an account's contacts that it has been asked about; by the database's own policy."""
    rows = PrivacyRequest.objects.filter(
        account_id=account_id, subject_kind=PrivacyRequest.SubjectKind.CONTACT, controller_asked_at__isnull=False
    )
    return [_row(each, now) for each in rows.select_related("account").order_by("-pk")[:_PAGE]]


def person_of(*, account_id: int, reference: str) -> dict[str, str] | None:
    """Return what an account sees of one request: who asks for what."""
    request = PrivacyRequest.objects.filter(
        account_id=account_id, reference=reference, controller_asked_at__isnull=False
    ).first()
    if request is None:
        return None
    return {
        "full_name": texts.read(request, "sealed_full_name"),
        "email": texts.read(request, "sealed_email"),
        "details": texts.read(request, "sealed_details"),
        "reason": texts.read(request, "sealed_controller_reason"),
    }


def of_user(*, user: User, now: datetime) -> list[Row]:
    """Return a login profile's own requests."""
    with platform_scope("privacy: read a member's own requests"):
        return [_row(each, now) for each in PrivacyRequest.objects.filter(user=user).order_by("-pk")[:_PAGE]]


def _row(request: PrivacyRequest, now: datetime) -> Row:
    due = min(request.promised_due, request.legal_due or request.promised_due)
    waits = request.state == State.WITH_CONTROLLER
    return Row(
        pk=request.pk,
        reference=request.reference,
        type=request.get_type_display(),
        state=request.state,
        state_label=request.get_state_display(),
        channel=_CHANNELS.get(request.channel, request.get_channel_display()),
        subject=request.get_subject_kind_display(),
        account=request.account.name if request.account else "",
        received_at=request.received_at,
        due=due,
        days_left=(due - clocks.local_date(now, request.zone)).days,
        is_closed=request.state in CLOSED,
        answer=request.get_controller_answer_display(),
        owner_deadline=routing.owner_deadline(request) if waits else None,
    )


def _line(event: RequestEvent) -> Line:
    labels = dict(State.choices)
    same = event.from_state == event.to_state
    label = "Extended" if same else str(labels.get(event.to_state, event.to_state))
    who = event.actor.name if event.actor else _ACTORS.get(event.actor_kind, event.actor_kind)
    return Line(event.at, label, who, texts.read(event, "sealed_note"))
