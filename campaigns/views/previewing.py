"""A draft or a template as a contact would get it, on the content host, in a sandbox."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from campaigns.services import previewing, schemes, starting_points
from campaigns.services.previewing import Preview
from emailconcert.lib.signing import BadToken
from emailconcert.lib.tenancy import account_scope

# No script ever runs, nothing is posted, and only the members' pages may frame it; styles are the mail's own.
_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src {pictures};"
    " style-src 'unsafe-inline'; font-src {fonts}; base-uri 'none'; form-action 'none'; frame-ancestors {site} {content}"
)


@require_safe
@xframe_options_exempt
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the mail's HTML, or with what is wrong with it; `dark` and `images=off` as a mail program would."""
    try:
        ticket = previewing.read_ticket(token, now=now())
    except BadToken:
        raise Http404 from None
    with account_scope(ticket.account_id):
        preview = previewing.fill_ticket(ticket, now=now())
    response = _framed(request, preview)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@xframe_options_exempt
def template(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with a template filled for an invented contact; browsers may keep it, its address changes with it."""
    try:
        ticket = starting_points.read_ticket(token, now=now())
    except BadToken:
        raise Http404 from None
    with account_scope(ticket.account_id):
        preview = starting_points.fill_ticket(ticket, now=now())
    response = _framed(request, preview)
    response["Cache-Control"] = f"private, max-age={int(starting_points.KEPT_FOR.total_seconds())}"
    return response


def _framed(request: HttpRequest, preview: Preview | None) -> HttpResponse:
    """Return a mail as only the members' pages may frame it."""
    if preview is None:
        raise Http404
    if preview.problems:
        response = render(request, "campaigns/no_preview.html", {"problems": preview.problems})
    else:
        scheme = request.GET.get("scheme", "")
        response = HttpResponse(schemes.show_in(preview.html, scheme) if scheme in schemes.SCHEMES else preview.html)
    with_images = request.GET.get("images") != "off"
    response["Content-Security-Policy"] = _POLICY.format(
        pictures="* data:" if with_images else "'none'",
        fonts="*" if with_images else "'none'",
        site=settings.SITE_URL,
        content=settings.CONTENT_URL,
    )
    response["Referrer-Policy"] = "no-referrer"
    return response
