"""Pages that anybody may open, on both hosts: the notice, the Terms, the request form and its link."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.timezone import now
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from emailconcert.lib.network import client_network
from privacy.forms import RequestForm
from privacy.models import NoticeVersion
from privacy.services import intake, notices


@require_safe
def notice(request: HttpRequest) -> HttpResponse:
    """Show the privacy notice in force."""
    return _document(request, NoticeVersion.Document.NOTICE)


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the Terms in force."""
    return _document(request, NoticeVersion.Document.TERMS)


@never_cache
@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """Show the form."""
    wanted = request.GET.get("type", "")
    return _page(request, "privacy/request.html", form=RequestForm(initial={"type": wanted}))


@never_cache
@require_POST
def submit(request: HttpRequest) -> HttpResponse:
    """Take a request; the answer is the same whatever the address."""
    form = RequestForm(request.POST)
    if form.is_valid():
        try:
            intake.submit(wanted=form.wanted(), network=client_network(request), now=now())
            return redirect("privacy:sent")
        except intake.TooMany as error:
            form.add_error(None, str(error))
    return _page(request, "privacy/request.html", form=form, status=422)


@never_cache
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Say what happens next; the same for everybody."""
    return _page(request, "privacy/sent.html")


@never_cache
@require_safe
def link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show what a link is for and one button; nothing happens yet, programs open links too."""
    try:
        shown = intake.look(secret=secret, now=now())
    except intake.BadLink as error:
        return _page(request, "privacy/bad_link.html", error=error, status=410)
    return _page(request, "privacy/verify.html", shown=shown, secret=secret)


@never_cache
@require_POST
def confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """Verify the mailbox; the second time is refused."""
    try:
        shown = intake.verify(secret=secret, now=now())
    except intake.BadLink as error:
        return _page(request, "privacy/bad_link.html", error=error, status=410)
    return _page(request, "privacy/verified.html", shown=shown)


@never_cache
@require_POST
def withdraw(request: HttpRequest, secret: str) -> HttpResponse:
    """Take a request back that is not verified yet."""
    try:
        intake.withdraw(secret=secret, now=now())
    except intake.BadLink as error:
        return _page(request, "privacy/bad_link.html", error=error, status=410)
    return _page(request, "privacy/withdrawn.html")


def _document(request: HttpRequest, document: NoticeVersion.Document) -> HttpResponse:
    found = notices.in_force(document=document, today=now().date(), language=get_language() or "en")
    filled = notices.as_html(found.text, replacing={"platform": settings.PLATFORM_NAME, "dpo": settings.DPO_ADDRESS})
    # Trusted: the DPO's own text, from Markdown in which raw HTML is shown and not run.
    return _page(request, "privacy/document.html", document=found, text=mark_safe(filled))  # noqa: S308


def _page(request: HttpRequest, template: str, *, status: int = 200, **context: object) -> HttpResponse:
    brand = {"name": settings.PLATFORM_NAME}
    return render(request, template, {"brand": brand, "dpo": settings.DPO_ADDRESS, **context}, status=status)
