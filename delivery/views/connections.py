"""Connections of an account: chosen, entered, tested, watched, removed."""

from datetime import timedelta
from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from delivery import tasks
from delivery.esps import ESPS
from delivery.forms_connections import ConnectionForm, secret_names
from delivery.models import Connection, Sender
from delivery.services import connecting, connection_tests, routing
from emailconcert.lib.htmx import render_part
from emailconcert.shell import toasts

_DAYS = 30


@require_safe
@role_required(Role.ADMIN)
def choose(request: MemberRequest) -> HttpResponseBase:
    """Choose between an SMTP server and the providers."""
    return render(request, "delivery/connection_choose.html", {"esps": ESPS.values()})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def add(request: MemberRequest, provider: str) -> HttpResponseBase:
    """Add a connection."""
    if provider not in ESPS or ESPS[provider].refused:
        raise Http404
    initial = {"name": ESPS[provider].title}
    form = ConnectionForm(request.POST or None, provider=provider, initial=initial)
    return _save(request, form, provider, None)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def edit(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Change a connection."""
    found = get_object_or_404(Connection, account=request.account, pk=pk)
    if found.provider not in ESPS:
        raise Http404
    own = {"name": found.name, "for_domain": found.for_domain_id, "for_kind": found.for_kind}
    known = connecting.shown_values(found, secret_names(found.provider))
    initial = known | own | {"is_default": found.is_default}
    form = ConnectionForm(request.POST or None, provider=found.provider, is_stored=True, initial=initial)
    return _save(request, form, found.provider, found)


def _save(request: MemberRequest, form: ConnectionForm, provider: str, found: Connection | None) -> HttpResponseBase:
    if form.is_valid():
        try:
            made = connecting.save_connection(
                account=request.account,
                provider=provider,
                plan=form.plan(),
                connection=found,
                actor=actor(request),
                now=now(),
            )
            return redirect("delivery:connection", pk=made.pk)
        except connecting.CannotConnect as error:
            form.add_error(None, str(error))
    context = {"form": form, "esp": ESPS[provider], "connection": found}
    return render(request, "delivery/connection_form.html", context, status=422 if form.errors else 200)


@require_safe
@role_required(Role.ADMIN)
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a connection: what it carries, its last test, how it did."""
    found = get_object_or_404(Connection.objects.select_related("for_domain"), account=request.account, pk=pk)
    days = routing.health(found, since=now() - timedelta(days=_DAYS))
    context = {
        "connection": found,
        "esp": ESPS.get(found.provider),
        "is_testing": connection_tests.is_under_way(found, now=now()),
        "days": list(reversed(days)),
        "sent": [day["sent"] for day in days],
        "trouble": routing.last_trouble(found),
    }
    return render_part(request, "delivery/connection.html", "test", context)


@require_POST
@role_required(Role.ADMIN)
def test(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Have a worker try a connection, as the account's own sender."""
    found = get_object_or_404(Connection, account=request.account, pk=pk)
    if not connection_tests.is_under_way(found, now=now()):
        senders = Sender.objects.filter(account=request.account).exclude(verified_at=None)
        sender = senders.filter(domain=found.for_domain).first() or senders.first()
        Connection.objects.filter(pk=found.pk).update(test_asked_at=now())
        job = partial(
            tasks.test_connection.delay,
            account_id=request.account.pk,
            connection_id=found.pk,
            sender=sender.email if sender else request.user.email,
            to=request.user.email,
        )
        transaction.on_commit(job)
    return redirect("delivery:connection", pk=pk)


@require_POST
@role_required(Role.ADMIN)
def remove(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Remove a connection."""
    found = get_object_or_404(Connection, account=request.account, pk=pk)
    try:
        connecting.remove_connection(connection=found, actor=actor(request), now=now())
    except connecting.CannotConnect as error:
        messages.error(request, str(error))
        return redirect("delivery:connection", pk=pk)
    toasts.done(request, f"{found.name} is removed, with its credentials.")
    return redirect("delivery:sending")
