"""The steps of a draft, in any order: audience, envelope, test mail."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from campaigns import audiences, personalising, queries
from campaigns.forms import AudienceForm, EnvelopeForm, TrialForm
from campaigns.models import Campaign
from campaigns.services import drafting, trying
from campaigns.views.common import campaign_or_404, shown_variant
from delivery.content.problems import Problem
from delivery.services import compiling
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import is_htmx, redirect_to
from emailconcert.shell import toasts

CHANGED = ["GET", "HEAD", "POST"]


@require_http_methods(CHANGED)
@role_required(Role.EDITOR)
def audience(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose the lists and segments it goes to, and who is left out."""
    campaign = campaign_or_404(request, pk)
    if campaign.follow_up_of_id:
        return redirect("campaigns:detail", pk=pk)
    chosen = audiences.chosen(campaign).by_field()
    form = AudienceForm(request.POST if request.method == "POST" else None, account=request.account, initial=chosen)
    if form.is_valid():
        try:
            drafting.set_audience(campaign=campaign, **form.cleaned_data, now=now())
            return redirect_to(request, "campaigns:detail", pk=pk)
        except drafting.NotADraft as error:
            form.add_error(None, str(error))
    return _step(request, campaign, form, "campaigns/audience.html")


@require_http_methods(CHANGED)
@role_required(Role.EDITOR)
def envelope(request: MemberRequest, pk: int) -> HttpResponse:
    """Say from whom it comes and what stands in the inbox."""
    campaign = campaign_or_404(request, pk)
    variant = queries.only_variant(campaign)
    known = {
        "sender": campaign.sender_id,
        "reply_to": campaign.reply_to,
        "subject": variant.subject,
        "preheader": variant.preheader,
    }
    form = EnvelopeForm(request.POST if request.method == "POST" else None, account=request.account, initial=known)
    problems: list[Problem] = []
    if form.is_valid():
        given = form.cleaned_data
        try:
            drafting.set_envelope(campaign=campaign, **given, now=now(), author=request.user)
            problems = compiling.check_envelope(
                account=request.account, subject=given["subject"], preheader=given["preheader"]
            )
            if not problems:
                return redirect_to(request, "campaigns:detail", pk=pk)
        except ExpectedError as error:
            form.add_error(None if isinstance(error, drafting.NotADraft) else "reply_to", str(error))
    groups = personalising.groups(queries.own_fields(request.account))
    context = {"campaign": campaign, "form": form, "problems": problems, "groups": groups}
    return render(request, "campaigns/envelope.html", context, status=_status(request, form))


@require_http_methods(CHANGED)
@role_required(Role.EDITOR)
def trial(request: MemberRequest, pk: int) -> HttpResponse:
    """Send a test mail to members or typed addresses."""
    campaign = campaign_or_404(request, pk)
    mine = {"members": [request.user.pk], "variants": [shown_variant(request)]}
    given, there = request.POST if request.method == "POST" else None, queries.alternatives(campaign)
    form = TrialForm(given, account=request.account, variants=there, initial=mine)
    if form.is_valid():
        try:
            names = form.cleaned_data.get("variants") or [there[0].name]
            count = trying.send_test(campaign=campaign, to=form.cleaned_data["to"], names=names, now=now())
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            toasts.done(request, f"{count} test {'mail is' if count == 1 else 'mails are'} on the way.")
            return redirect_to(request, "campaigns:detail", pk=pk)
    return _step(request, campaign, form, "campaigns/trial.html")


def _step(request: MemberRequest, campaign: Campaign, form: object, template: str) -> HttpResponse:
    return render(request, template, {"campaign": campaign, "form": form}, status=_status(request, form))


def _status(request: MemberRequest, form: object) -> int:
    return 422 if getattr(form, "errors", None) and not is_htmx(request) else 200


def _contact_id(request: MemberRequest) -> int | None:
    raw = request.GET.get("contact") or request.POST.get("contact") or ""
    return int(raw) if raw.isdecimal() and len(raw) < 18 else None
