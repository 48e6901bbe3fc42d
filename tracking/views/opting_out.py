"""Unsubscribing and choosing, from a link in a mail. GET and HEAD change nothing, whoever fetches them.

The token is what counts, not a cookie, so there is nothing that a forged form could abuse and no CSRF token that a mail
program without cookies would fail on.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Account
from emailconcert.lib import signing
from emailconcert.lib.network import client_ip, truncated_ip
from emailconcert.lib.tenancy import account_scope
from tracking.forms import LeaveForm, PreferenceForm
from tracking.services import addressing, opting_out
from tracking.services.addressing import Addressed

_TRIALS = ("test", "preview")  # what stands in the links of test mails and previews


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show one button. A mail program's own one-click POST is taken here too. Source: RFC 8058 §3.2."""
    try:
        addressed = addressing.find(token)
    except signing.BadToken:
        return bad_link(request, token)
    if request.method == "POST":
        opting_out.leave(addressed=addressed, everything=False, reason="One click in a mail", now=now())
        return HttpResponse("You will get no more of these mails.\n", content_type="text/plain; charset=utf-8")
    return page(request, "unsubscribe", addressed, {"token": token, "form": LeaveForm()})


@csrf_exempt
@require_POST
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Opt out, and offer to take it back."""
    try:
        addressed = addressing.find(token)
    except signing.BadToken:
        return bad_link(request, token)
    form = LeaveForm(request.POST)
    chosen = form.cleaned_data if form.is_valid() else {}  # an odd reason never stands in the way
    left = opting_out.leave(
        addressed=addressed,
        everything="everything" in request.POST,
        reason=chosen.get("reason", ""),
        now=now(),
    )
    return page(request, "left", addressed, {"token": token, "left": left})


@csrf_exempt
@require_POST
def take_back(request: HttpRequest, token: str) -> HttpResponse:
    """Undo the opt-out of a moment ago."""
    try:
        addressed = addressing.find(token)
        undone = opting_out.take_back(addressed=addressed, undo=request.POST.get("undo", ""), now=now())
    except signing.BadToken:
        return bad_link(request, token)
    return page(request, "back", addressed, {"token": token, "undone": undone})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Offer choices without showing what is stored, and carry them out."""
    try:
        addressed = addressing.find(token)
    except signing.BadToken:
        return bad_link(request, token)
    form = PreferenceForm(request.POST if request.method == "POST" else None, lists=_lists(addressed.account))
    if form.is_valid():
        opting_out.choose(
            addressed=addressed,
            join=form.chosen("join"),
            stop=form.chosen("stop"),
            pause_days=form.cleaned_data["pause"],
            tracking_off=form.cleaned_data["tracking"],
            language=form.cleaned_data["language"],
            wording=f"Preference page of {addressed.account}: “Send me this”",
            network=truncated_ip(client_ip(request)),
            now=now(),
        )
        return page(request, "saved", addressed, {"token": token})
    return page(request, "preferences", addressed, {"token": token, "form": form}, status=422 if form.errors else 200)


def _lists(account: Account | None) -> list[Any]:
    if account is None:
        return []
    with account_scope(account):
        return list(opting_out.public_lists())


def page(
    request: HttpRequest, name: str, addressed: Addressed, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render one of the pages behind a mail's links."""
    account = addressed.account
    brand = {"name": account.name, "postal_address": account.postal_address} if account else {}
    # The list's name stands in the mail itself.
    shared = {"brand": brand, "list_name": addressed.mailing.list_name if addressed.mailing else ""}
    response = render(request, f"tracking/{name}.html", {**shared, **context}, status=status)
    response["Referrer-Policy"] = "no-referrer"  # the address holds the token
    return response


def bad_link(request: HttpRequest, token: str) -> HttpResponse:
    """Say that a link leads nowhere, or that it is a test mail's."""
    is_trial = token in _TRIALS
    return render(request, "tracking/bad_link.html", {"is_trial": is_trial}, status=200 if is_trial else 404)
