"""A campaign that goes later: planned, taken back, started when its time comes, held when its time was missed."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Membership, Role
from accounts.services import auditing, outbox
from accounts.services.auditing import SYSTEM, Actor
from campaigns.models import Campaign
from campaigns.services import agreeing, checking, rehearsing, sending
from campaigns.services.holding import hold_draft
from campaigns.timing import Timing, timing_of
from emailconcert.lib.errors import ExpectedError

LATEST = timedelta(hours=1)
RESTORED = "Restored from a backup: it may have gone out after that was made. Nothing goes by itself. Check before you send it."
MISSED = "Its time passed while sending was not possible. Nothing has left. Choose when it goes now."


class NotScheduled(ExpectedError):
    """It is not waiting for its time."""

    def __init__(self) -> None:
        super().__init__("This campaign is not waiting for its time any more. Reload the page to see where it stands.")


def set_timing(*, campaign: Campaign, timing: Timing, now: datetime) -> None:
    """Choose when a draft goes. Raises `BadTime`, `holding.NotADraft`."""
    timing.check(now)
    hold_draft(campaign, now)
    chosen = {
        "timing": timing.kind,
        "day": timing.day,
        "clock": timing.clock,
        "zone": timing.zone,
        "spread_hours": timing.spread_hours,
    }
    Campaign.objects.filter(pk=campaign.pk).update(**chosen)
    for name, value in chosen.items():
        setattr(campaign, name, value)


def send_or_schedule(*, campaign: Campaign, agreed: int | None, now: datetime, actor: Actor, seen: str = "") -> None:
    """Let a draft go now, or have it wait for its time; `seen` is the state of it that the member looked at.

    Raises what `sending.send_campaign` does, `BadTime` and `agreeing.ChangedSince`.
    """
    with transaction.atomic():
        held = Campaign.objects.select_for_update().filter(pk=campaign.pk, state=Campaign.State.DRAFT, deleted_at=None)
        if held.first() is None:  # and whoever wants to change it waits from here on
            raise sending.AlreadySent
        campaign.refresh_from_db()
        agreeing.check(campaign, seen)
        timing = timing_of(campaign)
        if timing.kind == Campaign.Timing.NOW:
            sending.send_campaign(campaign=campaign, agreed=agreed, now=now, actor=actor)
            return
        timing.check(now)
        draft = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.DRAFT, deleted_at=None)
        if not draft.update(state=Campaign.State.SCHEDULED, due_at=timing.due(now), problem=""):
            raise sending.AlreadySent
        sending.refuse(checking.review(campaign=campaign, now=now), agreed)
        _record("campaign.scheduled", campaign, actor, now, due=timing.due(now).isoformat())


def unschedule(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Make a draft of it again. Raises `NotScheduled`."""
    if not _to_draft(campaign, ""):
        raise NotScheduled
    _record("campaign.unscheduled", campaign, actor, now)


def send_now_instead(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Let it go at once, without waiting for its time. Raises `NotScheduled` and what sending does."""
    with transaction.atomic():
        waiting = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.SCHEDULED)
        if not waiting.update(timing=Campaign.Timing.NOW, due_at=None):
            raise NotScheduled
        campaign.refresh_from_db()
        if problem := rehearsing.rehearse_due(campaign=campaign, now=now):
            raise sending.CannotSend(problem)
        sending.send_campaign(campaign=campaign, now=now, actor=actor, was=Campaign.State.SCHEDULED)


def start_due(*, campaign_id: int, now: datetime) -> None:
    """Start a scheduled campaign whose time has come, once; call in the account's scope, by as many workers as there are.

    More than an hour late it becomes a draft again, and so does what has come to need mending; its owners are told.
    """
    with transaction.atomic():
        waiting = Campaign.objects.select_for_update().filter(pk=campaign_id, state=Campaign.State.SCHEDULED)
        campaign = waiting.first()
        if campaign is None or campaign.due_at is None or campaign.due_at > now:
            return
        if now - campaign.due_at > LATEST:
            _hold(campaign, MISSED, now)
            return
        if problem := rehearsing.rehearse_due(campaign=campaign, now=now):
            _hold(campaign, problem, now)
            return
        try:
            with transaction.atomic():
                sending.send_campaign(campaign=campaign, now=now, actor=SYSTEM, was=Campaign.State.SCHEDULED)
        except ExpectedError as error:
            _hold(campaign, str(error), now)


def _hold(campaign: Campaign, problem: str, now: datetime) -> None:
    if _to_draft(campaign, problem):
        _record("campaign.held", campaign, SYSTEM, now, problem=problem)
        tell_owners(campaign, problem, now=now)


def hold_restored(*, now: datetime) -> int:
    """Make drafts of whatever a restored backup would still send by itself; return how many. In the platform's scope."""
    waiting = Campaign.objects.filter(state=Campaign.State.SCHEDULED)
    return hold_all(waiting, {"state": Campaign.State.DRAFT, "due_at": None}, RESTORED, now=now)


def hold_all(found: QuerySet[Campaign], changes: dict[str, object], problem: str, *, now: datetime) -> int:
    """Hold campaigns, and tell their owners why; return how many."""
    held = list(found)
    Campaign.objects.filter(pk__in=[each.pk for each in held]).update(**changes, problem=problem)
    for campaign in held:
        tell_owners(campaign, problem, now=now)
    return len(held)


def tell_owners(campaign: Campaign, problem: str, *, now: datetime) -> None:
    """Mail the account's owners that a campaign is held, and why."""
    owners = Membership.objects.select_related("user").filter(account_id=campaign.account_id, role=Role.OWNER)
    for owner in owners:
        outbox.put_mail(
            template="campaign_held",
            to=owner.user.email,
            context={
                "name": owner.user.name,
                "campaign": campaign.name,
                "problem": problem,
                "url": f"{settings.SITE_URL}/campaigns/{campaign.pk}/",
            },
            language=owner.user.language,
            account_id=campaign.account_id,
            now=now,
        )


def _to_draft(campaign: Campaign, problem: str) -> bool:
    waiting = Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.SCHEDULED)
    done = waiting.update(state=Campaign.State.DRAFT, due_at=None, problem=problem[:300])
    if done:
        campaign.state, campaign.problem = Campaign.State.DRAFT, problem
    return bool(done)


def _record(action: str, campaign: Campaign, actor: Actor, now: datetime, **details: object) -> None:
    target = ("campaign", campaign.pk)
    auditing.record(action=action, actor=actor, now=now, account_id=campaign.account_id, target=target, details=details)
