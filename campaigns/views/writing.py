"""The editor: writing the body, saved while it is written, beside what it will look like."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from csp.constants import NONCE
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from campaigns import personalising, queries
from campaigns import presence as presences
from campaigns.forms import ContentForm
from campaigns.models import Campaign, Variant
from campaigns.services import previewing, schemes, versions, writing
from campaigns.services.versions import Origin, Outcome
from campaigns.views import visual
from campaigns.views.common import campaign_or_404, variant_or_404
from delivery.content.problems import CannotCompile
from emailconcert.lib import limits
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import is_htmx, redirect_to

P = ParamSpec("P")
_TURN = "way:"
_SAVES, _WINDOW = 600, 600  # somebody who types without a pause saves once a second
View = Callable[Concatenate[MemberRequest, P], HttpResponse]


def _saved_with_measure(view: View[P]) -> View[P]:
    """Put off saves that come quicker than anybody types: each compiles the whole mail. The page tries again by itself."""

    @wraps(view)
    def bounded(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and not limits.hit("save of content", request.user.pk, _SAVES, _WINDOW):
            return HttpResponse("Go on in a few minutes.", status=429, content_type="text/plain")
        return view(request, *args, **kwargs)

    return bounded


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
@_saved_with_measure
def content(request: MemberRequest, pk: int, name: str = Variant.FIRST) -> HttpResponse:
    """Write the body; htmx saves it while it is written."""
    campaign = campaign_or_404(request, pk)
    variant = variant_or_404(campaign, name)
    if request.method != "POST":
        if not variant.says_its_own:
            return redirect_to(request, "campaigns:variant", pk=pk, name=name)
        return _show(request, campaign, _blank_form(variant), name=name)
    form, outcome = ContentForm(request.POST, variant=variant), None
    if form.is_valid():
        try:
            outcome = _save(request, campaign, form, name)
        except CannotCompile as error:
            form.add_error(None, f"Mend this first: {error}")
        except ExpectedError as error:
            form.add_error(None, str(error))
    if outcome is None or (is_htmx(request) and request.POST.get("do", "") in ("", "save")):
        return _show(request, campaign, form, outcome, name=name)
    if outcome.beside is not None:
        return redirect_to(request, "campaigns:version", pk=pk, name=name, number=outcome.beside.number)
    is_turned = request.POST.get("do", "").startswith(_TURN)
    messages.success(request, "What you had is kept as a version." if is_turned else "Saved.")
    return redirect_to(request, "campaigns:content", pk=pk, name=name)


def _save(request: MemberRequest, campaign: Campaign, form: ContentForm, name: str) -> Outcome:
    """Do what the pressed button says; without one, it is saved while it is written."""
    do = request.POST.get("do", "")
    given = form.cleaned_data
    origin = Origin(request.user, given["page"], given["revision"], is_autosave=is_htmx(request) and not do)
    what: dict[str, Any] = {
        "campaign": campaign,
        "name": name,
        "written": form.written(),
        "origin": origin,
        "now": now(),
    }
    if do.startswith(_TURN) and do.removeprefix(_TURN) in Variant.Kind.values:
        return writing.change_way(**what, to=do.removeprefix(_TURN))
    if do == "own-text":
        return writing.begin_own_text(**what)
    if do == "made-text":
        return writing.drop_own_text(**what)
    return versions.save_content(**what)


def _blank_form(variant: Variant) -> ContentForm:
    known = {
        "kind": variant.kind,
        "source": variant.source,
        "text": variant.text,
        "revision": variant.revision,
        "page": secrets.token_urlsafe(9),
    }
    return ContentForm(initial=known, variant=variant)


def _show(
    request: MemberRequest, campaign: Campaign, form: ContentForm, outcome: Outcome | None = None, *, name: str
) -> HttpResponse:
    """Answer with the page, or for htmx with what became of the save and how the mail looks now."""
    given = request.POST if request.method == "POST" else request.GET
    context: dict[str, Any] = {"campaign": campaign, "form": form, "outcome": outcome, "saved_at": now()}
    context |= previewing.preview_context(
        campaign=campaign, eyes=given.get("contact", ""), typed=given.get("address", ""), now=now(), name=name
    )
    scheme = given.get("scheme", "")
    context["look"] = {
        "scheme": scheme if scheme in schemes.SCHEMES else "light",
        "images": "off" if given.get("images") == "off" else "on",
        "part": "text" if given.get("part") == "text" else "html",
    }
    if is_htmx(request):
        return render(request, "campaigns/content.html#outcome", context, status=422 if form.errors else 200)
    context |= {
        "ways": Variant.Kind.choices,
        "groups": personalising.groups(
            queries.own_fields(request.account), of_feed=campaign.state == Campaign.State.PATTERN
        ),
    }
    if context["variant"].kind == Variant.Kind.VISUAL:
        return visual.show(request, context, form)
    response = render(request, "campaigns/content.html", context, status=422 if form.errors else 200)
    # Code and rich text editors write their own style sheets; scripts stay as strict as everywhere.
    response._csp_update = {"style-src": [NONCE]}  # type: ignore[attr-defined]  # django-csp's
    return response


@require_safe
@role_required(Role.EDITOR)
def presence(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Say who else has it open, and whether somebody saved since; the page asks every few seconds."""
    campaign = campaign_or_404(request, pk)
    page, revision = request.GET.get("page", "")[:16], request.GET.get("revision", "")
    me: dict[str, Any] = {
        "account_id": request.account.pk,
        "campaign_id": pk,
        "variant": name,
        "user_id": request.user.pk,
        "page": page,
    }
    if request.GET.get("leave"):
        presences.leave(**me)
        return HttpResponse(status=204)
    others = presences.call(**me, at=now().timestamp())
    names = queries.member_names(request.account, {user_id for user_id, _ in others})
    variant = variant_or_404(campaign, name)
    newest = versions.newest_version(variant)
    is_behind = revision.isdecimal() and revision != str(variant.revision) and bool(newest and newest.page != page)
    context = {
        "campaign": campaign,
        "variant": variant,
        "names": sorted({name for user_id, name in names.items() if user_id != request.user.pk}),
        "is_twice": any(user_id == request.user.pk for user_id, _ in others),
        "newest": newest if is_behind else None,
    }
    return render(request, "campaigns/_presence.html", context)
