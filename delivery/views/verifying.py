"""The page behind the link that was mailed to a sender's address; it needs no sign-in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from delivery.services import senders
from emailconcert.lib.errors import ExpectedError


@require_http_methods(["GET", "HEAD", "POST"])
def verify_sender(request: HttpRequest, token: str) -> HttpResponse:
    """Show a button; only pressing it says yes, because scanners open links."""
    context: dict[str, object] = {}
    try:
        if request.method == "POST":
            context["sender"] = senders.verify(token, now=now())
        else:
            context["sender"] = senders.verified(token, now=now())
    except ExpectedError as error:
        return render(request, "delivery/verify_sender.html", {"error": str(error)}, status=410)
    return render(request, "delivery/verify_sender.html", context)
