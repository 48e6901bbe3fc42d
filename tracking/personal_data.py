"""What tracking holds of a person: what their messages told. Erasing strips the person and leaves counters alone."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from emailconcert.lib.tenancy import platform_scope
from privacy import registry
from privacy.registry import PersonalData, Rows, Subject, Sweep
from tracking.models import ContactActivity, Event, Kind, MessageActivity, Notice, ReviewMail
from tracking.services import reviewing

_PURPOSE = "To know which mails are read, to stop mailing addresses that bounce or complain"


def _of(model: Any) -> Callable[[Subject], QuerySet[Any]]:
    def find(subject: Subject) -> QuerySet[Any]:
        rows: QuerySet[Any] = model.objects.filter(account_id=subject.account_id, contact_id__in=subject.contact_ids)
        return rows

    return find


_events, _activities, _notices, _habits = _of(Event), _of(MessageActivity), _of(Notice), _of(ContactActivity)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _export_events(subject: Subject) -> Rows:
    return [
        {
            "at": _iso(event.at),
            "what": Kind(event.kind).label,
            "mailing": event.mailing_id,
            "link": event.link,
            "suspected_machine": event.is_machine,
            "rule": event.rule,
            "program": event.agent,
            "country": event.country,
        }
        for event in _events(subject).order_by("at")
    ]


def _erase_events(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    """Delete the events; the rollups that counted them stay."""
    count, _ = _events(subject).delete()
    return count


def _export_habits(subject: Subject) -> Rows:
    return [
        {
            "last_open": _iso(row.last_open),
            "last_click": _iso(row.last_click),
            "opens": row.opens,
            "clicks": row.clicks,
        }
        for row in _habits(subject)
    ]


def _erase_habits(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    count, _ = _habits(subject).delete()
    return count


def _export_activities(subject: Subject) -> Rows:
    return [
        {
            "mailing": row.mailing_id,
            "first_open": _iso(row.first_open_people),
            "first_open_suspected_machine": _iso(row.first_open_machine),
            "first_click": _iso(row.first_click_people),
            "first_click_suspected_machine": _iso(row.first_click_machine),
            "clicked_links": row.clicked_links,
        }
        for row in _activities(subject).order_by("mailing_id")
    ]


def _erase_activities(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    """Take the person out; the row stays, so that nothing is counted twice."""
    return _activities(subject).update(contact_id=None)


def _export_notices(subject: Subject) -> Rows:
    return [
        {"at": _iso(row.at), "what": Kind(row.kind).label, "mailing": row.mailing_id, "status": row.status}
        for row in _notices(subject).order_by("at")
    ]


def _erase_notices(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    return _notices(subject).update(contact_id=None)


def _review(subject: Subject) -> QuerySet[ReviewMail]:
    return ReviewMail.objects.filter(account_id=subject.account_id, contact_id__in=subject.contact_ids)


def _count_review(subject: Subject) -> int:
    with platform_scope("tracking: a person's mail in review"):
        return _review(subject).count()


def _export_review(subject: Subject) -> Rows:
    with platform_scope("tracking: a person's mail in review"):
        return [{"at": _iso(row.received_at), "why": row.why} for row in _review(subject).defer("sealed_content")]


def _erase_review(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    with platform_scope("tracking: a person's mail in review"):
        return _review(subject).delete()[0]


def _register(
    name: str,
    title: str,
    find: Callable[[Subject], QuerySet[Any]],
    export: Callable[[Subject], Rows],
    erase: Callable[[Subject, datetime], int],
    *,
    kept: str = "",
) -> None:
    registry.register(
        PersonalData(
            app="tracking",
            name=name,
            title=title,
            purpose=_PURPOSE,
            retention_class="event",
            export=export,
            count=lambda subject: find(subject).count(),
            erase=erase,
            kept=kept,
            order=20,
        )
    )


_WITHOUT = "The row stays without the person, so that counts stay right."
_register("events", "Opens, clicks, bounces and complaints", _events, _export_events, _erase_events)
_register("habits", "When they last opened and clicked", _habits, _export_habits, _erase_habits)
_register(
    "activity", "First opens and clicks by message", _activities, _export_activities, _erase_activities, kept=_WITHOUT
)
_register("notices", "Bounces and complaints by message", _notices, _export_notices, _erase_notices, kept=_WITHOUT)
registry.register(
    PersonalData(
        app="tracking",
        name="review",
        title="Mails that came back and wait to be looked at",
        purpose=_PURPOSE,
        retention_class="review_mail",
        export=_export_review,
        count=_count_review,
        erase=_erase_review,
        order=20,
    )
)
registry.register_sweep(
    Sweep(retention_class="review_mail", title="Mails in review", keep=reviewing.KEPT, sweep=reviewing.sweep)
)
