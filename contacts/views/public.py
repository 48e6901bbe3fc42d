"""What contacts see: a hosted form, and confirming by link. On the content host, without sign-in and without cookies.

Cross-site posts are welcome, as forms are embedded in the account's own site: nothing here acts on anybody's session.
"""

from collections.abc import Mapping

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Account
from contacts.forms.hosted import SignUpForm
from contacts.models import CustomField, Form
from contacts.services import form_keeping, signing_up
from emailconcert.lib import limits
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.network import client_ip, client_network, truncated_ip
from emailconcert.lib.tenancy import account_scope

HONEYPOT = "website"


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a form, or take what was filled in."""
    found = form_keeping.find_form(slug=slug)
    if found is None:
        raise Http404
    account, pk = found
    with account_scope(account):
        hosted = Form.objects.select_related("list").filter(account=account, pk=pk, is_active=True).first()
        if hosted is None:
            raise Http404
        own = dict(CustomField.objects.filter(account=account).values_list("key", "label"))
        filled = SignUpForm(request.POST if request.method == "POST" else None, hosted=hosted, own=own)
        if request.method == "POST":
            return _take(request, account, hosted, filled)
        return _page(request, "form", account, {"hosted": hosted, "form": filled})


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show one button; pressing it confirms. Programs that only fetch links change nothing."""
    try:
        link = signing_up.read_link(token=token, now=now())
    except signing_up.LinkGone as error:
        return render(request, "contacts/public_gone.html", {"error": str(error)}, status=410)
    with account_scope(link.account):
        context = {"hosted": link.form}
        if request.method != "POST":
            return _page(request, "confirm", link.account, context)
        try:
            signing_up.confirm(link=link, now=now())
        except signing_up.DataIsRestricted as error:
            return _page(request, "held", link.account, {**context, "error": str(error)}, status=409)
        return _page(request, "confirmed", link.account, context)


def _take(request: HttpRequest, account: Account, hosted: Form, filled: SignUpForm) -> HttpResponse:
    context = {"hosted": hosted, "form": filled}
    network = truncated_ip(client_ip(request))
    if not limits.hit("form", f"{account.pk}:{client_network(request)}", 20, 600):
        filled.add_error(None, "Too many have been sent from your network just now. Try again in ten minutes.")
        return _page(request, "form", account, context, status=429)
    if request.POST.get(HONEYPOT):
        return _page(request, "sent", account, context)
    if filled.is_valid():
        try:
            signing_up.submit(
                form=hosted,
                account=account,
                email=filled.cleaned_data["email"],
                values=filled.typed(),
                network=network,
                url=f"{settings.CONTENT_URL}/f/confirm/{{token}}",
                now=now(),
            )
            return _page(request, "sent", account, context)
        except BadAddress as error:
            filled.add_error("email", str(error))
    return _page(request, "form", account, context, status=422)


def _page(
    request: HttpRequest, name: str, account: Account, context: Mapping[str, object], *, status: int | None = None
) -> HttpResponse:
    brand = {"name": account.name, "postal_address": account.postal_address}
    shared = {"brand": brand, "honeypot": HONEYPOT}
    return render(request, f"contacts/public_{name}.html", {**shared, **context}, status=status)
