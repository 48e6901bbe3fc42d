"""Settings, Sending, Limits: how fast mail leaves, quiet hours, warm-up plans, and when a mailing stops itself."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from delivery.forms_limits import LimitsForm
from delivery.limit_models import WarmUp
from delivery.models import Connection, SendingDomain
from delivery.services import easing, own_limits, warming
from emailconcert.shell.charts import Timeline

_STOPS = (
    "It tells the owners, and waits for them, once hard bounces are surely over {:g} % or complaints over {:g} %. "
    "You can be stricter."
)
_ACTS: dict[str, Callable[..., object]] = {
    "start": warming.start_plan,
    "stop": warming.stop_plan,
    "skip": warming.skip_day,
}


@require_safe
@member_required
def overview(request: MemberRequest) -> HttpResponseBase:
    """Show an account's limits."""
    return _show(request, _form(request, None))


@require_POST
@role_required(Role.ADMIN)
def change(request: MemberRequest) -> HttpResponseBase:
    """Set them."""
    form = _form(request, request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    own_limits.change(account=request.account, typed=form.cleaned_data, actor=actor(request), now=now())
    messages.success(request, "Saved. It holds within a minute.")
    return redirect("delivery:limits")


@require_POST
@role_required(Role.ADMIN)
def warm_up(request: MemberRequest, pk: int, act: str) -> HttpResponseBase:
    """Start, stop or move on a domain's warm-up plan."""
    domain = get_object_or_404(SendingDomain, account=request.account, pk=pk)
    try:
        _ACTS[act](domain=domain, actor=actor(request), now=now())
    except warming.CannotWarmUp as error:
        messages.error(request, str(error))
    return redirect("delivery:limits")


def _form(request: MemberRequest, data: object) -> LimitsForm:
    connections, domains = _parts(request)
    return LimitsForm(data, initial=own_limits.read(request.account.pk), connections=connections, domains=domains)


def _parts(request: MemberRequest) -> tuple[list[Connection], list[SendingDomain]]:
    connections = Connection.objects.filter(account=request.account).order_by("name")
    return list(connections), list(SendingDomain.objects.filter(account=request.account).order_by("domain"))


def _show(request: MemberRequest, form: LimitsForm, status: int = 200) -> HttpResponseBase:
    connections, domains = _parts(request)
    plans = {plan.domain_id: plan for plan in WarmUp.objects.filter(account=request.account)}
    context = {
        "form": form,
        "may_manage": has_role(request.membership, Role.ADMIN),
        "warm_ups": [(domain, plans.get(domain.pk), _chart(plans.get(domain.pk), domain)) for domain in domains],
        "slowed": easing.slowed(
            account_id=request.account.pk, connection_ids=[None, *(each.pk for each in connections)], now=now()
        ),
        "stops": _STOPS.format(settings.STOP_AT_BOUNCES_PER_1000 / 10, settings.STOP_AT_COMPLAINTS_PER_1000 / 10),
    }
    return render(request, "delivery/limits.html", context, status=status)


def _chart(plan: WarmUp | None, domain: SendingDomain) -> Timeline | None:
    if plan is None or not plan.is_on:
        return None
    days = warming.days_of(plan, now=now())
    return Timeline(
        title=f"Sent from {domain} beside its plan",
        labels=[f"{each.day:%-d %b}" for each in days],
        people=[each.sent for each in days],
        previous=[each.planned for each in days],
        unit="messages",
        previous_label="Plan",
    )
