"""Around every request: an id for the logs, and which host may answer what."""

import logging
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from emailconcert.lib.context import request_id

logger = logging.getLogger("emailconcert.request")
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
        return self.get_response(request)
