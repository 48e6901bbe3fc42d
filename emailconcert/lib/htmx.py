"""Answering whole pages and parts of them from one view."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render


def is_htmx(request: HttpRequest) -> bool:
    """Tell whether htmx asked, and not for a boosted whole page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def render_part(
    request: HttpRequest, template: str, part: str, context: Mapping[str, Any], *, status: int | None = None
) -> HttpResponse:
    """Render the named partial for htmx, the whole template for everybody else.

    Forms with errors answer 422 to a browser; htmx is given 200, because it swaps nothing on other codes.
    """
    if is_htmx(request):
        return render(request, f"{template}#{part}", context)
    return render(request, template, context, status=status)


def redirect_to(request: HttpRequest, to: str, **kwargs: Any) -> HttpResponse:
    """Redirect; htmx is told to load the new page as a whole."""
    response: HttpResponse = redirect(to, **kwargs)
    if is_htmx(request):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = response["Location"]
        return answer
    return response
