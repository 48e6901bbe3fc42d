"""What the views of one campaign share."""

from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from campaigns.models import Campaign


def campaign_or_404(request: MemberRequest, pk: int) -> Campaign:
    """Return the account's campaign; deleted drafts are gone."""
    kept = request.account.campaign_set.filter(deleted_at=None).select_related("sender", "follow_up_of")
    return get_object_or_404(kept, pk=pk)
