"""Sharing a report: members make links and take them back; whoever has one reads it without signing in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from campaigns import archive_queries
from campaigns.forms_public import ShareForm
from campaigns.models import Campaign
from campaigns.services import reporting, sharing
from campaigns.views.common import campaign_or_404
from emailconcert.lib import limits
from emailconcert.lib.htmx import redirect_to
from emailconcert.lib.network import client_network
from emailconcert.lib.tenancy import account_scope

# How many in a minute from one network.
_NETWORK, _WINDOW = 60, 60


@require_safe
@member_required
def index(request: MemberRequest, pk: int) -> HttpResponse:
    """List the links that work."""
    campaign = campaign_or_404(request, pk)
    if campaign.sent_at is None:
        return redirect("campaigns:detail", pk=pk)
    return _page(request, campaign, ShareForm())


@require_POST
@role_required(Role.EDITOR)
def make(request: MemberRequest, pk: int) -> HttpResponse:
    """Make a link."""
    campaign = campaign_or_404(request, pk)
    form = ShareForm(request.POST)
    if campaign.sent_at is not None and form.is_valid():
        try:
            days = form.cleaned_data["days"]
            sharing.make(campaign=campaign, days=days, user=request.user, actor=actor(request), now=now())
        except sharing.TooMany as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The link is made. Whoever has it can read the report.")
            return redirect_to(request, "campaigns:report-links", pk=campaign.pk)
    return _page(request, campaign, form, status=422)


@require_POST
@role_required(Role.EDITOR)
def take_back(request: MemberRequest, pk: int, link: int) -> HttpResponse:
    """Let a link show nothing from now on."""
    campaign = campaign_or_404(request, pk)
    if sharing.take_back(campaign=campaign, pk=link, actor=actor(request), now=now()):
        messages.success(request, "Taken back. Who opens it now is told that it has ended.")
    return redirect_to(request, "campaigns:report-links", pk=pk)


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Show a report to whoever has the link: numbers, times and links, never a person."""
    if not limits.hit("shared report", client_network(request), _NETWORK, _WINDOW):
        answer = HttpResponse("Too many requests. Try again in a minute.", status=429, content_type="text/plain")
        answer["Retry-After"] = str(_WINDOW)
        return _private(answer)
    try:
        account, pk = sharing.whose(token, now=now())
        with account_scope(account), timezone.override(account.time_zone):
            link = sharing.open_link(pk=pk, now=now())
            response = render(request, "campaigns/shared_report.html", _told(link.campaign) | {"link": link})
    except sharing.LinkEnded:
        response = render(request, "campaigns/shared_report_ended.html", status=404)
    return _private(response)


def _page(request: MemberRequest, campaign: Campaign, form: ShareForm, status: int = 200) -> HttpResponse:
    context = {
        "campaign": campaign,
        "form": form,
        "links": sharing.live(campaign=campaign, now=now()),
        "may_edit": has_role(request.membership, Role.EDITOR),
    }
    return render(request, "campaigns/report_links.html", context, status=status)


def _told(campaign: Campaign) -> dict[str, Any]:
    account, made = campaign.account, reporting.report(campaign=campaign)
    known = archive_queries.entries([campaign], account=account)
    return {
        "campaign": campaign,
        "subject": known[0].subject if known else "",
        "report": made,
        "numbers": made.numbers,
        "brand": {"name": account.name},
    }


def _private(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
