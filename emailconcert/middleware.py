"""Around every request: an id for the logs, and which host may answer what."""

import codecs
import logging
import secrets
import time
from collections.abc import Callable
from urllib.parse import unquote_to_bytes, urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import is_valid_path
from django.views.defaults import bad_request, page_not_found

from emailconcert.lib.context import request_id

logger = logging.getLogger("emailconcert.request")
_CHARSETS = {"utf-8", "ascii", "iso8859-1"}
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestLogMiddleware:
    """Give each request an id and log its end: method, route, status, milliseconds. Never the path, it holds tokens."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer and log."""
        token = request_id.set(secrets.token_hex(6))
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = str(request_id.get())
            route = request.resolver_match.route if request.resolver_match else ""
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            logger.info(
                "request answered",
                extra={"method": request.method, "route": route, "status": response.status_code, "ms": milliseconds},
            )
            return response
        finally:
            request_id.reset(token)


class UnreadableMiddleware:
    """Answer 400 to what no browser sends and the database cannot hold: NUL, and texts in codes nobody reads.

    A form is looked at when its view is known, as the CSRF middleware would.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at address, cookies and charset."""
        query = unquote_to_bytes(request.META.get("QUERY_STRING", ""))
        cookies = "".join(request.COOKIES.values())
        if b"\0" in query or "\0" in request.path_info + cookies or not _is_read(request):
            return bad_request(request, BadRequest())
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],  # noqa: ARG002  # Django calls it so
        args: tuple[object, ...],  # noqa: ARG002
        kwargs: dict[str, object],  # noqa: ARG002
    ) -> HttpResponseBase | None:
        """Look at the form."""
        try:
            bad = any("\0" in text for name, texts in request.POST.lists() for text in (name, *texts))
        except UnreadablePostError:
            bad = True
        return bad_request(request, BadRequest()) if bad else None


def _is_read(request: HttpRequest) -> bool:
    charset = (request.content_params or {}).get("charset", "utf-8")
    try:
        return codecs.lookup(charset).name in _CHARSETS
    except (LookupError, ValueError):
        return False


class HostMiddleware:
    """Keep what accounts write apart from where members sign in.

    On the host of CONTENT_URL only the contacts' pages exist (`emailconcert.urls_content`), and no cookie of members
    is ever sent there; everywhere else only the members' pages do.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.content_host = urlsplit(settings.CONTENT_URL).netloc
        self.site_host = urlsplit(settings.SITE_URL).netloc

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Choose the URLconf by host."""
        if self.content_host != self.site_host and request.get_host() == self.content_host:
            request.urlconf = "emailconcert.urls_content"
        response = self.get_response(request)
        kept = response.headers.get("Cache-Control", "")
        if "immutable" in kept:
            # The same for everybody: a shared cache need not keep one for each cookie and language.
            response.headers.pop("Vary", None)
        elif "public" in kept:  # strangers' pages know no cookie
            response.headers["Vary"] = "Accept-Language"
        return response


class DeadEndMiddleware:
    """Show a page where a browser would come to a dead end.

    A contacts' page asked for at the members' host is found where it is. What only takes forms, reloaded, says so.
    What is missing looks the same to whoever tries the product with `DEBUG`, whose page is a list of our addresses.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, and put a page in the place of nothing."""
        response = self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return response
        if response.status_code == 405 and not getattr(response, "content", b""):
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        if response.status_code == 404 and request.resolver_match is None:
            urlconf = "emailconcert.urls_content"
            if getattr(request, "urlconf", None) != urlconf and is_valid_path(request.path_info, urlconf):
                return redirect(settings.CONTENT_URL + request.get_full_path())
            return page_not_found(request, Http404())
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Show our page for what a view did not find."""
        return page_not_found(request, exception) if isinstance(exception, Http404) else None
