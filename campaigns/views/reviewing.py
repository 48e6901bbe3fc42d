"""The page that shows exactly what would happen before it does, and what it still waits for."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from campaigns import tasks
from campaigns.checks import origin
from campaigns.forms import SendForm
from campaigns.models import Campaign
from campaigns.services import agreeing, archiving, checking, previewing
from campaigns.views.common import campaign_or_404, shown_variant


@require_http_methods(["GET", "HEAD"])
@role_required(Role.EDITOR)
def review(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what would happen, and begin what takes a worker's time."""
    campaign = campaign_or_404(request, pk)
    if campaign.state != Campaign.State.DRAFT:
        return redirect("campaigns:detail", pk=pk)
    return show_review(request, campaign)


@require_http_methods(["GET", "HEAD"])
@role_required(Role.EDITOR)
def live_check(request: MemberRequest, pk: int, what: str) -> HttpResponse:
    """Show how far one check is; htmx asks for it until it is over."""
    campaign = campaign_or_404(request, pk)
    found = checking.live_check(campaign=campaign, what=what, now=now())
    if what not in checking.LIVE:
        raise Http404
    response = (
        render(request, "campaigns/_check.html", {"campaign": campaign, "check": found}) if found else HttpResponse()
    )
    if found is None or (what == "rehearsal" and not found.live):
        response["HX-Refresh"] = "true"  # it is about something else by now, or the button that sends may be there
    return response


def show_review(
    request: MemberRequest, campaign: Campaign, *, form: SendForm | None = None, status: int = 200
) -> HttpResponse:
    """Answer with the review, and wake workers for what has to be tried and asked."""
    moment = now()
    found = checking.review(campaign=campaign, now=moment)
    tasks.wake_checks_after_commit(account_id=campaign.account_id, campaign_id=campaign.pk, what=found.live)
    raw = request.GET.get("contact") or request.POST.get("contact") or ""
    contact_id = int(raw) if raw.isdecimal() and len(raw) < 18 else None
    context: dict[str, Any] = {"campaign": campaign, "form": form, "review": found, "seen": agreeing.state(campaign)}
    context["leaves_from"] = origin.shown(campaign)
    context["archive_standing"] = archiving.standing(campaign=campaign, now=moment)
    context |= previewing.preview_context(
        campaign=campaign, contact_id=contact_id, now=moment, name=shown_variant(request)
    )
    return render(request, "campaigns/review.html", context, status=status)
