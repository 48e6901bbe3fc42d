"""A mail in the browser."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from emailconcert.lib import signing
from tracking.services import addressing, viewing

# What an account wrote, in a sandbox: no script, no form, no frame; pictures and styles as in a mail program.
POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; default-src 'none';"
    " img-src * data:; style-src 'unsafe-inline'; font-src *; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@never_cache
@require_safe
def view_in_browser(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the person was sent."""
    try:
        html = viewing.mail_as_sent(addressed=addressing.find(token), token=token)
    except (signing.BadToken, viewing.CannotShow):
        context: dict[str, Any] = {"is_trial": token in ("test", "preview")}
        return render(request, "tracking/bad_link.html", context, status=404)
    response = HttpResponse(html)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
