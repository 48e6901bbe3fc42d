"""Segment conditions that tracking answers. Machines' events never count."""

from datetime import timedelta
from typing import cast

from django.db.models import Exists, OuterRef, Q

from contacts.conditions import At, Condition, Input, Operator, Values, register
from tracking.models import ContactActivity

_DAYS = (Input("days", "Number of days", "days", before="in the last", after="days"),)


def _since(column: str, values: Values, at: At) -> Q:
    since = at.now - timedelta(days=cast("int", values["days"]))
    recent = ContactActivity.objects.filter(
        account_id=at.account_id, contact_id=OuterRef("pk"), **{f"{column}__gte": since}
    )
    return Q(Exists(recent))


def _ever(column: str, at: At) -> Q:
    known = ContactActivity.objects.filter(
        account_id=at.account_id, contact_id=OuterRef("pk"), **{f"{column}__isnull": False}
    )
    return Q(Exists(known))


def _operators(column: str, verb: str, base: str) -> tuple[Operator, ...]:
    return (
        Operator("lately", f"{verb} something", lambda values, at: _since(column, values, at), _DAYS),
        Operator("not_lately", f"{verb} nothing", lambda values, at: ~_since(column, values, at), _DAYS),
        Operator("ever", f"have ever {base} something", lambda _values, at: _ever(column, at)),
        Operator("never", f"have never {base} anything", lambda _values, at: ~_ever(column, at)),
    )


register(Condition("opened", "Opening: they", "Campaigns", _operators("last_open", "opened", "opened"), spoken="they"))
register(
    Condition("clicked", "Clicking: they", "Campaigns", _operators("last_click", "clicked", "clicked"), spoken="they")
)
