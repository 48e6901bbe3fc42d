"""One sending domain: its records as they are and should be, checks, new keys, removal."""

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from delivery import tasks
from delivery.models import SendingDomain
from delivery.records.checking import EXCHANGE, SENDER
from delivery.services import domain_checks, domains, signing_keys
from emailconcert.lib.htmx import render_part
from emailconcert.shell import toasts


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Show a domain's records beside what was found; while a check is under way the page asks again."""
    found = get_object_or_404(SendingDomain, account=request.account, pk=pk)
    rows = domains.rows(found)
    current = [row for row in rows if row.may_go_at is None]
    context = {
        "domain": found,
        "zone": found.zone or found.domain,
        "rows": [row for row in current if row.record.key not in (EXCHANGE, SENDER)],
        "instead": [row for row in current if row.record.key in (EXCHANGE, SENDER)],
        "retired": [row for row in rows if row.may_go_at is not None],
        "is_checking": domain_checks.is_under_way(found, now=now()),
        "is_waiting": signing_keys.waiting(found),
        "misses_left": domain_checks.MISSES - found.misses,
        "may_manage": has_role(request.membership, Role.ADMIN),
        "now": now(),
    }
    return render_part(request, "delivery/domain.html", "records", context)


@require_POST
@role_required(Role.ADMIN)
def check(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Have a domain's records looked up, by a worker: a request holds no network call."""
    found = get_object_or_404(SendingDomain, account=request.account, pk=pk)
    ask(found)
    return redirect("delivery:domain", pk=found.pk)


@require_POST
@role_required(Role.ADMIN)
def rotate(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Make new DKIM keys, which take over once they are published."""
    found = get_object_or_404(SendingDomain, account=request.account, pk=pk)
    try:
        signing_keys.rotate(domain=found, actor=actor(request), now=now())
    except signing_keys.CannotRotate as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "New keys are made. Publish their records; the present ones sign until then.")
    return redirect("delivery:domain", pk=found.pk)


@require_POST
@role_required(Role.ADMIN)
def remove(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Remove a domain."""
    found = get_object_or_404(SendingDomain, account=request.account, pk=pk)
    try:
        domains.remove_domain(domain=found, actor=actor(request), now=now())
    except domains.CannotRemove as error:
        messages.error(request, str(error))
        return redirect("delivery:domain", pk=pk)
    toasts.done(request, f"{found.domain} is removed. You may delete its records.")
    return redirect("delivery:sending")


def ask(domain: SendingDomain) -> None:
    """Ask a worker for a check, unless one is under way."""
    if domain_checks.ask_check(domain=domain, now=now()):
        job = partial(tasks.check_domain.delay, account_id=domain.account_id, domain_id=domain.pk)
        transaction.on_commit(job)
