"""Segment conditions that tracking answers. Machines' events never count."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from contacts import conditions
from contacts.conditions import Condition, Parameter
from tracking.models import ContactActivity


def _opened(values: Mapping[str, str], now: datetime) -> Q:
    return _since("last_open", values, now)


def _clicked(values: Mapping[str, str], now: datetime) -> Q:
    return _since("last_click", values, now)


def _since(column: str, values: Mapping[str, str], now: datetime) -> Q:
    days = min(int(values["days"]), 36500)
    recent = ContactActivity.objects.filter(
        account_id=OuterRef("account_id"), contact_id=OuterRef("pk"), **{f"{column}__gte": now - timedelta(days=days)}
    )
    return Q(Exists(recent))


_DAYS = (Parameter("days", "Days", "number"),)
conditions.register(Condition("opened", "Opened a mail in the last days", _DAYS, _opened))
conditions.register(Condition("clicked", "Clicked in a mail in the last days", _DAYS, _clicked))
