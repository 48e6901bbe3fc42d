"""Whom a follow-up goes to: who did not open a campaign, who joined since, or whose mail failed for now.

Nobody gets two follow-ups of one kind of the same campaign, whatever is clicked how often. Sent to those who joined since
or tried again it is the same mail, so of a campaign and all that became of it like this a person gets one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Campaign, Variant
from contacts.models import Contact, DepartedContact
from delivery.models import Message, Outcome, Reason, Signal
from tracking.models import MessageActivity

Kind = Campaign.FollowUp
_SAME_MAIL = (Kind.JOINED, Kind.FAILED)
_CAME_BACK = (Signal.SOFT_BOUNCE, Signal.HARD_BOUNCE)
# What a person has in the inbox, may have, or is about to get.
_GOT = (Outcome.QUEUED, Outcome.SENDING, Outcome.SENT, Outcome.UNCONFIRMED)


@dataclass(frozen=True)
class FollowUp:
    """A kind of follow-up, the mailings of the campaign it follows, and those of which nobody may have got one already."""

    kind: str
    account_id: int
    first: Sequence[int]
    others: Sequence[int]


def follow_up(*, first: Campaign, kind: str, but: int | None = None) -> FollowUp:
    """Return what a follow-up of a campaign is about; `but` is the follow-up itself."""
    if kind in _SAME_MAIL:
        others = Campaign.objects.filter(pk__in=_same_mail(root(first)))
    else:
        others = Campaign.objects.filter(follow_up_of=first, follow_up_kind=kind)
    return FollowUp(
        kind,
        first.account_id,
        first=_mailings(Campaign.objects.filter(pk=first.pk)),
        others=_mailings(others.exclude(pk=but or 0)),
    )


def root(campaign: Campaign) -> Campaign:
    """Return the campaign whose mail this one sends again, to others: itself where it is the first."""
    while campaign.follow_up_of is not None and campaign.follow_up_kind in _SAME_MAIL:
        campaign = campaign.follow_up_of
    return campaign


def _same_mail(first: Campaign) -> list[int]:
    """Return the campaign and all that sent its mail to others since."""
    found: list[int] = []
    newest = [first.pk]
    while newest:
        found += newest
        followed = Campaign.objects.filter(follow_up_of__in=newest, follow_up_kind__in=_SAME_MAIL)
        newest = list(followed.values_list("pk", flat=True))
    return found


def _mailings(campaigns: QuerySet[Campaign]) -> list[int]:
    """Return mailings by their numbers, so that only their partitions are read."""
    became = Variant.objects.filter(campaign__in=campaigns).exclude(mailing=None)
    return sorted(became.values_list("mailing_id", flat=True))


def people(what: FollowUp, *, joined: Q, among: QuerySet[Contact]) -> QuerySet[Contact]:
    """Return whom it goes to before anybody is left out; `joined` is who is in the chosen lists and segments."""
    messages = Message.objects.filter(account_id=what.account_id, mailing_id__in=what.first)
    if what.kind == Kind.JOINED:
        found = without(among.filter(joined), messages)
    elif what.kind == Kind.FAILED:
        found = _with(among, messages.filter(_failed_for_now()))
    else:
        found = _with(among, messages.filter(outcome=Outcome.SENT).exclude(signal__in=_CAME_BACK))
        seen = MessageActivity.objects.filter(account_id=what.account_id, mailing_id__in=what.first)
        found = without(found, seen.filter(Q(first_open_people__isnull=False) | Q(first_click_people__isnull=False)))
    got = Message.objects.filter(account_id=what.account_id, mailing_id__in=what.others, outcome__in=_GOT)
    if what.kind == Kind.FAILED:
        got = got.exclude(outcome=Outcome.SENT, signal=Signal.SOFT_BOUNCE)
    return without(found, got) if what.others else found


def _failed_for_now() -> Q:
    full_or_away = Q(reason__in=(Reason.MAILBOX_FULL, Reason.UNREACHABLE))
    refused_for_now = Q(reply_code__gte=400, reply_code__lt=500)
    came_back = Q(outcome=Outcome.SENT, signal=Signal.SOFT_BOUNCE)
    return Q(outcome=Outcome.FAILED) & (full_or_away | refused_for_now) | came_back


def _with(among: QuerySet[Contact], rows: QuerySet[Message]) -> QuerySet[Contact]:
    return among.filter(Exists(rows.filter(contact_id=OuterRef("pk"))))


def without(among: QuerySet[Contact], rows: QuerySet[Message] | QuerySet[MessageActivity]) -> QuerySet[Contact]:
    """Leave out who has one of these rows, and who had one under a key that was merged or deleted since."""
    before = DepartedContact.objects.filter(
        account_id=OuterRef("account_id"),
        email_hash=OuterRef("email_hash"),
        contact_id__in=rows.filter(contact_id__isnull=False).values("contact_id"),  # type: ignore[misc]  # none is null
    )
    return among.filter(~Exists(rows.filter(contact_id=OuterRef("pk")))).filter(~Exists(before))
