"""What is looked at before a campaign may be sent, and what the review shows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from accounts.models import Account
from campaigns import audiences, queries
from campaigns.checks import Check, habit, origin, pace, rehearsal, subject, targeting
from campaigns.models import Campaign, Rehearsal, RehearsalFailure, Variant
from campaigns.services import checking_content, rehearsing, variants, versions
from contacts import conditions
from contacts import queries as contact_queries
from contacts.conditions import BadSegment
from contacts.models import List, Segment
from delivery.models import Reason
from delivery.services import counting, materialising


@dataclass(frozen=True)
class Audience:
    """Who would get it just now: the number, the people of each list and segment, and who is left out by reason."""

    people: int
    lists: tuple[tuple[str, int], ...] = ()
    segments: tuple[tuple[str, int | None], ...] = ()
    without: tuple[str, ...] = ()
    problem: str = ""

    @property
    def names(self) -> list[str]:
        """Return the names of the lists and segments it goes to."""
        return [name for name, _ in (*self.lists, *self.segments)]

    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Review:
    """Everything that the review shows."""

    audience: Audience
    checks: tuple[Check, ...] = field(default_factory=tuple)
    rehearsal: Rehearsal | None = None
    failures: Sequence[RehearsalFailure] = ()

    @property
    def blocking(self) -> list[Check]:
        """Return what has to be mended, or waited for, first."""
        return [each for each in self.checks if each.level in ("blocking", "waiting")]

    @property
    def notices(self) -> list[Check]:
        """Return what is worth a look."""
        return [each for each in self.checks if each.level == "notice"]

    @property
    def good(self) -> list[Check]:
        """Return what is as it should be."""
        return [each for each in self.checks if each.level == "ok"]

    @property
    def live(self) -> frozenset[str]:
        """Return what a worker is still at."""
        return frozenset(each.live for each in self.checks if each.live)

    @property
    def only_waits(self) -> bool:
        """Tell whether nothing has to be mended, as far as is known."""
        return all(each.level == "waiting" for each in self.blocking)

    @property
    def is_ready(self) -> bool:
        """Tell whether it may be sent."""
        return not self.blocking


class Rehearse(StrEnum):
    """What a review does about trying the mail for everybody."""

    BEGIN = "begin"
    LOOK = "look"
    SKIP = "skip"


def review(*, campaign: Campaign, now: datetime, rehearse: Rehearse = Rehearse.BEGIN) -> Review:
    """Look at everything and count the audience exactly; call inside the account's scope."""
    audience = count_audience(campaign=campaign, now=now)
    there = queries.alternatives(campaign)
    variant = there[0]
    checks = [
        *_check_audience(audience, campaign.account, now),
        *targeting.check_targeting(audiences.chosen(campaign), account_id=campaign.account_id),
        *habit.check_habit(campaign, variant, audience.people, now=now),
        *_check_envelope(campaign),
        *pace.check_pace(campaign, audience.people, now=now),
        *variants.check_variants(campaign, audience.people, now=now),
        *subject.check_subject(variant.subject, variant.preheader),
        *checking_content.check_contents(campaign, there, asks=rehearse == Rehearse.BEGIN, now=now),
        *_check_trial(campaign, there),
    ]
    tried = _rehearse(campaign, audience, rehearse, now)
    failures = rehearsing.failures(tried) if tried and tried.failing else []
    checks += rehearsal.check_rehearsal(tried, failures[0] if failures else None)
    order = ("blocking", "waiting", "notice", "ok")
    return Review(audience, tuple(sorted(checks, key=lambda each: order.index(each.level))), tried, failures)


LIVE = ("links", "rehearsal")


def live_check(*, campaign: Campaign, what: str, now: datetime) -> Check | None:
    """Return how far a check is that a worker is at, None where there is no such check."""
    if what == "links":
        return checking_content.check_links(campaign)
    if what != "rehearsal":
        return None
    tried = rehearsing.look(campaign=campaign, now=now)
    failures = rehearsing.failures(tried) if tried and tried.failing else []
    found = list(rehearsal.check_rehearsal(tried, failures[0] if failures else None))
    return found[-1] if found else None


def _rehearse(campaign: Campaign, audience: Audience, how: Rehearse, now: datetime) -> Rehearsal | None:
    if how == Rehearse.SKIP or not audience.people:
        return None
    if how == Rehearse.LOOK:
        return rehearsing.look(campaign=campaign, now=now)
    return rehearsing.begin(campaign=campaign, people=audience.people, now=now)


def count_audience(*, campaign: Campaign, now: datetime) -> Audience:
    """Count who would get it, exactly as sending does."""
    account_id, chosen = campaign.account_id, audiences.chosen(campaign)
    if chosen.is_empty:
        return Audience(0, without=tuple(chosen.without))
    try:
        counted = _count(chosen, account_id, now)
    except BadSegment as error:
        return Audience(0, problem=str(error))
    return Audience(
        counted.people,
        lists=tuple((each.name, counted.subscribed.get(each.pk, 0)) for each in chosen.lists),
        segments=_count_segments(chosen.segments, account_id, now),
        without=tuple(chosen.without),
        left_out=name_reasons(counted.left_out),
    )


def _count(chosen: audiences.Chosen, account_id: int, now: datetime) -> counting.Counted:
    if chosen.follow_up is None:
        to_segments = audiences.people(chosen, account_id=account_id, now=now) if chosen.segments else None
        return counting.count_audience(
            account_id=account_id,
            list_ids=chosen.list_ids,
            to_segments=to_segments,
            excluded=audiences.excluded(replace(chosen, without_lists=()), account_id=account_id, now=now),
            without_list_ids=[each.pk for each in chosen.without_lists],
            now=now,
        )
    people, left_out = materialising.count_audience(  # of a follow-up anybody may have left the lists since
        account_id=account_id,
        audience=audiences.people(chosen, account_id=account_id, now=now),
        excluded=audiences.excluded(chosen, account_id=account_id, now=now),
        list_ids=chosen.list_ids,
        to_segments=bool(chosen.segments),
        now=now,
    )
    lists = contact_queries.lists_with_counts(account_id).filter(pk__in=chosen.list_ids)
    return counting.Counted(people, left_out, {each.pk: _subscribed(each) for each in lists})


def _count_segments(segments: Sequence[Segment], account_id: int, now: datetime) -> tuple[tuple[str, int | None], ...]:
    found: list[tuple[str, int | None]] = []
    for each in segments:
        try:
            found.append((each.name, conditions.count(each.definition, account_id=account_id, now=now)))
        except conditions.TooSlow:
            found.append((each.name, None))
    return tuple(found)


def name_reasons(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Return counts by reason in words, the largest first."""
    named = ((str(Reason[name.upper()].label), count) for name, count in counts.items() if count)
    return tuple(sorted(named, key=lambda each: (-each[1], each[0])))


def _subscribed(each: List) -> int:
    return int(getattr(each, "subscribed", 0))


def _check_audience(audience: Audience, account: Account, now: datetime) -> Iterator[Check]:
    step = "campaigns:audience"
    if audience.problem:
        yield Check("blocking", audience.problem, step)
    elif not audience.lists and not audience.segments:
        yield Check("blocking", "Choose at least one list or segment.", step)
    elif not audience.people:
        yield Check("blocking", "Nobody in this audience may be mailed just now.", step)
    else:
        yield Check("ok", f"It goes to {audience.people:,} {'person' if audience.people == 1 else 'people'}.", step)
    left = max(account.sending_quota - materialising.sent_in_window(now=now), 0)
    if audience.people > left:
        yield Check(
            "blocking", f"Your account may send {left:,} more messages in this 30-day window; this needs more.", step
        )
    if account.status != Account.Status.ACTIVE:
        yield Check("blocking", f"Your account can't send at the moment. {account.status_reason}".strip())


def _check_envelope(campaign: Campaign) -> Iterator[Check]:
    step, sender = "campaigns:envelope", campaign.sender
    if sender is None:
        yield Check("blocking", "Choose who it comes from.", step)
    elif sender.verified_at is None:
        yield Check("blocking", f"{sender.email} has not been verified: open the link in the mail we sent there.", step)
    else:
        yield from origin.check(sender, campaign.account, step)


def _check_trial(campaign: Campaign, there: Sequence[Variant]) -> Iterator[Check]:
    if campaign.tested_at is None:
        yield Check("notice", "You have not sent yourself a test mail yet.", "campaigns:trial", button="Send a test")
    elif versions.changed_since(there, campaign.tested_at):
        said = "The mail was changed since the last test mail was sent."
        yield Check("notice", said, "campaigns:trial", why="A test shows what people get now.", button="Send a test")
    else:
        yield Check("ok", "A test mail was sent.", "campaigns:trial")
