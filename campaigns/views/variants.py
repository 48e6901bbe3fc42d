"""Variants of a draft and how they are tested; choosing the winner."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from campaigns import queries, tasks
from campaigns.forms_variants import PlanForm, VariantForm
from campaigns.models import Campaign, Variant
from campaigns.services import checking, deciding, previewing, variants
from campaigns.timing import zone_of
from campaigns.views.common import campaign_or_404, variant_or_404
from contacts.conditions import BadSegment
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def index(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the variants, and say how they are tested."""
    campaign = campaign_or_404(request, pk)
    if campaign.state != Campaign.State.DRAFT:
        return redirect("campaigns:detail", pk=pk)
    there = queries.alternatives(campaign)
    given = request.POST if request.method == "POST" else None
    form = PlanForm(given, initial=_plan(campaign), is_timed=any(each.clock for each in there))
    if form.is_valid():
        try:
            variants.set_plan(campaign=campaign, plan=form.plan(), now=now())
            return redirect_to(request, "campaigns:variants", pk=pk)
        except ExpectedError as error:
            form.add_error(None, str(error))
    context = {"campaign": campaign, "form": form, "variants": there, "zone": zone_of(campaign)}
    context |= {"sizes": _sizes(campaign), "shown": _shown(there, campaign)}
    context["times"] = variants.times(campaign=campaign, there=there, now=now())
    return render(request, "campaigns/variants.html", context, status=422 if form.errors else 200)


def _plan(campaign: Campaign) -> dict[str, Any]:
    return {
        "percent": campaign.sample_percent,
        "winner_by": campaign.winner_by,
        "hours": campaign.winner_after,
        "if_undecided": campaign.if_undecided,
        "rest_goes": campaign.rest_goes,
    }


def _shown(there: list[Variant], campaign: Campaign) -> list[tuple[Variant, str]]:
    """Return the variants that say something of their own, each with the address of its preview; none but where some do."""
    seen, at = previewing.Eyes(is_invented=True), now()
    found = [each for each in there if each.says_its_own]
    urls = (previewing.preview_url(campaign=campaign, eyes=seen, name=each.name, now=at) for each in found)
    return list(zip(found, urls, strict=True)) if len(found) > 1 else []


def _sizes(campaign: Campaign) -> variants.Sizes | None:
    audience = checking.count_audience(campaign=campaign, now=now())
    try:
        return variants.sizes(campaign=campaign, people=audience.people, now=now())
    except BadSegment:
        return None


@require_POST
@role_required(Role.EDITOR)
def add(request: MemberRequest, pk: int) -> HttpResponse:
    """Add a variant and open it."""
    campaign = campaign_or_404(request, pk)
    try:
        with transaction.atomic():
            made = variants.add_variant(campaign=campaign, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
        return redirect_to(request, "campaigns:variants", pk=pk)
    return redirect_to(request, "campaigns:variant", pk=pk, name=made.name)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Say what stands in the inbox for one variant."""
    campaign = campaign_or_404(request, pk)
    variant = variant_or_404(campaign, name)
    if campaign.state != Campaign.State.DRAFT:
        return redirect("campaigns:detail", pk=pk)
    known = {name: getattr(variant, name) for name in ("subject", "preheader", "from_name", "clock")}
    zone = zone_of(campaign) if len(queries.alternatives(campaign)) > 1 else ""
    form = VariantForm(request.POST if request.method == "POST" else None, initial=known, zone=zone)
    if form.is_valid():
        try:
            variants.set_variant(campaign=campaign, name=name, **form.cleaned_data, now=now(), author=request.user)
            return redirect_to(request, "campaigns:variants", pk=pk)
        except ExpectedError as error:
            form.add_error(None, str(error))
    context = {"campaign": campaign, "variant": variant, "form": form}
    if variant.says_its_own:
        seen = previewing.Eyes(is_invented=True)
        context["shown_url"] = previewing.preview_url(campaign=campaign, eyes=seen, name=name, now=now())
    return render(request, "campaigns/variant.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.EDITOR)
def begin_own_content(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Give a variant a content of its own, and open it."""
    campaign = campaign_or_404(request, pk)
    try:
        with transaction.atomic():
            variants.begin_own_content(campaign=campaign, name=name, author=request.user, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
        return redirect_to(request, "campaigns:variants", pk=pk)
    return redirect_to(request, "campaigns:content", pk=pk, name=variant_or_404(campaign, name).name)


@require_POST
@role_required(Role.EDITOR)
def drop_own_content(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Let a variant say what the first says."""
    campaign = campaign_or_404(request, pk)
    try:
        with transaction.atomic():
            variants.drop_own_content(campaign=campaign, name=name, author=request.user, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, "campaigns:variant", pk=pk, name=variant_or_404(campaign, name).name)


@require_POST
@role_required(Role.EDITOR)
def remove(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Remove a variant that is not the first, with a way back."""
    campaign = campaign_or_404(request, pk)
    try:
        with transaction.atomic():
            is_removed = variants.remove_variant(campaign=campaign, name=name, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
    else:
        back = reverse("campaigns:restore-variant", args=[pk, name])
        if is_removed:
            toasts.done(request, f"Variant {name} is removed.", undo_url=back)
    return redirect_to(request, "campaigns:variants", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def restore(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Bring a removed variant back."""
    campaign = campaign_or_404(request, pk)
    try:
        with transaction.atomic():
            variants.restore_variant(campaign=campaign, name=name, now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, "campaigns:variants", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def choose(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Let one variant go to the rest."""
    campaign = campaign_or_404(request, pk)
    try:
        deciding.choose(campaign=campaign, name=name, actor=actor(request), now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Variant {name} goes to the rest.")
        tasks.wake_after_commit(account_id=campaign.account_id, campaign_id=pk)
    return redirect_to(request, "campaigns:detail", pk=pk)
