"""Around every request: a refusal between a restore and its replay."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from privacy.services import ledger

_PROBES = ("/healthz", "/readyz", "/metrics")


class RestoreMiddleware:
    """Answer 503 between a restore and its replay, when erased people and forgotten opt-outs are back.

    Probes are answered, and static files by WhiteNoise before this. One-click opt-outs are taken by the edge.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuse in a plain sentence, or go on."""
        if request.path in _PROBES or ledger.may_serve():
            return self.get_response(request)
        text = "We are putting a backup back in place. Please try again in a few minutes.\n"
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "120"})
