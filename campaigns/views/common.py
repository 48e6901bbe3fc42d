"""What the views of one campaign share."""

from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.access import MemberRequest
from campaigns import queries
from campaigns.models import Campaign, Variant


def campaign_or_404(request: MemberRequest, pk: int) -> Campaign:
    """Return the account's campaign; deleted drafts are gone."""
    kept = request.account.campaign_set.filter(deleted_at=None).select_related("sender", "follow_up_of")
    return get_object_or_404(kept, pk=pk)


def variant_or_404(campaign: Campaign, name: str) -> Variant:
    """Return a variant that is written, by its name."""
    found = queries.variant(campaign, name)
    if found is None:
        raise Http404
    return found


def shown_variant(request: MemberRequest) -> str:
    """Return the name of the variant that a page is asked to show."""
    return request.GET.get("variant", Variant.FIRST)[:1]
