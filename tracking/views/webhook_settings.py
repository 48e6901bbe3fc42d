"""Settings, Sending, What providers report: the address that a provider is given."""

from django import forms
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from delivery.models import Connection
from tracking.services import webhook_doors


class SecretForm(forms.Form):
    """What the provider signs with."""

    secret = forms.CharField(required=False, max_length=2_000, strip=True)


@require_safe
@role_required(Role.ADMIN)
def overview(request: MemberRequest) -> HttpResponseBase:
    """List the connections whose provider reports."""
    return _show(request)


@never_cache
@require_POST
@role_required(Role.ADMIN)
def open_door(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Make a connection's address, or make it anew, and show it."""
    connection = get_object_or_404(Connection, account=request.account, pk=pk)
    form = SecretForm(request.POST)
    secret = form.cleaned_data["secret"] if form.is_valid() else ""
    try:
        made = webhook_doors.open_door(connection=connection, secret=secret, actor=actor(request), now=now())
    except webhook_doors.CannotOpen as error:
        return _show(request, problem=str(error), about=pk, status=422)
    return _show(request, made=made, about=pk)


def _show(
    request: MemberRequest, *, made: str = "", problem: str = "", about: int = 0, status: int = 200
) -> HttpResponseBase:
    rows = webhook_doors.rows(account_id=request.account.pk)
    context = {"rows": rows, "made": made, "problem": problem, "about": about}
    return render(request, "tracking/webhooks.html", context, status=status)
