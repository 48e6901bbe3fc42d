"""The calendar."""

from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, has_role, member_required
from accounts.models import Role
from campaigns import planning


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Show a month: what was sent, what is planned, and aside the drafts without a day."""
    account = request.account
    today = now().astimezone(ZoneInfo(account.time_zone)).date()
    first = planning.month_of(request.GET.get("month", ""), today=today)
    context = {
        "month": planning.month(account=account, first=first, today=today),
        "today": today,
        "drafts": planning.undated(account),
        "zone": account.time_zone,
        "may_edit": has_role(request.membership, Role.EDITOR),
    }
    return render(request, "campaigns/calendar.html", context)
