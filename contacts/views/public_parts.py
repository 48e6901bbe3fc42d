"""What the pages of forms are made with: the stylesheet of a look, and logos. Served on both hosts."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import Account
from contacts.hosted import looks
from contacts.services.hosted import form_logos
from emailconcert.lib.tenancy import account_scope

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
    """Return an account's logo."""
    account = Account.objects.filter(public_id=account_key, status=Account.Status.ACTIVE).first()
    if account is None:
        raise Http404
    with account_scope(account):
        png = form_logos.find_logo(account_id=account.pk, digest=digest)
    if png is None:
        raise Http404
    response = HttpResponse(png, content_type="image/png")
    response["Cache-Control"] = _FOR_EVER
    return response
