"""What moves by itself: reminders, lapses, silent owners, cooled-off erasures, work to carry out, alerts.

Found in the database each time, so a missed run loses nothing. Call outside any scope.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from privacy.models import PrivacyRequest
from privacy.services import clocks, fulfilment, intake, letters, routing, states
from privacy.services.states import State, Who

logger = logging.getLogger(__name__)

REMIND_AFTER = (timedelta(days=7), timedelta(days=21))
ALERT_DAYS = frozenset({10, 20, 25, 27, 28})
RETRY_AFTER = timedelta(minutes=10)
FURTHEST_ZONE = timedelta(hours=14)
_LIMIT = 200


def move_requests(*, now: datetime) -> int:
    """Move everything that is due; return how many requests were carried out."""
    for move in (remind_unverified, lapse, end_silence, release_cooled_off, retry_failed, alert):
        with platform_scope("privacy: move requests"):
            move(now=now)
    return carry_out_due(now=now)


def carry_out_due(*, now: datetime) -> int:
    """Carry out what is executing; return how many."""
    with platform_scope("privacy: find requests to carry out"):
        rows = PrivacyRequest.objects.filter(state=State.EXECUTING).order_by("promised_due", "pk")
        due = list(rows.values_list("pk", flat=True)[:_LIMIT])
    for pk in due:
        fulfilment.carry_out(request_id=pk, now=now)
    return len(due)


def remind_unverified(*, now: datetime) -> None:
    """Mail the link again after 7 and after 21 days."""
    for number, wait in enumerate(REMIND_AFTER):
        rows = PrivacyRequest.objects.filter(state=State.UNVERIFIED, reminders=number, received_at__lte=now - wait)
        for request in rows.select_for_update(skip_locked=True)[:_LIMIT]:
            PrivacyRequest.objects.filter(pk=request.pk).update(reminders=number + 1)
            intake.mail_link(request, template="privacy_reminder", now=now)


def lapse(*, now: datetime) -> None:
    """Close what was not verified in 30 days; it can be opened again."""
    rows = PrivacyRequest.objects.filter(
        state=State.UNVERIFIED,
        reminders__gte=states.REMINDERS,
        received_at__lte=now - timedelta(days=states.LAPSE_DAYS),
    )
    for request in rows.select_for_update(skip_locked=True)[:_LIMIT]:
        _step(request, State.LAPSED, now)


def end_silence(*, now: datetime) -> None:
    """Take requests back from owners who said nothing in time."""
    rows = PrivacyRequest.objects.filter(state=State.WITH_CONTROLLER)
    for request in rows.select_for_update(skip_locked=True)[:_LIMIT]:
        if clocks.local_date(now, request.zone) > routing.owner_deadline(request):
            _step(request, State.REVIEW, now, controller_answer=PrivacyRequest.Answer.SILENT)


def release_cooled_off(*, now: datetime) -> None:
    """Start approved requests whose cooling-off is over."""
    rows = PrivacyRequest.objects.filter(state=State.APPROVED, execute_after__lte=now)
    for request in rows.select_for_update(skip_locked=True)[:_LIMIT]:
        _step(request, State.EXECUTING, now)


def retry_failed(*, now: datetime) -> None:
    """Try failed requests again, ten minutes later."""
    rows = PrivacyRequest.objects.filter(state=State.FAILED).exclude(log__at__gt=now - RETRY_AFTER)
    for request in rows.select_for_update(skip_locked=True)[:_LIMIT]:
        _step(request, State.EXECUTING, now)


def alert(*, now: datetime) -> None:
    """Write to the DPO once a day about requests on days 10, 20, 25, 27 and 28, and about all that are overdue."""
    rows = PrivacyRequest.objects.filter(closed_at=None).exclude(state=State.RESTRICTED)
    # A request's days are those of its zone; none is further on than the last zone's.
    waiting = rows.filter(Q(alerted_on=None) | Q(alerted_on__lt=(now + FURTHEST_ZONE).date()))
    fresh = [request for request in waiting.select_for_update(skip_locked=True) if _is_alert_due(request, now)]
    if not fresh:
        return
    overdue = sum(_days_left(request, now) < 0 for request in fresh)
    for request in fresh:
        request.alerted_on = clocks.local_date(now, request.zone)
    PrivacyRequest.objects.bulk_update(fresh, ["alerted_on"])
    letters.alert_dpo(overdue=overdue, due_soon=len(fresh) - overdue, today=now.date(), now=now)


def _step(request: PrivacyRequest, to: str, now: datetime, **changes: Any) -> None:
    """Move one request; one that cannot be moved stops no other."""
    try:
        states.move(request, to, who=Who.SYSTEM, now=now, **changes)
    except ExpectedError:
        logger.warning("privacy request not moved", extra={"reference": request.reference, "to": str(to)})


def _is_alert_due(request: PrivacyRequest, now: datetime) -> bool:
    today = clocks.local_date(now, request.zone)
    if request.alerted_on and request.alerted_on >= today:
        return False
    age = (today - clocks.local_date(request.received_at, request.zone)).days
    return age in ALERT_DAYS or _days_left(request, now) < 0


def _days_left(request: PrivacyRequest, now: datetime) -> int:
    due = min(request.promised_due, request.legal_due or request.promised_due)
    return (due - clocks.local_date(now, request.zone)).days
