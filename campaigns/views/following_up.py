"""After it was sent: whom else it can go to."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, has_role, member_required, role_required
from accounts.models import Role
from campaigns.models import Campaign
from campaigns.services import following_up
from campaigns.views.common import campaign_or_404
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to


@require_safe
@member_required
def index(request: MemberRequest, pk: int) -> HttpResponse:
    """Show each kind of follow-up, and exactly how many it would go to."""
    campaign = campaign_or_404(request, pk)
    if campaign.state != Campaign.State.SENT:
        return redirect("campaigns:detail", pk=pk)
    context = {
        "campaign": campaign,
        "offers": following_up.offers(campaign=campaign, now=now()),
        "may_edit": has_role(request.membership, Role.EDITOR),
    }
    return render(request, "campaigns/follow_ups.html", context)


@require_POST
@role_required(Role.EDITOR)
def begin(request: MemberRequest, pk: int, kind: str) -> HttpResponse:
    """Make a draft of one kind, or open the one that there is."""
    campaign = campaign_or_404(request, pk)
    if kind not in Campaign.FollowUp.values:
        raise Http404
    try:
        with transaction.atomic():
            made = following_up.begin(campaign=campaign, kind=kind, created_by=request.user, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
        return redirect_to(request, "campaigns:detail", pk=pk)
    return redirect_to(request, "campaigns:detail", pk=made.pk)
