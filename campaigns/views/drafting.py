"""The steps of a draft, in any order: audience, envelope, content, test mail."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from campaigns import audiences, queries
from campaigns.forms import AudienceForm, ContentForm, EnvelopeForm, TrialForm
from campaigns.models import Campaign
from campaigns.services import checking, drafting, previewing, trying
from campaigns.views.common import campaign_or_404
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
    if form.is_valid():
        try:
            drafting.set_envelope(campaign=campaign, **form.cleaned_data, now=now())
            return redirect_to(request, "campaigns:detail", pk=pk)
        except ExpectedError as error:
            form.add_error(None if isinstance(error, drafting.NotADraft) else "reply_to", str(error))
    return _step(request, campaign, form, "campaigns/envelope.html")


@require_http_methods(CHANGED)
@role_required(Role.EDITOR)
def content(request: MemberRequest, pk: int) -> HttpResponse:
    """Write the body; htmx saves it while it is written."""
    campaign = campaign_or_404(request, pk)
    variant = queries.only_variant(campaign)
    known = {"kind": variant.kind, "source": variant.source}
    form = ContentForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        try:
            drafting.save_content(campaign=campaign, **form.cleaned_data, now=now())
        except drafting.NotADraft as error:
            form.add_error(None, str(error))
        else:
            if not is_htmx(request):
                messages.success(request, "Saved.")
                return redirect("campaigns:content", pk=pk)
    context = {"campaign": campaign, "form": form, "saved_at": now() if form.is_bound and form.is_valid() else None}
    context |= previewing.preview_context(campaign=campaign, contact_id=_contact_id(request), now=now())
    part = "#outcome" if is_htmx(request) else ""
    return render(request, f"campaigns/content.html{part}", context, status=_status(request, form))


@require_http_methods(CHANGED)
@role_required(Role.EDITOR)
def trial(request: MemberRequest, pk: int) -> HttpResponse:
    """Send a test mail to members or typed addresses."""
    campaign = campaign_or_404(request, pk)
    mine = {"members": [request.user.pk]}
    form = TrialForm(request.POST if request.method == "POST" else None, account=request.account, initial=mine)
    if form.is_valid():
        try:
            count = trying.send_test(campaign=campaign, to=form.cleaned_data["to"], now=now())
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            toasts.done(request, f"{count} test {'mail is' if count == 1 else 'mails are'} on the way.")
            return redirect_to(request, "campaigns:detail", pk=pk)
    return _step(request, campaign, form, "campaigns/trial.html")


@require_http_methods(["GET", "HEAD"])
@role_required(Role.EDITOR)
def review(request: MemberRequest, pk: int) -> HttpResponse:
    """Show exactly what would happen, before it does."""
    campaign = campaign_or_404(request, pk)
    if campaign.state != Campaign.State.DRAFT:
        return redirect("campaigns:detail", pk=pk)
    context = {"campaign": campaign, "review": checking.review(campaign=campaign, now=now())}
    context |= previewing.preview_context(campaign=campaign, contact_id=_contact_id(request), now=now())
    return render(request, "campaigns/review.html", context)


def _step(request: MemberRequest, campaign: Campaign, form: object, template: str) -> HttpResponse:
    return render(request, template, {"campaign": campaign, "form": form}, status=_status(request, form))


def _status(request: MemberRequest, form: object) -> int:
    return 422 if getattr(form, "errors", None) and not is_htmx(request) else 200


def _contact_id(request: MemberRequest) -> int | None:
    raw = request.GET.get("contact") or request.POST.get("contact") or ""
    return int(raw) if raw.isdecimal() and len(raw) < 18 else None
