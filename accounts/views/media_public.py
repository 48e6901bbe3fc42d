"""Serving pictures of the library to whoever has their address: mail programs, forms, pages."""

from functools import lru_cache
from time import monotonic
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.models import Account
from accounts.services.media import library, storing
from emailconcert.lib.tenancy import account_scope

_TYPES = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}
_ASKED_EVERY = 60  # seconds
_SERVED = (Account.Status.ACTIVE, Account.Status.CLOSING)


@require_safe
def show(request: HttpRequest, account_key: UUID, file_name: str) -> HttpResponseBase:
    """Return a picture: what stands under its address never changes."""
    _find(account_key, file_name, int(monotonic() // _ASKED_EVERY))
    stem, _, suffix = file_name.rpartition(".")
    etag = f'"{stem}"'
    found = get_conditional_response(request, etag=etag) or _read(account_key, file_name, suffix)
    found["ETag"] = etag
    found["Cache-Control"] = "public, max-age=31536000, immutable"
    found["Content-Security-Policy"] = "default-src 'none'; sandbox"
    found["Cross-Origin-Resource-Policy"] = "cross-origin"
    return found


@lru_cache(maxsize=10_000)
def _find(account_key: UUID, file_name: str, _period: int) -> None:
    """Raise 404 for what an account has not; what it has is not asked for again for a minute (a file removed is gone)."""
    account = Account.objects.filter(public_id=account_key, status__in=_SERVED).first()
    if account is None:
        raise Http404
    with account_scope(account):
        is_known = library.has_file(account_id=account.pk, file_name=file_name)
    if not is_known:
        raise Http404


def _read(account_key: UUID, file_name: str, suffix: str) -> HttpResponse:
    body = storing.read(account_key=account_key, file_name=file_name)
    if body is None:
        raise Http404
    return HttpResponse(body, content_type=_TYPES[suffix])
