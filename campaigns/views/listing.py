"""The list of campaigns, and what makes one or puts one away."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from campaigns import queries
from campaigns.forms import ListFilter, NameForm
from campaigns.forms_templates import StartForm
from campaigns.services import drafting, starting_points
from campaigns.views.common import campaign_or_404
from emailconcert.lib.htmx import redirect_to, render_part
from emailconcert.shell import toasts


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Show the campaigns, the newest first, with their numbers."""
    chosen = ListFilter(request.GET)
    wanted = chosen.cleaned_data if chosen.is_valid() else {}
    page = queries.campaign_page(
        account=request.account,
        q=wanted.get("q", ""),
        state=wanted.get("state", ""),
        after=wanted.get("after"),
        before=wanted.get("before"),
    )
    context = {"page": page, "filtered": bool(wanted.get("q") or wanted.get("state"))}
    return render_part(request, "campaigns/list.html", "results", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def create(request: MemberRequest) -> HttpResponse:
    """Ask for a name and what to start from, and make a draft."""
    chosen = (request.POST or request.GET).get("start", "")
    form = StartForm(request.POST or None, account=request.account)
    if form.is_valid():
        given = form.cleaned_data
        campaign = starting_points.create_campaign(
            account=request.account, name=given["name"], start=given["start"], created_by=request.user, now=now()
        )
        return redirect_to(request, "campaigns:detail", pk=campaign.pk)
    offers = starting_points.offers(account=request.account, now=now())
    context = {"form": form, "offers": offers, "chosen": chosen}
    return render(request, "campaigns/create.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def rename(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a campaign another name."""
    campaign = campaign_or_404(request, pk)
    form = NameForm(request.POST or None, initial={"name": campaign.name})
    if form.is_valid():
        drafting.rename_campaign(campaign=campaign, name=form.cleaned_data["name"], now=now())
        return redirect_to(request, "campaigns:detail", pk=pk)
    context = {"form": form, "campaign": campaign}
    return render(request, "campaigns/create.html", context, status=422 if form.is_bound else 200)


@require_POST
@role_required(Role.EDITOR)
def duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    """Make a draft of the same."""
    campaign = campaign_or_404(request, pk)
    copy = drafting.duplicate_campaign(campaign=campaign, created_by=request.user)
    toasts.done(request, f"Made a draft of “{campaign.name}”.")
    return redirect_to(request, "campaigns:detail", pk=copy.pk)


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a draft away, with a way back."""
    campaign = campaign_or_404(request, pk)
    try:
        drafting.delete_draft(campaign=campaign, actor=actor(request), now=now())
    except drafting.NotADraft as error:
        messages.error(request, str(error))
        return redirect("campaigns:detail", pk=pk)
    toasts.done(request, f"“{campaign.name}” is deleted.", undo_url=reverse("campaigns:restore", args=[pk]))
    return redirect_to(request, "campaigns:list")


@require_POST
@role_required(Role.EDITOR)
def restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring a deleted draft back."""
    campaign = get_object_or_404(request.account.campaign_set, pk=pk)
    drafting.restore_draft(campaign=campaign, actor=actor(request), now=now())
    return redirect_to(request, "campaigns:detail", pk=pk)
