"""What contacts see: a hosted form, and confirming by link. On the content host, without sign-in and without cookies.

Cross-site posts are welcome, as forms stand in the account's own site: nothing here acts on anybody's session, so there
is no authority that a forged post could borrow and no CSRF token that plain HTML elsewhere could not have. What keeps
programs out is in `contacts.hosted.proof` and in the limits here. See docs/adr/0011-forms-without-csrf-tokens.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from contacts.forms.hosted import SignUpForm
from contacts.hosted import looks, phrases, proof
from contacts.hosted.blueprint import Blueprint
from contacts.hosted.proof import Trust
from contacts.services.hosted import form_counting, form_keeping, signing_up
from contacts.services.hosted.form_keeping import Online
from contacts.views.public_parts import logo_address
from emailconcert.lib import limits
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.network import client_ip, client_network, truncated_ip
from emailconcert.lib.tenancy import account_scope

HONEYPOT = "website"
STAMP, WORK = "stamp", "work"
_OURS = (STAMP, WORK, HONEYPOT, "lang", "csrfmiddlewaretoken")
# How many in ten minutes: from one network, of those that did no work, and in one form altogether.
_NETWORK, _UNPROVED, _FORM, _WINDOW = 20, 6, 20_000, 600


@dataclass(frozen=True)
class Visit:
    """One request for a form, in the account's scope."""

    request: HttpRequest
    account: Account
    form: Online
    language: str
    embedded: bool


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, slug: str, *, embedded: bool = False) -> HttpResponse:
    """Show a form, or take what was filled in."""
    found = form_keeping.find_form(slug=slug)
    if found is None:
        raise Http404
    account, pk = found
    with account_scope(account):
        online = form_keeping.online(account_id=account.pk, form_id=pk)
        if online is None:
            raise Http404
        language = language_of(request, online.blueprint)
        visit = Visit(request, account, online, language, embedded)
        with translation.override(language):
            return _take(visit) if request.method == "POST" else _show(visit)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show one button; pressing it confirms. Programs that only fetch links change nothing."""
    try:
        link = signing_up.read_link(token=token, now=now())
    except signing_up.LinkGone as error:
        return render(request, "contacts/public_gone.html", {"error": str(error)}, status=410)
    page, language = link.blueprint, link.language
    leads_to = urlsplit(page.redirect).hostname or ""
    context = {"title": page.text("confirm", language), "wordings": _agreed(page, language), "leads_to": leads_to}
    context |= {key: page.text(key, language) for key in ("confirm", "confirm_button", "thanks")}
    with account_scope(link.account):
        shared = _shared(link.account, page, language)
        if request.method != "POST":
            response = render(request, "contacts/public_confirm.html", {**shared, **context})
            if leads_to:  # browsers hold a form's policy against where its answer leads, too
                response._csp_update = {"form-action": [f"https://{urlsplit(page.redirect).netloc}"]}  # type: ignore[attr-defined]  # django-csp's
            return response
        try:
            signing_up.confirm(link=link, now=now())
        except signing_up.DataIsRestricted as error:
            return render(request, "contacts/public_held.html", {**shared, "error": str(error)}, status=409)
        except signing_up.DomainIsBarred as error:
            return render(request, "contacts/public_gone.html", {"error": str(error)}, status=410)
        if page.redirect:
            return HttpResponseRedirect(page.redirect)
        return render(request, "contacts/public_confirmed.html", {**shared, **context})


def language_of(request: HttpRequest, page: Blueprint) -> str:
    """Return the language to answer in: the one asked for, else the browser's, else the form's first."""
    asked = request.POST.get("lang") or request.GET.get("lang") or ""
    accepted = request.headers.get("Accept-Language", "")[:200]
    wanted = [asked, *(part.partition(";")[0].strip() for part in accepted.split(","))]
    for each in wanted:
        if (code := each.lower().partition("-")[0]) in page.languages:
            return code
    return page.languages[0]


def _show(visit: Visit) -> HttpResponse:
    request = visit.request
    agent = request.headers.get("User-Agent", "")
    is_ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
    if request.method == "GET" and not is_ahead and not form_counting.is_program(agent):
        form_counting.count_view(account_id=visit.account.pk, form_id=visit.form.form_id, now=now())
    return _page(visit, "form", {"form": _form(visit, None)})


def _take(visit: Visit) -> HttpResponse:
    request = visit.request
    filled = _form(visit, request.POST)
    network = client_network(request)
    if not _within_limits(visit, network):
        return _too_many(visit, filled)
    if request.POST.get(HONEYPOT):
        return _page(visit, "sent", {})
    if not filled.is_valid():
        return _page(visit, "form", {"form": filled}, status=422)
    stamp, work = request.POST.get(STAMP, ""), request.POST.get(WORK, "")
    trust = proof.judge(stamp=stamp, work=work, form_id=visit.form.form_id, now=now())
    if trust == Trust.NONE:
        return _page(visit, "again", {"kept": _kept(request)}, again=True)
    if trust == Trust.PRESSED and not limits.hit("form without work", network, _UNPROVED, _WINDOW):
        return _too_many(visit, filled)
    return _submit(visit, filled)


def _submit(visit: Visit, filled: SignUpForm) -> HttpResponse:
    try:
        at_once = signing_up.submit(
            account=visit.account,
            form=visit.form,
            filled=filled.filled(),
            language=visit.language,
            network=truncated_ip(client_ip(visit.request)),
            url=f"{settings.CONTENT_URL}/f/confirm/{{token}}",
            now=now(),
        )
    except ExpectedError as error:
        filled.add_error(None, str(error))
        return _page(visit, "form", {"form": filled}, status=422)
    if not at_once:
        return _page(visit, "sent", {})
    page = visit.form.blueprint
    leads_to = urlsplit(page.redirect).hostname or ""
    context = {"thanks": page.text("thanks", visit.language), "onward": page.redirect, "leads_to": leads_to}
    return _page(visit, "confirmed", {**context, "is_at_once": True})


def _too_many(visit: Visit, filled: SignUpForm) -> HttpResponse:
    filled.add_error(None, phrases.fixed(visit.language)["too_many"])
    return _page(visit, "form", {"form": filled}, status=429)


def _within_limits(visit: Visit, network: str) -> bool:
    by_network = limits.hit("form", f"{visit.account.pk}:{network}", _NETWORK, _WINDOW)
    return by_network and limits.hit("form in all", visit.form.form_id, _FORM, _WINDOW)


def _form(visit: Visit, data: Mapping[str, Any] | None) -> SignUpForm:
    online = visit.form
    # A page elsewhere may link here with values in its query: shown to be looked at, never sent by themselves.
    return SignUpForm(data, blueprint=online.blueprint, lists=online.lists, language=visit.language)


def _kept(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in request.POST.lists() if name not in _OURS for text in texts]


def _agreed(page: Blueprint, language: str) -> list[str]:
    return [page.wordings(language)["consent"]]


def _page(
    visit: Visit, name: str, context: Mapping[str, object], *, again: bool = False, status: int | None = None
) -> HttpResponse:
    page, form_id = visit.form.blueprint, visit.form.form_id
    others = [(code, phrases.LANGUAGES[code]) for code in page.languages if code != visit.language]
    shared = {
        **_shared(visit.account, page, visit.language, slug=visit.form.slug),
        "honeypot": HONEYPOT,
        "embedded": visit.embedded,
        "languages": others,
        "sent": page.text("sent", visit.language),
        "stamp": proof.new_stamp(form_id=form_id, now=now(), again=again),
        "bits": proof.BITS,
    }
    response = render(visit.request, f"contacts/public_{name}.html", {**shared, **context}, status=status)
    if visit.embedded:
        response._csp_replace = {"frame-ancestors": ["*"]}  # type: ignore[attr-defined]  # django-csp's
        response.xframe_options_exempt = True
    return response


def _shared(account: Account, page: Blueprint, language: str, *, slug: str = "") -> dict[str, Any]:
    return {
        "brand": {"name": account.name, "postal_address": account.postal_address},
        "words": phrases.fixed(language),
        "page_language": language,
        "look": looks.query(page.look),
        "layout": looks.layout_of(page.look),
        "logo": logo_address(account, page),
        "slug": slug,
        "title": page.text("title", language),
        "intro": page.text("intro", language),
        "press": page.text("button", language),
    }
