"""Addresses that are never mailed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts.forms.organising import AddressForm
from contacts.services import blocking
from contacts.views.pages import number, show
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.htmx import redirect_to
from privacy.models import Suppression
from privacy.services.standing import CannotLift


@require_safe
@member_required
def suppressions(request: MemberRequest) -> HttpResponse:
    """List them; a full address is looked up by its hash."""
    text = request.GET.get("q", "").strip()
    after, error = None, ""
    if text:
        try:
            found = blocking.find_blocked(account_id=request.account.pk, email=text)
            rows = [found] if found else []
        except BadAddress:
            rows, error = [], "Write the whole address: they are kept so that only a full address can be found."
    else:
        rows, after = blocking.blocked_page(account_id=request.account.pk, after=number(request.GET.get("after")))
    context = {"rows": rows, "after": after, "searched": text, "error": error, "form": AddressForm()}
    return show(request, "suppressions", context)


@require_POST
@role_required(Role.EDITOR)
def add(request: MemberRequest) -> HttpResponse:
    """Never mail an address again."""
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            blocking.block(
                account_id=request.account.pk, email=form.cleaned_data["email"], now=now(), actor=actor(request)
            )
        except BadAddress as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, "This address will never be mailed.")
            return redirect_to(request, "contacts:suppressions")
    rows, after = blocking.blocked_page(account_id=request.account.pk)
    return show(request, "suppressions", {"rows": rows, "after": after, "form": form}, part="form", status=422)


@require_POST
@role_required(Role.ADMIN)
def lift(request: MemberRequest, pk: int) -> HttpResponse:
    """Lift what a member added."""
    row = get_object_or_404(Suppression, account=request.account, pk=pk)
    try:
        blocking.unblock(suppression=row, now=now(), actor=actor(request))
        messages.success(request, "This address may be mailed again.")
    except CannotLift as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:suppressions")
