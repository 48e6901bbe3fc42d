"""Gathering the people of one variant: which part of the audience it goes to, when it begins to leave, and how fast."""

from dataclasses import replace
from datetime import datetime

from campaigns import audiences, queries
from campaigns.models import Campaign, Variant
from campaigns.samples import Part, Rest
from campaigns.services import variants
from campaigns.timing import next_time, timing_of, zone_of
from delivery.services import materialising
from delivery.services.pacing import Pace


def gather(*, campaign: Campaign, variant: Variant, not_before: datetime, now: datetime) -> None:
    """Make the messages of a variant's mailing. Raises `materialising.CannotStart`, `BadSegment`."""
    part = _part(campaign, variant)
    account_id, chosen = campaign.account_id, replace(audiences.chosen(campaign), part=part)
    start_at, pace = _start(campaign, variant, part, now if isinstance(part, Rest) else not_before)
    materialising.materialise(
        mailing=variant.mailing,
        audience=audiences.people(chosen, account_id=account_id, now=now),
        excluded=audiences.excluded(chosen, account_id=account_id, now=now),
        start_at=start_at,
        now=now,
        pace=pace,
    )


def _part(campaign: Campaign, variant: Variant) -> Part | Rest | None:
    """Return to which part of the audience a variant goes; None: to everybody."""
    there = queries.alternatives(campaign)
    if variant.name == Variant.REST:
        return Rest(campaign.account_id, [each.mailing_id for each in there if each.mailing_id])
    return variants.parts(campaign, there)[variant.name]


def _start(
    campaign: Campaign, variant: Variant, part: Part | Rest | None, not_before: datetime
) -> tuple[datetime, Pace]:
    """Return from when on it leaves, and at what pace: a sample at once, at its time of day where it has one."""
    pace = timing_of(campaign).pace()
    if isinstance(part, Part):
        pace = Pace(has_time=pace.has_time)
    waits = part is not None if campaign.rest_goes == Campaign.RestGoes.CLOCK else isinstance(part, Part)
    if variant.clock is None or not waits:
        return not_before, pace
    return next_time(variant.clock, zone_of(campaign), after=not_before), replace(pace, has_time=True)
