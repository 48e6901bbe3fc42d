"""After a campaign was sent: drafts to those who did not open it, who joined since, or whose mail failed for now."""

from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import User
from campaigns import audiences, follow_ups
from campaigns.audiences import Chosen
from campaigns.models import Campaign
from campaigns.services import checking, drafting
from contacts.conditions import BadSegment
from delivery.models import Mailing
from emailconcert.lib.errors import ExpectedError

Kind = Campaign.FollowUp
_OPEN = (Campaign.State.DRAFT, Campaign.State.SCHEDULED)
_SUFFIX = {Kind.NOT_OPENED: "not opened", Kind.JOINED: "joined since", Kind.FAILED: "retry"}


class CannotFollowUp(ExpectedError):
    """No such follow-up can be made of the campaign now."""


@dataclass(frozen=True)
class Offer:
    """One kind of follow-up: how many it would go to now, and what was made of it before."""

    kind: Kind
    people: int
    left_out: tuple[tuple[str, int], ...]
    problem: str = ""
    draft: Campaign | None = None
    sent: tuple[Campaign, ...] = ()


def offers(*, campaign: Campaign, now: datetime) -> list[Offer]:
    """Count, exactly as sending does, for each kind of follow-up; call inside the account's scope."""
    made = list(Campaign.objects.filter(follow_up_of=campaign, deleted_at=None).order_by("pk"))
    chosen = audiences.chosen(campaign)
    return [
        _offer(campaign, chosen, kind, [each for each in made if each.follow_up_kind == kind], now) for kind in Kind
    ]


def _offer(campaign: Campaign, chosen: Chosen, kind: Kind, made: list[Campaign], now: datetime) -> Offer:
    draft = next((each for each in made if each.state in _OPEN), None)
    sent = tuple(each for each in made if each.state not in _OPEN)
    problem, people = _why_not(campaign, chosen, kind), 0
    left_out: dict[str, int] = {}
    if not problem:
        what = follow_ups.follow_up(first=campaign, kind=kind, but=draft.pk if draft else None)
        narrowed = replace(chosen, follow_up=what)
        try:
            people, left_out = audiences.count_people(narrowed, account_id=campaign.account_id, now=now)
        except BadSegment as error:
            problem = str(error)
    return Offer(kind, people, checking.name_reasons(left_out), problem, draft, sent)


def _why_not(campaign: Campaign, chosen: Chosen, kind: Kind) -> str:
    """Return why there can be no follow-up of the kind; empty where there can."""
    if chosen.is_empty:
        return "The lists and segments it went to are gone."
    if kind == Kind.JOINED and campaign.follow_up_of_id:
        return "This one followed another itself. Open that one, and send to those who joined since from there."
    untracked = Mailing.objects.filter(variants__campaign=campaign, tracks_opens=False)
    if kind == Kind.NOT_OPENED and untracked.exists():
        return "Its opens were not counted, so nobody knows who did not open it."
    return ""


def begin(*, campaign: Campaign, kind: str, created_by: User | None, now: datetime) -> Campaign:
    """Return a draft that goes to these people, the one that there is already if there is one.

    Raises `CannotFollowUp`.
    """
    first = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if first.state != Campaign.State.SENT:
        raise CannotFollowUp("Wait until the campaign has been sent.")
    wanted = Kind(kind)
    problem = _why_not(first, audiences.chosen(first), wanted)
    if problem:
        raise CannotFollowUp(problem)
    same = Campaign.objects.filter(follow_up_of=first, follow_up_kind=wanted, deleted_at=None, state__in=_OPEN)
    known = same.first()
    if known is not None:
        return known
    made = drafting.duplicate_campaign(campaign=first, created_by=created_by, only=first.winner)
    suffix = f" ({_SUFFIX[wanted]})"
    made.name = first.name[: 120 - len(suffix)] + suffix
    made.follow_up_of, made.follow_up_kind = first, wanted
    made.updated_at = now
    made.save(update_fields=["name", "follow_up_of", "follow_up_kind", "updated_at"])
    return made
