"""Writing a campaign: everything that may be done in any order before it is sent."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import Account, User
from accounts.services import auditing
from accounts.services.auditing import Actor
from campaigns import queries
from campaigns.models import Campaign, CampaignList, CampaignSegment, Variant
from campaigns.services import versions
from campaigns.services.holding import NotADraft, hold_draft
from contacts.models import List, Segment
from delivery.models import Sender
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError

__all__ = ["NotADraft"]
KEPT_AFTER_DELETION = timedelta(days=1)


class FollowsAnother(ExpectedError):
    """Its audience is given by the campaign that it follows."""

    def __init__(self) -> None:
        super().__init__("Its audience follows from the campaign before it. Make a new campaign to choose another.")


def create_campaign(*, account: Account, name: str, created_by: User | None, now: datetime) -> Campaign:
    """Make an empty draft with its first variant; the account's only verified sender is chosen already."""
    campaign = Campaign.objects.create(
        account=account, name=name, created_by=created_by, sender=_only_sender(account), created_at=now, updated_at=now
    )
    Variant.objects.create(account=account, campaign=campaign)
    return campaign


def rename_campaign(*, campaign: Campaign, name: str, now: datetime) -> None:
    """Give a campaign another name; only members see it, so it may change at any time."""
    Campaign.objects.filter(pk=campaign.pk, deleted_at=None).update(name=name, updated_at=now)
    campaign.name = name


def set_audience(
    *,
    campaign: Campaign,
    lists: Collection[List],
    segments: Collection[Segment] = (),
    without_lists: Collection[List] = (),
    without_segments: Collection[Segment] = (),
    now: datetime,
) -> None:
    """Choose what it goes to, and what it does not go to. Raises `NotADraft`, `FollowsAnother`."""
    if campaign.follow_up_of_id:
        raise FollowsAnother
    hold_draft(campaign, now)
    of_lists = {each.pk: False for each in lists} | {each.pk: True for each in without_lists}
    of_segments = {each.pk: False for each in segments} | {each.pk: True for each in without_segments}
    CampaignList.objects.filter(campaign=campaign).delete()
    CampaignList.objects.bulk_create(
        CampaignList(campaign=campaign, list_id=pk, excluded=excluded) for pk, excluded in sorted(of_lists.items())
    )
    CampaignSegment.objects.filter(campaign=campaign).delete()
    CampaignSegment.objects.bulk_create(
        CampaignSegment(campaign=campaign, segment_id=pk, excluded=excluded)
        for pk, excluded in sorted(of_segments.items())
    )


def set_envelope(
    *,
    campaign: Campaign,
    sender: Sender | None,
    reply_to: str,
    subject: str,
    preheader: str,
    now: datetime,
    author: User | None = None,
) -> None:
    """Say from whom it comes and what stands in the inbox. Raises `NotADraft`, `addresses.BadAddress`."""
    reply_to = addresses.normalise(reply_to) if reply_to.strip() else ""
    hold_draft(campaign, now)
    Campaign.objects.filter(pk=campaign.pk).update(sender=sender, reply_to=reply_to)
    campaign.sender, campaign.reply_to = sender, reply_to
    _variants(campaign).filter(name="A").update(subject=subject, preheader=preheader)
    versions.note_envelope(campaign=campaign, author=author, now=now)


def save_content(*, campaign: Campaign, kind: str, source: str, now: datetime) -> None:
    """Keep the body exactly as it was written, mistakes and all, over whatever is there. Raises `NotADraft`."""
    versions.save_content(campaign=campaign, written=versions.Written(kind, source), origin=versions.Origin(), now=now)


def duplicate_campaign(*, campaign: Campaign, created_by: User | None, only: str = "") -> Campaign:
    """Make a draft with the same audience, sender and content; `only` names the one variant to take."""
    copy = Campaign.objects.create(
        account_id=campaign.account_id,
        name=f"Copy of {campaign.name}"[:120],
        sender_id=campaign.sender_id,
        reply_to=campaign.reply_to,
        created_by=created_by,
        follow_up_of_id=campaign.follow_up_of_id,
        follow_up_kind=campaign.follow_up_kind,
        sample_percent=campaign.sample_percent,
        winner_by=campaign.winner_by,
        winner_after=campaign.winner_after,
        if_undecided=campaign.if_undecided,
        rest_goes=campaign.rest_goes,
    )
    lists = CampaignList.objects.filter(campaign=campaign).values_list("list_id", "excluded")
    CampaignList.objects.bulk_create(CampaignList(campaign=copy, list_id=pk, excluded=out) for pk, out in lists)
    segments = CampaignSegment.objects.filter(campaign=campaign).values_list("segment_id", "excluded")
    CampaignSegment.objects.bulk_create(
        CampaignSegment(campaign=copy, segment_id=pk, excluded=out) for pk, out in segments
    )
    Variant.objects.bulk_create(
        Variant(
            campaign=copy,
            name="A" if only else each.name,
            from_name=each.from_name,
            clock=None if only else each.clock,
            has_own_content=not only and each.has_own_content,
            subject=each.subject,
            preheader=each.preheader,
            kind=each.kind,
            source=each.source,
            text=each.text,
        )
        for each in queries.alternatives(campaign)
        if each.name == only or not only
    )
    return copy


def delete_draft(*, campaign: Campaign, actor: Actor, now: datetime) -> None:
    """Put a draft away; `restore_draft` brings it back for a day. Raises `NotADraft`."""
    if campaign.state == Campaign.State.PATTERN:  # it goes with its feed
        raise NotADraft
    hold_draft(campaign, now)
    Campaign.objects.filter(pk=campaign.pk).update(deleted_at=now)
    _record("campaign.deleted", campaign, actor, now)


def restore_draft(*, campaign: Campaign, actor: Actor, now: datetime) -> None:
    """Bring a deleted draft back; one that is there already stays as it is."""
    if Campaign.objects.filter(pk=campaign.pk).exclude(deleted_at=None).update(deleted_at=None, updated_at=now):
        _record("campaign.restored", campaign, actor, now)


def purge_deleted(*, now: datetime) -> int:
    """Remove what was deleted more than a day ago, in the account in scope; return how many campaigns."""
    gone = Campaign.objects.filter(state=Campaign.State.DRAFT, deleted_at__lt=now - KEPT_AFTER_DELETION)
    count = gone.count()
    gone.delete()
    return count


def _only_sender(account: Account) -> Sender | None:
    verified = list(Sender.objects.filter(account=account).exclude(verified_at=None)[:2])
    return verified[0] if len(verified) == 1 else None


def _variants(campaign: Campaign) -> QuerySet[Variant]:
    return Variant.objects.filter(campaign=campaign)


def _record(action: str, campaign: Campaign, actor: Actor, now: datetime) -> None:
    auditing.record(
        action=action, actor=actor, now=now, account_id=campaign.account_id, target=("campaign", campaign.pk)
    )
