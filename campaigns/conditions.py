"""The segment condition that campaigns can answer: who was sent one."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from campaigns.models import Campaign, Variant
from contacts.conditions import BadSegment, Condition, Parameter, register
from delivery.models import Message, Outcome

_OFFERED = 200


def _campaigns() -> Sequence[tuple[str, str]]:
    sent = Campaign.objects.filter(deleted_at=None).exclude(state=Campaign.State.DRAFT).order_by("-pk")
    return [(str(pk), name) for pk, name in sent.values_list("pk", "name")[:_OFFERED]]


def _was_sent(values: Mapping[str, str], now: datetime) -> Q:  # noqa: ARG001  # what every condition takes
    if not values["campaign"].isdecimal():
        raise BadSegment("Choose a campaign.")
    variants = Variant.objects.filter(account_id=OuterRef("account_id"), campaign_id=int(values["campaign"]))
    messages = Message.objects.filter(
        account_id=OuterRef("account_id"),
        contact_id=OuterRef("pk"),
        outcome=Outcome.SENT,
        mailing_id__in=variants.exclude(mailing=None).values("mailing_id"),
    )
    return Q(Exists(messages))


register(
    Condition(
        name="was_sent",
        label="Was sent the campaign",
        parameters=(Parameter("campaign", "Campaign", "choice", _campaigns),),
        compile=_was_sent,
    )
)
