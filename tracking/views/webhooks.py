"""The door at which providers report: no cookies, no words; whoever proves nothing hears the same as for a wrong address."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from emailconcert.lib import limits
from emailconcert.lib.network import client_ip
from tracking.doors import providers
from tracking.services import provider_events, webhook_doors

logger = logging.getLogger(__name__)

_A_MINUTE = 3_000
_REFUSED_A_MINUTE = 60


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, token: str) -> HttpResponse:
    """Take a provider's events; GET and HEAD only say that somebody is there, as some providers ask first."""
    if request.method != "POST":
        return HttpResponse()
    if not limits.hit("webhook", token, _A_MINUTE, 60):
        return HttpResponse(status=429)
    moment = now()
    found = webhook_doors.find_door(token=token, now=moment)
    if found is None:
        return _refuse(request, "no such door")
    url = f"{settings.CONTENT_URL}{request.path}"
    try:
        events = providers.read_events(name=found.provider, secret=found.secret, url=url, request=request, now=moment)
    except providers.Refused as refused:
        return _refuse(request, str(refused))
    for event in events:
        provider_events.apply_event(event=event, account_id=found.account_id, now=moment)
    webhook_doors.note_use(found=found, now=moment)
    return HttpResponse()


def _refuse(request: HttpRequest, why: str) -> HttpResponse:
    logger.info("a provider's report was refused", extra={"why": why})
    may_go_on = limits.hit("webhook refused", client_ip(request), _REFUSED_A_MINUTE, 60)
    return HttpResponse(status=403 if may_go_on else 429)
