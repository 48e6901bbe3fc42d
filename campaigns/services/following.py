"""A campaign's state follows its mailings: all done makes it sent, a held one makes it paused."""

from datetime import datetime

from django.db.models import Q

from campaigns.models import Campaign, Template
from campaigns.services import deciding, drafting, feeding, scheduling, sending, templating
from delivery.models import Mailing
from delivery.services import holding
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import ledger


def follow(*, campaign: Campaign, now: datetime) -> None:
    """Bring the state up to date from the mailings'; conditional, so that two who do it at once agree."""
    if campaign.state not in sending.UNDER_WAY:
        return
    mailings = sending.mailings_of(campaign)
    states = {each.state for each in mailings}
    changes: dict[str, object] = {}
    if states == {Mailing.State.DONE} and deciding.awaits_rest(campaign):
        if campaign.state == Campaign.State.SENDING:
            changes = {"state": Campaign.State.TESTING, "decide_at": deciding.next_decision(campaign, mailings, now)}
    elif states <= {Mailing.State.DONE, Mailing.State.CANCELLED} and states:
        ended = Campaign.State.SENT if Mailing.State.DONE in states else Campaign.State.CANCELLED
        changes = {"state": ended, "finished_at": now}
    elif Mailing.State.PAUSED in states:
        changes = {"state": Campaign.State.PAUSED}
    elif campaign.state == Campaign.State.PAUSED and Mailing.State.SENDING in states:
        changes = {"state": Campaign.State.SENDING}
    if changes and changes["state"] != campaign.state:
        moved = Campaign.objects.filter(pk=campaign.pk, state=campaign.state).update(**changes)
        campaign.refresh_from_db(fields=["state", "finished_at"])
        held = next((each.held_reason for each in mailings if each.held_reason), "")
        if moved and campaign.state == Campaign.State.PAUSED and held:
            scheduling.tell_owners(campaign, held, now=now)


def follow_mailing(*, account_id: int, mailing_id: int, now: datetime) -> None:
    """Follow the campaign that a mailing belongs to, if it does to one."""
    with account_scope(account_id):
        for campaign in Campaign.objects.filter(variants__mailing_id=mailing_id).distinct():
            follow(campaign=campaign, now=now)


def hold_restored(*, now: datetime) -> int:
    """Hold whatever a restored backup would go on with, and tell the owners; return how many. In the platform's scope."""
    sending_now = Campaign.objects.filter(state=Campaign.State.SENDING)
    paused = scheduling.hold_all(sending_now, {"state": Campaign.State.PAUSED}, holding.RESTORED, now=now)
    held = scheduling.hold_restored(now=now) + deciding.hold_restored(now=now)
    return paused + held + feeding.hold_restored(now=now)


def due(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, campaign) of what has to be started or followed."""
    with platform_scope("campaigns: find campaigns under way"):
        under_way = Q(state__in=sending.UNDER_WAY, sent_at__lte=now)
        waiting = Q(state=Campaign.State.SCHEDULED, due_at__lte=now)
        testing = Q(state=Campaign.State.TESTING, decide_at__lte=now)
        looked_after = (*sending.UNDER_WAY, Campaign.State.SCHEDULED, Campaign.State.TESTING)
        found = Campaign.objects.filter(under_way | waiting | testing, state__in=looked_after)
        return list(found.order_by("pk").values_list("account_id", "pk"))


def look_after(*, account_id: int, campaign_id: int, now: datetime) -> None:
    """Start what was not started, and follow what goes on; nothing between a restore and its replay."""
    if not ledger.may_serve():
        return
    with account_scope(account_id):
        scheduling.start_due(campaign_id=campaign_id, now=now)
        deciding.decide_due(campaign_id=campaign_id, now=now)
        problem = sending.start_mailings(campaign_id=campaign_id, now=now)
        campaign = Campaign.objects.filter(pk=campaign_id).first()
        if campaign is not None and problem:
            scheduling.tell_owners(campaign, problem, now=now)
        if campaign is not None:
            follow(campaign=campaign, now=now)


def purge_all(*, now: datetime) -> None:
    """Remove the deleted drafts and templates of every account."""
    before = now - drafting.KEPT_AFTER_DELETION
    with platform_scope("campaigns: find deleted drafts and templates"):
        found = (
            kind.objects.filter(deleted_at__lt=before).values_list("account_id").distinct()
            for kind in (Campaign, Template)
        )
        accounts = sorted({account_id for rows in found for (account_id,) in rows})
    for account_id in accounts:
        with account_scope(account_id):
            drafting.purge_deleted(now=now)
            templating.purge_deleted(now=now)
