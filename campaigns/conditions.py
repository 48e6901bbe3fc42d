"""Segment conditions that campaigns answer: who was sent one, and who opened or clicked it. Machines never count."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet

from campaigns.models import Campaign, Variant
from contacts.conditions import At, Condition, Input, Operator, Values, register
from delivery.models import Link, Mailing, Message, Outcome
from tracking.models import MessageActivity

_OFFERED = 300


def _campaigns(account_id: int) -> Sequence[tuple[str, str]]:
    sent = Campaign.objects.filter(account_id=account_id, deleted_at=None).exclude(state__in=Campaign.WRITTEN)
    return [(str(pk), name) for pk, name in sent.order_by("-pk").values_list("pk", "name")[:_OFFERED]]


def _mailings(values: Values, at: At) -> list[int]:
    """Return the mailings that are meant. Their numbers, not a subquery: so only their partitions are read."""
    became = Variant.objects.filter(account_id=at.account_id).exclude(mailing=None)
    if "campaigns" in values:
        became = became.filter(campaign_id__in=[int(each) for each in cast("list[str]", values["campaigns"])])
    found = Mailing.objects.filter(account_id=at.account_id, pk__in=became.values("mailing_id"))
    if "days" in values:
        since = at.now - timedelta(days=cast("int", values["days"]))
        found = found.filter(Q(finished_at=None) | Q(finished_at__gte=since), started_at__isnull=False)
    return list(found.order_by("pk").values_list("pk", flat=True))


def _was_sent(values: Values, at: At) -> Q:
    messages = Message.objects.filter(
        account_id=at.account_id,
        mailing_id__in=_mailings(values, at),
        contact_id=OuterRef("pk"),
        outcome=Outcome.SENT,
    )
    if "days" in values:
        messages = messages.filter(settled_at__gte=at.now - timedelta(days=cast("int", values["days"])))
    return Q(Exists(messages))


def _activity(values: Values, at: At, **which: Any) -> QuerySet[MessageActivity]:
    return MessageActivity.objects.filter(
        account_id=at.account_id, mailing_id__in=_mailings(values, at), contact_id=OuterRef("pk"), **which
    )


def _opened(values: Values, at: At) -> Q:
    return Q(Exists(_activity(values, at, first_open_people__isnull=False)))


def _clicked(values: Values, at: At) -> Q:
    clicked = _activity(values, at, first_click_people__isnull=False)
    if "link" in values:
        is_clicked = Func(
            OuterRef("clicked_links"),
            Func(F("number"), function="to_jsonb"),
            template="(%(expressions)s)",
            arg_joiner=" @> ",
            output_field=BooleanField(),
        )
        links = Link.objects.filter(
            is_clicked, account_id=at.account_id, mailing_id=OuterRef("mailing_id"), url__icontains=str(values["link"])
        )
        clicked = clicked.filter(Exists(links))
    return Q(Exists(clicked))


_WHICH = Input("campaigns", "Campaigns", "choices", choices=_campaigns)
_ANY = Input("campaigns", "Campaigns (any, if none is chosen)", "choices", choices=_campaigns, required=False)
_DAYS = Input("days", "Number of days", "days", before="in the last", after="days")
_LINK = Input("link", "Part of the link's address", before="with")
register(
    Condition(
        "campaign",
        "Campaigns: they",
        "Campaigns",
        (
            Operator("sent", "were sent any of", _was_sent, (_WHICH,)),
            Operator("not_sent", "were sent none of", lambda values, at: ~_was_sent(values, at), (_WHICH,)),
            Operator("sent_lately", "were sent something", _was_sent, (_DAYS,)),
            Operator("not_sent_lately", "were sent nothing", lambda values, at: ~_was_sent(values, at), (_DAYS,)),
            Operator("opened", "opened any of", _opened, (_WHICH,)),
            Operator("not_opened", "opened none of", lambda values, at: ~_opened(values, at), (_WHICH,)),
            Operator("clicked", "clicked in any of", _clicked, (_WHICH,)),
            Operator("not_clicked", "clicked in none of", lambda values, at: ~_clicked(values, at), (_WHICH,)),
            Operator("link", "clicked a link", _clicked, (_LINK, _ANY)),
        ),
        spoken="they",
    )
)
