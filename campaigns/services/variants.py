"""Testing up to four variants of a draft on a sample: which there are, how many get each, what is in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from accounts.models import User
from campaigns import audiences, queries
from campaigns.checks import Check, subject
from campaigns.models import Campaign, Variant
from campaigns.samples import Part
from campaigns.services import versions
from campaigns.services.holding import hold_draft
from campaigns.timing import next_time, timing_of, zone_of
from contacts.conditions import BadSegment
from delivery.services import compiling
from emailconcert.lib.errors import ExpectedError

STEP = "campaigns:variants"
NAMES = "ABCD"
PERCENTS = (10, 50)
HOURS = (1, 72)
# Fewer people than this tell little: with 200 each, only a difference of some ten points is not chance.
_FEW = 200


class TooMany(ExpectedError):
    """There are four variants already."""

    def __init__(self) -> None:
        super().__init__("There are four variants already. Remove one to add another.")


class NotThere(ExpectedError):
    """No variant of this name can be brought back."""

    def __init__(self) -> None:
        super().__init__("This variant is no longer kept. Add one and write it again.")


@dataclass(frozen=True)
class Plan:
    """How a test is done: on how many of a hundred, by what the winner is chosen and after how many hours, or else what."""

    percent: int
    winner_by: str
    hours: int
    if_undecided: str
    rest_goes: str = Campaign.RestGoes.ONCE


@dataclass(frozen=True)
class Sizes:
    """How many people get each variant at first, by name, and how many the winner afterwards."""

    parts: tuple[tuple[str, int], ...]
    rest: int


def add_variant(*, campaign: Campaign, now: datetime) -> Variant:
    """Add a variant that begins as a copy of the first. Raises `NotADraft`, `TooMany`."""
    hold_draft(campaign, now)
    there = queries.alternatives(campaign)
    free = next((name for name in NAMES if name not in {each.name for each in there}), None)
    if free is None:
        raise TooMany
    first = there[0]
    return Variant.objects.create(
        account_id=campaign.account_id,
        campaign=campaign,
        name=free,
        subject=first.subject,
        preheader=first.preheader,
        from_name=first.from_name,
        clock=first.clock,
        kind=first.kind,
        source=first.source,
        text=first.text,
    )


def set_variant(
    *,
    campaign: Campaign,
    name: str,
    subject: str,
    preheader: str,
    from_name: str,
    clock: time | None = None,
    now: datetime,
    author: User | None = None,
) -> None:
    """Say what stands in the inbox for one variant, and at what time of day it is tried. Raises `NotADraft`."""
    hold_draft(campaign, now)
    mine = Variant.objects.filter(campaign=campaign, name=name)
    mine.update(subject=subject, preheader=preheader, from_name=from_name, clock=clock)
    if any(each.says_its_own for each in mine):
        versions.note_envelope(campaign=campaign, author=author, now=now, name=name)


def begin_own_content(*, campaign: Campaign, name: str, author: User | None, now: datetime) -> None:
    """Give a variant a content of its own, which begins as what the first says. Raises `NotADraft`."""
    hold_draft(campaign, now)
    variant = queries.variant(campaign, name)
    if variant is not None and not variant.says_its_own:
        versions.take_content(variant=variant, taken=queries.only_variant(campaign), author=author, now=now)
        Variant.objects.filter(pk=variant.pk).update(has_own_content=True)


def drop_own_content(*, campaign: Campaign, name: str, author: User | None, now: datetime) -> None:
    """Let a variant say what the first says; what it said stays among its versions. Raises `NotADraft`."""
    hold_draft(campaign, now)
    variant = queries.variant(campaign, name)
    if variant is not None and variant.has_own_content:
        versions.take_content(variant=variant, taken=queries.only_variant(campaign), author=author, now=now)
        Variant.objects.filter(pk=variant.pk).update(has_own_content=False)


def remove_variant(*, campaign: Campaign, name: str, now: datetime) -> bool:
    """Remove a variant that is not the first, and tell whether there was one; `restore_variant` brings it back.

    Raises `NotADraft`.
    """
    hold_draft(campaign, now)
    removed = Variant.objects.filter(campaign=campaign, name=name, name__in=NAMES[1:]).first()
    if removed is None:
        return False
    Variant.with_removed.filter(campaign=campaign, name=name.lower()).delete()
    return bool(Variant.objects.filter(pk=removed.pk).update(name=name.lower()))


def restore_variant(*, campaign: Campaign, name: str, now: datetime) -> str:
    """Bring back the variant of this name that was removed last, with its versions; return what it is called now.

    Where another one has taken its name, it takes the first that is free. Raises `NotADraft`, `NotThere`, `TooMany`.
    """
    hold_draft(campaign, now)
    removed = Variant.with_removed.filter(campaign=campaign, name=name.lower(), name__in=Variant.REMOVED)
    row = removed.first()
    if row is None:
        raise NotThere
    there = queries.alternatives(campaign)
    taken = {each.name for each in there}
    free: str | None = next((each for each in (name, *NAMES) if each not in taken), None)
    if free is None:
        raise TooMany
    first = there[0]
    same = {} if row.has_own_content else {"kind": first.kind, "source": first.source, "text": first.text}
    removed.update(name=free, **same)
    return free


def set_plan(*, campaign: Campaign, plan: Plan, now: datetime) -> None:
    """Say how the test is done. Raises `NotADraft`."""
    hold_draft(campaign, now)
    chosen = {
        "sample_percent": plan.percent,
        "winner_by": plan.winner_by,
        "winner_after": plan.hours,
        "if_undecided": plan.if_undecided,
        "rest_goes": plan.rest_goes,
    }
    Campaign.objects.filter(pk=campaign.pk).update(**chosen)
    for name, value in chosen.items():
        setattr(campaign, name, value)


def parts(campaign: Campaign, there: list[Variant]) -> dict[str, Part | None]:
    """Return who gets which variant at first, by its name: everybody where there is only one."""
    if len(there) < 2:
        return {each.name: None for each in there}
    percent, of = campaign.sample_percent, len(there)
    return {each.name: Part(campaign.pk, percent, number, of) for number, each in enumerate(there)}


def times(*, campaign: Campaign, there: Sequence[Variant], now: datetime) -> list[tuple[str, datetime]]:
    """Return when each variant would be tried, the earliest first; none where they have no times of day."""
    begins, zone = timing_of(campaign).due(now), zone_of(campaign)
    found = [(each.name, next_time(each.clock, zone, after=begins)) for each in there if each.clock]
    return sorted(found, key=lambda each: each[1]) if len(there) > 1 else []


def sizes(*, campaign: Campaign, people: int, now: datetime) -> Sizes:
    """Count, exactly as sending does; `people` is the whole audience. Raises `BadSegment`."""
    chosen, found = audiences.chosen(campaign), []
    for name, part in parts(campaign, queries.alternatives(campaign)).items():
        mine = replace(chosen, part=part)
        found.append((name, audiences.count_people(mine, account_id=campaign.account_id, now=now)[0]))
    return Sizes(tuple(found), rest=people - sum(count for _, count in found))


def check_variants(campaign: Campaign, people: int, *, now: datetime) -> Iterator[Check]:
    """Look at what concerns a test of variants; nothing where there is only one."""
    there = queries.alternatives(campaign)
    if len(there) < 2:
        return
    if campaign.timing == Campaign.Timing.LOCAL:
        said = "A test of variants can't go by each person's own clock: choose one time for all."
        yield Check("blocking", said, "campaigns:when")
    counted = {
        Campaign.WinnerBy.OPENS: campaign.account.tracks_opens,
        Campaign.WinnerBy.CLICKS: campaign.account.tracks_clicks,
    }
    if not counted.get(Campaign.WinnerBy(campaign.winner_by), True):
        said = f"Your account does not count {campaign.winner_by}, so they can't choose the winner. Choose another way."
        yield Check("blocking", said, STEP)
    said_in = {
        (each.subject, each.preheader, each.from_name, each.kind, each.source, each.text, each.clock) for each in there
    }
    if len(said_in) < len(there):
        yield Check("blocking", "Two variants are the same. Change one, or remove it.", STEP)
    for each in there[1:]:
        yield from _check_envelope(campaign, each)
    yield from _check_times(campaign, there, now)
    yield from _check_sizes(campaign, people, now)


def _check_envelope(campaign: Campaign, variant: Variant) -> Iterator[Check]:
    if not variant.subject.strip():
        yield Check("blocking", f"Write a subject for variant {variant.name}.", STEP)
    account, preheader = campaign.account, variant.preheader
    for problem in compiling.check_envelope(account=account, subject=variant.subject, preheader=preheader):
        yield Check("blocking", f"Variant {variant.name}: {problem}", STEP)
    for found in subject.check_subject(variant.subject, preheader):
        if found.level != "ok":
            yield replace(found, sentence=f"Variant {variant.name}: {found.sentence}", step=STEP)


def _check_times(campaign: Campaign, there: Sequence[Variant], now: datetime) -> Iterator[Check]:
    without = [each.name for each in there if each.clock is None]
    if without and len(without) < len(there):
        said = f"Say at what time of day variant {without[0]} is tried, or take the times of the others away."
        yield Check("blocking", said, STEP)
    elif not without:
        zone = ZoneInfo(zone_of(campaign))
        planned = times(campaign=campaign, there=there, now=now)
        said = ", ".join(f"{name} on {_spoken(moment.astimezone(zone))}" for name, moment in planned)
        rest = (
            "at the winner's time of day" if campaign.rest_goes == Campaign.RestGoes.CLOCK else "as soon as it is known"
        )
        when = "as planned" if campaign.timing == Campaign.Timing.AT else "now"
        details = (f"If it is started {when}; times are those of {zone.key}.",)
        yield Check("ok", f"Variants leave at different times: {said}; the winner {rest}.", details=details)


def _spoken(moment: datetime) -> str:
    return f"{moment:%A}, {moment.day} {moment:%B}, {moment:%H:%M}"


def _check_sizes(campaign: Campaign, people: int, now: datetime) -> Iterator[Check]:
    try:
        counted = sizes(campaign=campaign, people=people, now=now)
    except BadSegment:
        return
    fewest = min(count for _, count in counted.parts)
    said = ", ".join(f"{name} to {count:,}" for name, count in counted.parts)
    if people and not fewest:
        yield Check("blocking", f"Too few people for this test: {said}. Raise the share, or remove a variant.", STEP)
    elif fewest < _FEW:
        why = "With few people, which variant does better is mostly chance."
        yield Check("notice", f"Few people get each variant: {said}.", STEP, why=why)
    else:
        yield Check("ok", f"Variants go to a sample first: {said}; the winner to the other {counted.rest:,}.", STEP)
