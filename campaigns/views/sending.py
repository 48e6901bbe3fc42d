"""One campaign's page, the send button, and what may be done while it goes out."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from campaigns import tasks
from campaigns.checks import origin
from campaigns.forms import SendForm
from campaigns.models import Campaign
from campaigns.services import archiving, checking, deciding, previewing, progress, scheduling, sending
from campaigns.services.checking import Rehearse
from campaigns.views.common import campaign_or_404, shown_variant
from campaigns.views.reviewing import show_review
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to, render_part


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a draft's steps, or how far a campaign has come."""
    campaign = campaign_or_404(request, pk)
    if campaign.state == Campaign.State.PATTERN:
        return redirect("feeds:detail", pk=campaign.feeds.get().pk)
    context = {"campaign": campaign, "may_edit": has_role(request.membership, Role.EDITOR)}
    context["archive_standing"] = partial(archiving.standing, campaign=campaign, now=now())
    if campaign.state == Campaign.State.DRAFT:
        context |= {"review": checking.review(campaign=campaign, now=now(), rehearse=Rehearse.LOOK)}
        context |= previewing.preview_context(campaign=campaign, now=now())
        return render(request, "campaigns/draft.html", context)
    if campaign.state == Campaign.State.SCHEDULED:
        context |= {"review": checking.review(campaign=campaign, now=now(), rehearse=Rehearse.LOOK)}
        context |= previewing.preview_context(campaign=campaign, now=now(), name=shown_variant(request))
        return render(request, "campaigns/scheduled.html", context | {"leaves_from": origin.shown(campaign)})
    context |= {
        "progress": progress.look(campaign=campaign, now=now()),
        "test": deciding.result(campaign=campaign, now=now()),
    }
    context["may_choose"] = context["may_edit"] and campaign.state == Campaign.State.TESTING
    return render_part(request, "campaigns/progress.html", "progress", context)


@require_POST
@role_required(Role.EDITOR)
def send(request: MemberRequest, pk: int) -> HttpResponse:
    """Let it go, once, after the number of people was typed."""
    campaign = campaign_or_404(request, pk)
    form = SendForm(request.POST)
    if form.is_valid():
        try:
            agreed, seen = form.cleaned_data["shown"], form.cleaned_data["seen"]
            scheduling.send_or_schedule(campaign=campaign, agreed=agreed, seen=seen, now=now(), actor=actor(request))
        except sending.AlreadySent:
            return redirect_to(request, "campaigns:detail", pk=pk)
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            tasks.wake_after_commit(account_id=campaign.account_id, campaign_id=pk)
            return redirect_to(request, "campaigns:detail", pk=pk)
    campaign.refresh_from_db()
    return show_review(request, campaign, form=form, status=422)


@require_POST
@role_required(Role.EDITOR)
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Take it back while nothing has left."""
    return hold(request, pk, sending.undo_send, "Nothing was sent. It is a draft again.")


@require_POST
@role_required(Role.EDITOR)
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    """Hold it."""
    return hold(request, pk, sending.pause, "Paused. What was already with the mail server is finished.")


@require_POST
@role_required(Role.EDITOR)
def resume(request: MemberRequest, pk: int) -> HttpResponse:
    """Go on."""
    return hold(request, pk, sending.resume, "It goes on.")


@require_POST
@role_required(Role.EDITOR)
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """End it."""
    return hold(request, pk, sending.cancel, "Cancelled. Nothing more is sent.")


@require_POST
@role_required(Role.EDITOR)
def resend(request: MemberRequest, pk: int) -> HttpResponse:
    """Send the unconfirmed messages once more."""
    return hold(request, pk, sending.resend_unconfirmed, "They are sent once more.")


@require_POST
@role_required(Role.EDITOR)
def leave(request: MemberRequest, pk: int) -> HttpResponse:
    """Leave the unconfirmed messages as they are."""
    return hold(request, pk, sending.leave_unconfirmed, "Left as they are.")


def hold(request: MemberRequest, pk: int, action: Callable[..., object], words: str) -> HttpResponse:
    """Do something to a campaign under way, all of it or nothing, and say so on its page."""
    campaign = campaign_or_404(request, pk)
    try:
        with transaction.atomic():  # all of it, or what is refused half-way leaves nothing behind
            action(campaign=campaign, now=now(), actor=actor(request))
    except ExpectedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, words)
        tasks.wake_after_commit(account_id=campaign.account_id, campaign_id=pk)
    return redirect_to(request, "campaigns:detail", pk=pk)
