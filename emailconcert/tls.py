"""Which hosts the proxy may get certificates for."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.models import Directory
from accounts.services import directory


@require_safe
def tls_ask(request: HttpRequest) -> HttpResponse:
    """Answer 200 for the product's own hosts and those that an account has proved, else 404.

    Without this anybody could point names here and use up the certificate authority's limits.
    """
    host = request.GET.get("domain", "").lower().rstrip(".")
    own = {urlsplit(url).hostname for url in (settings.SITE_URL, settings.CONTENT_URL, settings.TRACKING_URL)}
    known = host in own or (host and directory.find(kind=Directory.Kind.HOST, key=host))
    return HttpResponse(status=200 if known else 404)
