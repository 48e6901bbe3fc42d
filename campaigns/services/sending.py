"""From a draft to mail on its way, and holding it: send, undo, pause, resume, cancel.

A campaign's state follows its mailings. What a member asks for is a conditional UPDATE, so that a second click, a
second tab or a second worker finds nothing left to do. Nothing leaves within `GRACE` of the click.
"""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.services import auditing
from accounts.services.auditing import Actor
from campaigns import audiences, follow_ups
from campaigns.models import Campaign, Variant
from campaigns.services import checking, gathering, previewing
from contacts.conditions import BadSegment
from delivery.models import Batch, Mailing
from delivery.services import compiling, holding, materialising
from emailconcert.lib.errors import ExpectedError

GRACE = timedelta(seconds=10)
UNDER_WAY = (Campaign.State.SENDING, Campaign.State.PAUSED)


class CannotSend(ExpectedError):
    """Something has to be mended before it can be sent."""


class AudienceChanged(ExpectedError):
    """It would go to another number of people than the member agreed to."""


class AlreadySent(ExpectedError):
    """Another click, tab or member was first."""

    def __init__(self) -> None:
        super().__init__("This campaign is on its way already.")


class CannotHold(ExpectedError):
    """It can't be paused, resumed, cancelled or taken back any more."""


def send_campaign(
    *,
    campaign: Campaign,
    now: datetime,
    actor: Actor,
    agreed: int | None = None,
    was: Campaign.State = Campaign.State.DRAFT,
) -> None:
    """Let a draft, or what was scheduled, go: compile it and hand it to the workers, who start ten seconds later.

    `agreed` is the number of people that the member confirmed; a list may have grown or shrunk a little since.
    Raises `AlreadySent`, `CannotSend`, `AudienceChanged`. Call inside the account's scope.
    """
    with transaction.atomic():
        _begin(campaign, was, now)
        # What was scheduled was rehearsed when it was, and is again before it starts by itself.
        how = checking.Rehearse.SKIP if was == Campaign.State.SCHEDULED else checking.Rehearse.BEGIN
        review = checking.review(campaign=campaign, now=now, rehearse=how)
        refuse(review, agreed)
        chosen = audiences.chosen(campaign)
        for variant in campaign.variants.order_by("name"):
            variant.mailing = compile_variant(campaign, variant, chosen)
            variant.save(update_fields=["mailing"])
        record("campaign.sent", campaign, actor, now, people=review.audience.people)


def _begin(campaign: Campaign, was: Campaign.State, now: datetime) -> None:
    """Take the draft, or raise: whoever updates the row is the one who sends."""
    draft = Campaign.objects.filter(pk=campaign.pk, state=was, deleted_at=None)
    if not draft.update(state=Campaign.State.SENDING, sent_at=now, finished_at=None, problem=""):
        raise AlreadySent
    campaign.refresh_from_db(fields=["state", "sent_at", "finished_at", "problem", "sender", "reply_to"])


def refuse(review: checking.Review, agreed: int | None) -> None:
    """Raise `CannotSend` or `AudienceChanged` where the review stands against it."""
    if not review.is_ready:
        raise CannotSend(" ".join(check.sentence for check in review.blocking))
    people = review.audience.people
    if agreed is not None and abs(people - agreed) > max(5, agreed // 100):
        raise AudienceChanged(f"It would go to {people:,} people now, not to {agreed:,}. Look at it again.")


def compile_variant(campaign: Campaign, variant: Variant, chosen: audiences.Chosen | None = None) -> Mailing:
    """Return the mailing of one variant. Raises `CannotSend`, and what compiling does."""
    if campaign.sender is None or campaign.sender.verified_at is None:
        raise CannotSend("Choose who it comes from, and have the address verified.")
    chosen = chosen or audiences.chosen(campaign)
    return compiling.compile_mailing(
        account=campaign.account,
        kind=Mailing.Kind.CAMPAIGN,
        content=previewing.content_of(variant),
        about=previewing.about(campaign, now=campaign.sent_at or campaign.created_at),
        sender=campaign.sender,
        lists=sorted(chosen.lists, key=lambda each: each.pk),
        to_segments=bool(chosen.segments),
        reply_to=campaign.reply_to,
        from_name=variant.from_name,
    )


def start_mailings(*, campaign_id: int, now: datetime) -> str:
    """Gather the audience of a campaign that was sent; again is harmless. A worker does this, in the account's scope.

    Return why it could not be started and is held: a draft again, or paused where a part of it has left. Empty otherwise.
    """
    campaign = Campaign.objects.select_for_update().filter(pk=campaign_id, state=Campaign.State.SENDING).first()
    if campaign is None or campaign.sent_at is None:
        return ""
    if campaign.follow_up_of:  # of two follow-ups that start together, the second sees whom the first goes to
        Campaign.objects.select_for_update().get(pk=follow_ups.root(campaign.follow_up_of).pk)
    compiled = Variant.objects.select_related("mailing").filter(
        campaign=campaign, mailing__state=Mailing.State.COMPILED
    )
    try:
        with transaction.atomic():  # of several variants all start, or none
            for variant in compiled.order_by("name"):
                gathering.gather(campaign=campaign, variant=variant, not_before=campaign.sent_at + GRACE, now=now)
    except (materialising.CannotStart, BadSegment) as error:
        rest = Variant.objects.filter(campaign=campaign, name=Variant.REST)
        if isinstance(error, materialising.NobodyLeft) and rest.exists():
            rest.update(mailing=None)
            return ""
        if rest.exists():
            Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.PAUSED, problem=str(error)[:300])
        else:
            _back_to_draft(campaign, str(error))
        return str(error)[:300]
    return ""


def undo_send(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Make a draft of it again, within ten seconds of the click. Raises `CannotHold`."""
    held = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if held.state != Campaign.State.SENDING or held.sent_at is None or now >= held.sent_at + GRACE:
        raise CannotHold("Mail is leaving already, so it can't be taken back. You can still pause or cancel it.")
    with transaction.atomic():
        _cancel_mailings(held, now)
        begun = Batch.objects.filter(mailing__variants__campaign=held).exclude(state=Batch.State.DONE, sent=0)
        if begun.exists():  # this call had waited meanwhile, for example for the audience to be gathered
            raise CannotHold("Mail is leaving already, so it can't be taken back. You can still pause or cancel it.")
        _back_to_draft(held, "")
    record("campaign.send_undone", campaign, actor, now)


def _back_to_draft(campaign: Campaign, problem: str) -> None:
    Variant.objects.filter(campaign=campaign).update(mailing=None)
    Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.DRAFT, sent_at=None, problem=problem[:300])


def pause(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Let no further batch begin; what is with a worker stops within seconds. Raises `CannotHold`."""
    going = (Campaign.State.SENDING, Campaign.State.TESTING)
    _move(campaign, going, Campaign.State.PAUSED, "It is not being sent, so it can't be paused.")
    for mailing in mailings_of(campaign):
        if mailing.state == Mailing.State.SENDING:
            holding.pause_mailing(mailing=mailing)
    record("campaign.paused", campaign, actor, now)


def resume(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Go on after a pause. Raises `CannotHold`."""
    _move(campaign, (Campaign.State.PAUSED,), Campaign.State.SENDING, "It is not paused, so it can't be resumed.")
    Campaign.objects.filter(pk=campaign.pk).update(problem="")
    for mailing in mailings_of(campaign):
        if mailing.state == Mailing.State.PAUSED:
            holding.resume_mailing(mailing=mailing, now=now)
    record("campaign.resumed", campaign, actor, now)


def cancel(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Send nothing more, for good. Raises `CannotHold`."""
    going = (*UNDER_WAY, Campaign.State.TESTING)
    _move(campaign, going, Campaign.State.CANCELLED, "It is not being sent, so it can't be cancelled.")
    Campaign.objects.filter(pk=campaign.pk).update(finished_at=now)
    _cancel_mailings(campaign, now)
    record("campaign.cancelled", campaign, actor, now)


def resend_unconfirmed(*, campaign: Campaign, now: datetime, actor: Actor) -> int:
    """Send what nobody knows the end of once more, by the member's own choice; return how many messages.

    Raises `CannotHold`. Some people may get it twice, which the page says before.
    """
    _move(campaign, (Campaign.State.SENT,), Campaign.State.SENDING, "Wait until the campaign has been sent.")
    Campaign.objects.filter(pk=campaign.pk).update(finished_at=None, unconfirmed_left_at=None)
    again = sum(holding.resend_unconfirmed(mailing=mailing, now=now) for mailing in mailings_of(campaign))
    record("campaign.unconfirmed_resent", campaign, actor, now, messages=again)
    return again


def leave_unconfirmed(*, campaign: Campaign, now: datetime, actor: Actor) -> None:
    """Note that the member leaves unconfirmed messages as they are."""
    Campaign.objects.filter(pk=campaign.pk).update(unconfirmed_left_at=now)
    campaign.unconfirmed_left_at = now
    record("campaign.unconfirmed_left", campaign, actor, now)


def _cancel_mailings(campaign: Campaign, now: datetime) -> None:
    for mailing in mailings_of(campaign):
        if mailing.state in (Mailing.State.SENDING, Mailing.State.PAUSED):
            holding.cancel_mailing(mailing=mailing, now=now)


def _move(campaign: Campaign, before: tuple[str, ...], after: str, refusal: str) -> None:
    if not Campaign.objects.filter(pk=campaign.pk, state__in=before).update(state=after):
        raise CannotHold(refusal)
    campaign.state = after


def mailings_of(campaign: Campaign) -> list[Mailing]:
    """Return the mailings that the campaign became."""
    return list(Mailing.objects.filter(variants__campaign=campaign).defer("program").order_by("pk"))


def record(action: str, campaign: Campaign, actor: Actor, now: datetime, **details: object) -> None:
    """Write down in the audit log what was done to a campaign."""
    target = ("campaign", campaign.pk)
    auditing.record(action=action, actor=actor, now=now, account_id=campaign.account_id, target=target, details=details)
