"""The search at the top: people, campaigns and settings."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts import settings_pages
from accounts.access import MemberRequest, member_required
from campaigns import queries
from contacts.table import looking_up

LIMIT = 10


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Show what was found."""
    q = request.GET.get("q", "").replace("\0", "").strip()[:120]
    people, campaigns = [], []
    if q:
        people = looking_up.find_people(account_id=request.account.pk, text=q, limit=LIMIT, now=now())
        campaigns = queries.search_campaigns(account=request.account, q=q, limit=LIMIT)
    settings = settings_pages.find(request, text=q)
    context = {"q": q, "people": people, "campaigns": campaigns, "settings": settings}
    return render(request, "campaigns/search.html", context)
