"""A draft as a contact would get it, on the content host, in a sandbox."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from campaigns import queries
from campaigns.models import Campaign
from campaigns.services import previewing
from emailconcert.lib.signing import BadToken
from emailconcert.lib.tenancy import account_scope

# No script ever runs, nothing is posted, and only the members' pages may frame it; pictures and styles are the mail's own.
_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline';"
    " font-src *; base-uri 'none'; form-action 'none'; frame-ancestors"
)


@require_safe
@xframe_options_exempt
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Answer with the mail's HTML, or with what is wrong with it."""
    try:
        ticket = previewing.read_ticket(token, now=now())
    except BadToken:
        raise Http404 from None
    with account_scope(ticket.account_id):
        campaign = Campaign.objects.select_related("account").filter(pk=ticket.campaign_id, deleted_at=None).first()
        if campaign is None:
            raise Http404
        contact = queries.preview_contact(ticket.contact_id)
        variant = queries.only_variant(campaign)
        preview = previewing.fill_preview(variant=variant, contact=contact, account=campaign.account)
    if preview.problems:
        response = render(request, "campaigns/no_preview.html", {"problems": preview.problems})
    else:
        response = HttpResponse(preview.html)
    response["Content-Security-Policy"] = f"{_POLICY} {settings.SITE_URL} {settings.CONTENT_URL}"
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
