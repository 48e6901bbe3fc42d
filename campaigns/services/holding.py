"""Holding a draft while it is changed."""

from datetime import datetime

from campaigns.models import Campaign
from emailconcert.lib.errors import ExpectedError


class NotADraft(ExpectedError):
    """The campaign has been sent, or deleted, in the meantime."""

    def __init__(self) -> None:
        super().__init__("This campaign is no longer a draft, so it can't be changed. Duplicate it to write another.")


def hold_draft(campaign: Campaign, now: datetime) -> None:
    """Lock the row until the transaction ends, so that nobody sends a draft, or copies a pattern, that is being changed.

    Raises `NotADraft`.
    """
    draft = Campaign.objects.filter(pk=campaign.pk, state__in=Campaign.WRITTEN, deleted_at=None)
    if not draft.update(updated_at=now):
        raise NotADraft
