"""What the pages of forms are made with: the stylesheet of a look, and logos. On both hosts."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.views.decorators.http import require_safe

from accounts.models import Account
from accounts.services.media import storing
from contacts.hosted import looks
from contacts.hosted.blueprint import Blueprint

_FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def look(request: HttpRequest) -> HttpResponse:
    """Return the stylesheet of the look that the query tells."""
    asked = request.GET
    found = looks.from_query(asked.get("a", ""), asked.get("g", ""), asked.get("f", ""))
    response = HttpResponse(looks.stylesheet(found), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = _FOR_EVER
    return response


@require_safe
def logo(request: HttpRequest, account_key: UUID, digest: str) -> HttpResponse:  # noqa: ARG001  # Django calls it so
    """Lead on to a logo's address in the media library: pages made before there was one ask here."""
    return HttpResponsePermanentRedirect(storing.address(account_key=account_key, file_name=f"{digest}.png"))


def logo_address(account: Account, page: Blueprint) -> str:
    """Return the address of a form's logo, empty where there is none."""
    name = page.look.logo_file
    return storing.address(account_key=account.public_id, file_name=name) if name else ""
