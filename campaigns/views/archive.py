"""The archive as members see it: what is in it, and its settings."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from campaigns.forms_public import ArchiveForm
from campaigns.services import archiving
from campaigns.views.common import campaign_or_404
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """List what was sent, and whether anybody can read it."""
    keys = {name: _key(request.GET.get(name, "")) for name in ("after", "before")}
    context = {
        "overview": archiving.overview(account=request.account, now=now(), **keys),
        "may_edit": has_role(request.membership, Role.EDITOR),
        "may_manage": has_role(request.membership, Role.ADMIN),
    }
    return render(request, "campaigns/archive.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def settings(request: MemberRequest) -> HttpResponse:
    """Switch the archive on or off, and choose what is in it and how it looks."""
    account = request.account
    kept = archiving.choices(account)
    initial = {**vars(kept), "includes_new": "yes" if kept.includes_new else "no"}
    form = ArchiveForm(request.POST or None, account=account, initial=initial)
    if form.is_valid():
        archiving.keep(account=account, chosen=form.chosen(), actor=actor(request), now=now())
        messages.success(request, "Saved.")
        return redirect("campaigns:archive-settings")
    context = {"form": form, "is_open": kept.is_open, "address": archiving.address(account)}
    return render(request, "campaigns/archive_settings.html", context, status=422 if form.is_bound else 200)


@require_POST
@role_required(Role.EDITOR)
def add(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a campaign into the archive."""
    return _include(request, pk, is_in=True)


@require_POST
@role_required(Role.EDITOR)
def take_out(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a campaign out of the archive."""
    return _include(request, pk, is_in=False)


def _include(request: MemberRequest, pk: int, *, is_in: bool) -> HttpResponse:
    campaign = campaign_or_404(request, pk)
    archiving.include(campaign=campaign, is_in=is_in, actor=actor(request), now=now())
    back = reverse("campaigns:archive-take-out" if is_in else "campaigns:archive-add", args=[pk])
    said = "is in the archive." if is_in else "is not in the archive."
    toasts.done(request, f"“{campaign.name}” {said}", undo_url=back)
    page = request.POST.get("page")
    if page in ("detail", "review"):
        return redirect_to(request, f"campaigns:{page}", pk=pk)
    return redirect_to(request, "campaigns:archive")


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
