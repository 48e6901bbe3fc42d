"""Whom a follow-up goes to: who did not open a campaign, who joined since, or whose mail failed for now.

Nobody gets two follow-ups of one kind of the same campaign, whatever is clicked how often.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Campaign, Variant
from contacts.models import Contact, DepartedContact
from delivery.models import Message, Outcome, Reason, Signal
from tracking.models import MessageActivity

Kind = Campaign.FollowUp
# What a person has in the inbox, may have, or is about to get.
_GOT = (Outcome.QUEUED, Outcome.SENDING, Outcome.SENT, Outcome.UNCONFIRMED)


@dataclass(frozen=True)
class FollowUp:
    """A kind of follow-up, the mailings of the campaign it follows, and those of its siblings of the same kind."""

    kind: str
    account_id: int
    first: Sequence[int]
    siblings: Sequence[int]


def follow_up(*, first: Campaign, kind: str, but: int | None = None) -> FollowUp:
    """Return what a follow-up of a campaign is about; `but` is the follow-up itself."""
    siblings = Campaign.objects.filter(follow_up_of=first, follow_up_kind=kind).exclude(pk=but or 0)
    return FollowUp(
        kind,
        first.account_id,
        first=_mailings(Campaign.objects.filter(pk=first.pk)),
        siblings=_mailings(siblings),
    )


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
        found = _with(among, messages.filter(outcome=Outcome.SENT).exclude(signal=Signal.HARD_BOUNCE))
        seen = MessageActivity.objects.filter(account_id=what.account_id, mailing_id__in=what.first)
        found = without(found, seen.filter(Q(first_open_people__isnull=False) | Q(first_click_people__isnull=False)))
    siblings = Message.objects.filter(account_id=what.account_id, mailing_id__in=what.siblings, outcome__in=_GOT)
    return without(found, siblings) if what.siblings else found


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
