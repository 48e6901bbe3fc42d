"""Whom a campaign is for: lists and segments that it goes to, and those that it does not go to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from campaigns import follow_ups, samples
from campaigns.follow_ups import FollowUp
from campaigns.models import Campaign, CampaignList, CampaignSegment
from campaigns.samples import Part, Rest
from contacts import conditions
from contacts.conditions import BadSegment, Vocabulary
from contacts.models import Contact, List, Segment, Subscription
from contacts.services.segments.segmenting import Use
from delivery.services import materialising

_STILL_TO_GO = (
    *Campaign.WRITTEN,
    Campaign.State.SCHEDULED,
    Campaign.State.SENDING,
    Campaign.State.TESTING,
    Campaign.State.PAUSED,
)


@dataclass(frozen=True)
class Chosen:
    """What was chosen for a campaign's audience."""

    lists: Sequence[List]
    segments: Sequence[Segment]
    without_lists: Sequence[List]
    without_segments: Sequence[Segment]
    follow_up: FollowUp | None = None
    part: Part | Rest | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether it goes to nothing."""
        return not self.lists and not self.segments

    @property
    def list_ids(self) -> list[int]:
        """Return the ids of the lists it goes to."""
        return [each.pk for each in self.lists]

    def by_field(self) -> dict[str, Sequence[List | Segment]]:
        """Return it as the form names it."""
        return {
            "lists": self.lists,
            "segments": self.segments,
            "without_lists": self.without_lists,
            "without_segments": self.without_segments,
        }

    @property
    def without(self) -> list[str]:
        """Return the names of what it does not go to."""
        return [*(each.name for each in self.without_lists), *(each.name for each in self.without_segments)]


def chosen(campaign: Campaign) -> Chosen:
    """Return what was chosen, each by name."""
    lists = CampaignList.objects.filter(campaign=campaign).select_related("list").order_by("list__name")
    segments = CampaignSegment.objects.filter(campaign=campaign).select_related("segment").order_by("segment__name")
    of_lists, of_segments = list(lists), list(segments)
    return Chosen(
        lists=[each.list for each in of_lists if not each.excluded],
        segments=[each.segment for each in of_segments if not each.excluded],
        without_lists=[each.list for each in of_lists if each.excluded],
        without_segments=[each.segment for each in of_segments if each.excluded],
        follow_up=_follow_up(campaign),
    )


def _follow_up(campaign: Campaign) -> FollowUp | None:
    if campaign.follow_up_of is None:
        return None
    return follow_ups.follow_up(first=campaign.follow_up_of, kind=campaign.follow_up_kind, but=campaign.pk)


def people(what: Chosen, *, account_id: int, now: datetime) -> QuerySet[Contact]:
    """Return everybody it goes to, each once, before anybody is left out. Raises `BadSegment`."""
    found = _in_any(what.lists, what.segments, account_id, now)
    if not found:
        return Contact.objects.none()
    everybody = Contact.objects.filter(account_id=account_id)
    if what.follow_up:
        these = follow_ups.people(what.follow_up, joined=found, among=everybody)
    else:
        these = everybody.filter(found)
    return samples.narrow(these, what.part) if what.part else these


def excluded(what: Chosen, *, account_id: int, now: datetime) -> QuerySet[Contact] | None:
    """Return who is left out because of what was chosen, None where nothing was. Raises `BadSegment`."""
    found = _in_any(what.without_lists, what.without_segments, account_id, now)
    return Contact.objects.filter(account_id=account_id).filter(found) if found else None


def count_people(what: Chosen, *, account_id: int, now: datetime) -> tuple[int, dict[str, int]]:
    """Return how many would get it and how many are left out by reason, exactly as sending does. Raises `BadSegment`."""
    return materialising.count_audience(
        account_id=account_id,
        audience=people(what, account_id=account_id, now=now),
        excluded=excluded(what, account_id=account_id, now=now),
        list_ids=what.list_ids,
        to_segments=bool(what.segments),
        now=now,
    )


def uses_of_segments(account_id: int, segment_ids: Collection[int]) -> Iterable[Use]:
    """Return which campaigns have these segments; what is still to be sent holds them."""
    links = CampaignSegment.objects.filter(account_id=account_id, segment_id__in=segment_ids)
    for link in links.select_related("campaign").order_by("-campaign_id"):
        campaign = link.campaign
        what = "the deleted campaign" if campaign.deleted_at else "the campaign"
        holds = campaign.state in _STILL_TO_GO
        if holds or not campaign.deleted_at:
            url = reverse("campaigns:detail", args=[campaign.pk])
            yield Use(link.segment_id, f"{what} “{campaign.name}”", url, holds)


def why_list_stays(found: List) -> str:
    """Return why a list can't be deleted: a campaign that is still to be sent leaves its people out."""
    links = CampaignList.objects.filter(list=found, excluded=True, campaign__state__in=_STILL_TO_GO)
    link = links.select_related("campaign").first()
    if link is None:
        return ""
    return (
        f"The campaign “{link.campaign.name}” leaves this list's people out. Change its audience first, "
        "or it would go to them."
    )


def _in_any(lists: Sequence[List], segments: Sequence[Segment], account_id: int, now: datetime) -> Q:
    found = Q()
    if lists:
        on_any = Subscription.objects.filter(
            account_id=account_id,
            contact_id=OuterRef("pk"),
            list_id__in=[each.pk for each in lists],
            state=Subscription.State.SUBSCRIBED,
        )
        found |= Q(Exists(on_any))
    vocabulary = Vocabulary(account_id=account_id, now=now) if segments else None
    for segment in segments:
        if vocabulary is not None:
            found |= _belongs(segment, vocabulary)
    return found


def _belongs(segment: Segment, vocabulary: Vocabulary) -> Q:
    try:
        return conditions.belongs(segment.definition, vocabulary=vocabulary)
    except BadSegment as error:
        raise BadSegment(f"The segment “{segment.name}” needs mending. {error}") from None
