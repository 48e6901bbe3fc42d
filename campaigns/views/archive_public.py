"""An account's archive as strangers see it, on the content host: pages, mails in a sandbox, and a feed."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from campaigns import archive_queries
from campaigns.services import archive_reading
from campaigns.services.archive_reading import Opened
from campaigns.views import archive_parts
from delivery.services.publishing import CannotPublish
from emailconcert.lib import limits
from emailconcert.lib.network import client_network
from emailconcert.lib.tenancy import account_scope

P = ParamSpec("P")
# How many in a minute from one network, and how long caches may keep what they got, in seconds.
_NETWORK, _WINDOW = 240, 60
_PAGE_KEPT, _FEED_KEPT = 60, 300
# What an account wrote: no script, no form, no frame, and only the archive's own page around it.
_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:;"
    " style-src 'unsafe-inline'; font-src *; base-uri 'none'; form-action 'none'; frame-ancestors {content}"
)
View = Callable[Concatenate[HttpRequest, Opened, P], HttpResponseBase]


def _of_archive(view: View[P]) -> Callable[Concatenate[HttpRequest, str, P], HttpResponseBase]:
    """Answer in the account's scope; an address that leads to no open archive is not found, whatever the reason."""

    @wraps(view)
    def opened(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not limits.hit("archive", client_network(request), _NETWORK, _WINDOW):
            answer = HttpResponse("Too many requests. Try again in a minute.", status=429, content_type="text/plain")
            answer["Retry-After"] = str(_WINDOW)
            return answer
        account = archive_queries.public_account(slug)
        if account is None:
            raise Http404
        with account_scope(account), timezone.override(account.time_zone):
            found = archive_reading.open_archive(account)
            if found is None:
                raise Http404
            return view(request, found, *args, **kwargs)

    return require_safe(opened)  # type: ignore[return-value]  # its stub forgets the arguments


@_of_archive
def index(request: HttpRequest, opened: Opened) -> HttpResponseBase:
    """List what was sent, the newest first."""
    keys = {name: _key(request.GET.get(name, "")) for name in ("after", "before")}
    page = archive_queries.public_page(opened.archive, now=timezone.now(), **keys)
    return _kept(request, opened, archive_parts.show(request, opened, "public_archive", {"page": page}), _PAGE_KEPT)


@_of_archive
def mail(request: HttpRequest, opened: Opened, pk: int) -> HttpResponseBase:
    """Show one mail under a line that says whose it is."""
    campaign, entry = _found(opened, pk)
    newer, older = archive_queries.neighbours(campaign, opened.archive, now=timezone.now())
    more = {"entry": entry, "newer": newer, "older": older}
    return _kept(request, opened, archive_parts.show(request, opened, "public_archive_mail", more), _PAGE_KEPT)


@xframe_options_exempt
@_of_archive
def frame(request: HttpRequest, opened: Opened, pk: int) -> HttpResponseBase:
    """Answer with the mail itself, as the page above frames it."""
    campaign, _ = _found(opened, pk)
    try:
        response = HttpResponse(archive_reading.html_of(campaign))
    except CannotPublish:
        raise Http404 from None
    response["Content-Security-Policy"] = _POLICY.format(content=settings.CONTENT_URL)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, indexifembedded" if opened.archive.is_indexed else "noindex"
    return _kept(request, opened, response, _PAGE_KEPT)


@_of_archive
def feed(request: HttpRequest, opened: Opened) -> HttpResponseBase:
    """Give the newest mails as an Atom feed; who has it already costs two queries."""
    plan = archive_reading.plan_feed(opened, now=timezone.now())
    etag = f'"{plan.digest}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(archive_reading.feed(opened, plan), content_type="application/atom+xml; charset=utf-8")
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={_FEED_KEPT}"
    if not opened.archive.is_indexed:
        response["X-Robots-Tag"] = "noindex"
    return response


def _found(opened: Opened, pk: int) -> tuple[Any, archive_queries.Entry]:
    campaign = get_object_or_404(archive_queries.shown(opened.archive, now=timezone.now()), pk=pk)
    entries = archive_queries.entries([campaign], account=opened.account)
    if not entries:
        raise Http404
    return campaign, entries[0]


def _kept(request: HttpRequest, opened: Opened, response: HttpResponse, seconds: int) -> HttpResponseBase:
    """Let caches keep a page for a while, and ask whether it changed for nothing but an answer."""
    etag = f'"{hashlib.blake2b(response.content, digest_size=16).hexdigest()}"'
    response["ETag"] = etag
    response["Cache-Control"] = f"public, max-age={seconds}"
    if not opened.archive.is_indexed and "X-Robots-Tag" not in response:
        response["X-Robots-Tag"] = "noindex"
    return get_conditional_response(request, etag=etag, response=response) or response


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
