"""What is stored of a person, shown and changed on their preference page after a code that was mailed to them.

The short session is a cookie of this page's address only, which no other site's form can send (SameSite=Strict), and the
address itself holds the mail's token: a forged form has neither.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contacts.fields import show
from contacts.services.hosted import preferring
from emailconcert.lib import limits, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.network import client_network
from emailconcert.lib.tenancy import account_scope
from tracking.forms_own import CodeForm, OwnDataForm
from tracking.services import addressing, own_data
from tracking.services.addressing import Addressed
from tracking.views.opting_out import bad_link, page

COOKIE = "ec-preferences"
View = Callable[[HttpRequest, str, Addressed], HttpResponse]


def _addressed(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    def find(request: HttpRequest, token: str) -> HttpResponse:
        try:
            addressed = addressing.find(token)
        except signing.BadToken:
            return bad_link(request, token)
        return view(request, token, addressed)

    return find


def _opened(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Let only who typed the code in; everybody else is asked for it."""

    def look(request: HttpRequest, token: str, addressed: Addressed) -> HttpResponse:
        session = request.COOKIES.get(COOKIE, "")
        if not own_data.is_open(addressed=addressed, session=session, now=now()):
            return redirect("tracking_public:code", token)
        return view(request, token, addressed)

    return _addressed(look)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_addressed
def code(request: HttpRequest, token: str, addressed: Addressed) -> HttpResponse:
    """Offer to mail a code; take the code that was typed."""
    if request.method != "POST":
        return page(request, "code", addressed, {"token": token})
    if not limits.hit("preference code by network", client_network(request), 30, 3600):
        return page(request, "code", addressed, {"token": token, "is_too_many": True}, status=429)
    if "code" not in request.POST:
        own_data.send_code(addressed=addressed, now=now())
        return page(request, "code", addressed, {"token": token, "form": CodeForm()})
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            session = own_data.open_by_code(addressed=addressed, code=form.cleaned_data["code"], now=now())
        except preferring.WrongCode as error:
            form.add_error("code", str(error))
        else:
            response = redirect("tracking_public:own-data", token)
            response.set_cookie(
                COOKIE,
                session,
                max_age=own_data.OPEN_FOR,
                path=f"/p/{token}",
                httponly=True,
                samesite="Strict",
                secure=settings.CONTENT_URL.startswith("https://"),
            )
            return response
    return page(request, "code", addressed, {"token": token, "form": form}, status=422)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_opened
def stored(request: HttpRequest, token: str, addressed: Addressed) -> HttpResponse:
    """Show what is stored; keep what was changed."""
    contact = addressed.contact
    if contact is None:
        return bad_link(request, token)
    with account_scope(contact.account_id):
        held = own_data.read(contact)
        form = OwnDataForm(request.POST if request.method == "POST" else None, held=held)
        is_saved = False
        if form.is_valid():
            try:
                own_data.change(contact=contact, held=held, values=form.values(), now=now())
                held, is_saved = own_data.read(contact), True
                form = OwnDataForm(held=held)
            except ExpectedError as error:
                form.add_error(None, str(error))
        context = {"token": token, "form": form, "held": held, "is_saved": is_saved, "others": _others(held)}
        return page(request, "own_data", addressed, context, status=422 if form.errors else 200)


@csrf_exempt
@require_POST
@_opened
def ask(request: HttpRequest, token: str, addressed: Addressed) -> HttpResponse:
    """Ask for a copy, a restriction or erasure: it goes to the Data Protection Officer."""
    context: dict[str, Any] = {"token": token}
    try:
        context["reference"] = own_data.ask(addressed=addressed, wanted=request.POST.get("type", ""), now=now())
    except signing.BadToken:
        return bad_link(request, token)
    except ExpectedError as error:
        return page(request, "asked", addressed, {**context, "error": str(error)}, status=409)
    return page(request, "asked", addressed, context)


@csrf_exempt
@require_POST
@_addressed
def close(request: HttpRequest, token: str, addressed: Addressed) -> HttpResponse:  # noqa: ARG001  # as its siblings
    """End the session."""
    response = redirect("tracking_public:preferences", token)
    response.delete_cookie(COOKIE, path=f"/p/{token}", samesite="Strict")
    return response


def _others(held: own_data.Held) -> list[tuple[str, str]]:
    """Return what is stored and may not be changed here, as (label, value)."""
    rest: Mapping[Any, Any] = {each: value for each, value in held.values.items() if each.name not in held.editable}
    return [(each.label, show(value) or "–") for each, value in rest.items()]
