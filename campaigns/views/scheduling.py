"""When a campaign goes: choosing it, taking it back, sending at once after all."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from campaigns.forms import WhenForm
from campaigns.services import scheduling
from campaigns.services.holding import NotADraft
from campaigns.timing import BadTime, timing_of
from campaigns.views.common import campaign_or_404
from campaigns.views.sending import hold
from emailconcert.lib.htmx import redirect_to


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def when(request: MemberRequest, pk: int) -> HttpResponse:
    """Choose when it goes, and how fast."""
    campaign = campaign_or_404(request, pk)
    known = vars(timing_of(campaign)) | {"zone": campaign.zone or request.account.time_zone}
    form = WhenForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        try:
            scheduling.set_timing(campaign=campaign, timing=form.timing(), now=now())
            return redirect_to(request, "campaigns:detail", pk=pk)
        except (BadTime, NotADraft) as error:
            form.add_error("day" if isinstance(error, BadTime) else None, str(error))
    status = 422 if form.errors else 200
    return render(request, "campaigns/when.html", {"campaign": campaign, "form": form}, status=status)


@require_POST
@role_required(Role.EDITOR)
def unschedule(request: MemberRequest, pk: int) -> HttpResponse:
    """Make a draft of it again."""
    return hold(request, pk, scheduling.unschedule, "It is a draft again. Nothing goes out until you send it.")


@require_POST
@role_required(Role.EDITOR)
def send_now(request: MemberRequest, pk: int) -> HttpResponse:
    """Do not wait for its time."""
    return hold(request, pk, scheduling.send_now_instead, "It starts in 10 seconds.")
