"""The winner of a test of variants, and the rest of the audience that gets it.

While the sample's mails are read, the campaign is in the state `testing`. Making the rest is one transaction that begins
with a conditional UPDATE, so that of a second worker, click or run after a crash nothing comes twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min

from accounts.services.auditing import SYSTEM, Actor
from campaigns import queries
from campaigns.chances import Tally, Verdict, judge
from campaigns.models import Campaign, Variant
from campaigns.numbers import Numbers, numbers_of_variants
from campaigns.services import scheduling, sending
from delivery.models import Batch, Mailing
from emailconcert.lib.errors import ExpectedError
from tracking.models import MessageActivity

MISSED = (
    "The winner was to be chosen while nothing could be sent. Nothing has gone to the rest. Resume to let the winner go "
    "now, or cancel."
)
RESTORED = "Restored from a backup: the rest may have been sent after it was made. Check before you resume."


class CannotChoose(ExpectedError):
    """There is no winner to be chosen now."""

    def __init__(self) -> None:
        super().__init__("The winner can be chosen once everybody in the sample has got their mail, and only once.")


@dataclass(frozen=True)
class Result:
    """How a campaign's variants did, and what that says."""

    rows: tuple[tuple[Variant, Numbers], ...]
    verdict: Verdict
    rest: Numbers | None = None


def result(*, campaign: Campaign, now: datetime) -> Result | None:
    """Return how the variants did; None where there is only one. Call inside the account's scope."""
    found = numbers_of_variants(campaign)
    rows = tuple((variant, numbers) for variant, numbers in found if variant.name != Variant.REST)
    if len(rows) < 2:
        return None
    by_clicks = campaign.winner_by == Campaign.WinnerBy.CLICKS
    hits = {each.name: numbers.clickers if by_clicks else numbers.openers for each, numbers in rows}
    if rows[0][0].clock:
        hits = _within_same_time([each for each, _ in rows], by_clicks=by_clicks, now=now)
    tallies = [Tally(each.name, hits[each.name], numbers.delivered) for each, numbers in rows]
    verdict = judge(tallies, did="clicked in it" if by_clicks else "opened it")
    rest = next((numbers for variant, numbers in found if variant.name == Variant.REST), None)
    return Result(rows, verdict, rest)


def _within_same_time(there: Sequence[Variant], *, by_clicks: bool, now: datetime) -> dict[str, int]:
    """Count who did it within as long after their variant left as the last one has been out: the first had no longer."""
    ids = [each.mailing_id for each in there if each.mailing_id]
    began = Batch.objects.filter(mailing_id__in=ids).values_list("mailing_id").annotate(Min("not_before"))
    starts: dict[int, datetime] = dict(began)
    if len(starts) < len(there):
        return dict.fromkeys((each.name for each in there), 0)
    span = max(now - max(starts.values()), timedelta())
    first = "first_click_people" if by_clicks else "first_open_people"
    found = {}
    for each in there:
        mine = MessageActivity.objects.filter(account_id=each.account_id, mailing_id=each.mailing_id or 0)
        found[each.name] = mine.filter(**{f"{first}__lte": starts[each.mailing_id or 0] + span}).count()
    return found


def awaits_rest(campaign: Campaign) -> bool:
    """Tell whether it is a test of variants whose rest has not been made."""
    there = list(Variant.objects.filter(campaign=campaign).values_list("name", flat=True))
    return len(there) > 1 and Variant.REST not in there


def next_decision(campaign: Campaign, mailings: Sequence[Mailing], now: datetime) -> datetime | None:
    """Return when the winner is chosen, the sample having left; None where that is for a member to do."""
    if campaign.winner_by == Campaign.WinnerBy.HAND or campaign.winner_why:
        return None
    if campaign.decide_at:
        return max(campaign.decide_at, now)
    left = max((each.finished_at for each in mailings if each.finished_at), default=now)
    return left + timedelta(hours=campaign.winner_after)


def decide_due(*, campaign_id: int, now: datetime) -> None:
    """Choose the winner of a test whose time has come, once; call in the account's scope, by as many workers as there are."""
    with transaction.atomic():
        campaign = _testing(campaign_id)
        if campaign is None or campaign.decide_at is None or campaign.decide_at > now:
            return
        if now - campaign.decide_at > scheduling.LATEST:
            _hold(campaign, Campaign.State.PAUSED, MISSED, now)
            return
        found = result(campaign=campaign, now=now)
        verdict = found.verdict if found else Verdict("", "", level=("A",))
        winner, said = verdict.leader, verdict.sentence
        if not winner and campaign.if_undecided == Campaign.IfUndecided.WAIT:
            Campaign.objects.filter(pk=campaign.pk).update(decide_at=None, winner_why=said[:300])
            _hold(campaign, Campaign.State.TESTING, f"{said} Choose what goes to the rest.", now)
            return
        try:
            with transaction.atomic():
                _send_rest(campaign, winner or verdict.level[0], SYSTEM, now, said=said)
        except ExpectedError as error:
            _hold(campaign, Campaign.State.PAUSED, str(error), now)


def choose(*, campaign: Campaign, name: str, actor: Actor, now: datetime) -> None:
    """Let a variant go to the rest, by a member's choice. Raises `CannotChoose`, and what stands against sending."""
    with transaction.atomic():
        held = _testing(campaign.pk)
        if held is None or name not in {each.name for each in queries.alternatives(held)}:
            raise CannotChoose
        _send_rest(held, name, actor, now, said="Chosen by hand.")


def _testing(campaign_id: int) -> Campaign | None:
    waiting = Campaign.objects.select_for_update(of=("self",)).select_related("sender", "account")
    campaign = waiting.filter(pk=campaign_id, state=Campaign.State.TESTING).first()
    return campaign if campaign and awaits_rest(campaign) else None


def _send_rest(campaign: Campaign, name: str, actor: Actor, now: datetime, *, said: str) -> None:
    """Make the mailing of the rest; `sending.start_mailings` gathers its people."""
    rest = Variant.objects.get(campaign=campaign, name=name)
    rest.pk, rest.name, rest.mailing = None, Variant.REST, None
    rest._state.adding = True
    rest.mailing = sending.compile_variant(campaign, rest)
    rest.save()
    changes = {"state": Campaign.State.SENDING, "winner": name, "winner_why": said[:300], "problem": ""}
    Campaign.objects.filter(pk=campaign.pk).update(**changes)
    sending.record("campaign.winner_chosen", campaign, actor, now, variant=name)


def _hold(campaign: Campaign, state: str, problem: str, now: datetime) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=state, problem=problem[:300])
    sending.record("campaign.held", campaign, SYSTEM, now, problem=problem)
    scheduling.tell_owners(campaign, problem, now=now)


def hold_restored(*, now: datetime) -> int:
    """Pause tests whose rest a restored backup would send by itself; return how many. In the platform's scope."""
    testing = Campaign.objects.filter(state=Campaign.State.TESTING)
    return scheduling.hold_all(testing, {"state": Campaign.State.PAUSED}, RESTORED, now=now)
