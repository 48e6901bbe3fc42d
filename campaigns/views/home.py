"""The page that a member comes to first."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, member_required
from campaigns.services import starting
from delivery import queries


@require_safe
@member_required
def show(request: MemberRequest) -> HttpResponse:
    """Show one next step, then what happened lately."""
    context = {"home": starting.home(account=request.account, now=now()), "broken_domains": queries.broken_domains()}
    return render(request, "campaigns/home.html", context)
