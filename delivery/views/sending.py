"""Settings, Sending: domains with their DNS records, and sender addresses."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from delivery.forms import DomainForm, SenderForm
from delivery.models import Connection, Sender, SendingDomain
from delivery.services import domains, senders
from delivery.views import domains as domain_views


@require_safe
@member_required
def overview(request: MemberRequest) -> HttpResponseBase:
    """Show domains, senders and how mail leaves."""
    return _show(request, DomainForm(), SenderForm())


@require_POST
@role_required(Role.ADMIN)
def add_domain(request: MemberRequest) -> HttpResponseBase:
    """Add a domain."""
    form = DomainForm(request.POST)
    if form.is_valid():
        try:
            made = domains.add_domain(
                account=request.account, domain=form.cleaned_data["domain"], actor=actor(request), now=now()
            )
            domain_views.ask(made)
            return redirect("delivery:domain", pk=made.pk)
        except domains.CannotAdd as error:
            form.add_error("domain", str(error))
    return _show(request, form, SenderForm(), status=422)


@require_POST
@role_required(Role.ADMIN)
def add_sender(request: MemberRequest) -> HttpResponseBase:
    """Add a sender address."""
    form = SenderForm(request.POST)
    if form.is_valid():
        own = frozenset({request.user.email}) if request.user.email_confirmed_at else frozenset()
        try:
            made = senders.add_sender(
                account=request.account, **form.cleaned_data, actor=actor(request), now=now(), proved=own
            )
            said = "Sender added." if made.verified_at else f"We mailed a link to {made.email}: open it to finish."
            messages.success(request, said)
            return redirect("delivery:sending")
        except senders.CannotAdd as error:
            form.add_error("email", str(error))
    return _show(request, DomainForm(), form, status=422)


@require_POST
@role_required(Role.ADMIN)
def ask_sender_again(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Mail the link to a sender's address once more."""
    sender = get_object_or_404(Sender, account=request.account, pk=pk)
    try:
        senders.ask_again(sender=sender, now=now())
    except senders.CannotVerify as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"We mailed another link to {sender.email}.")
    return redirect("delivery:sending")


def _show(
    request: MemberRequest, domain_form: DomainForm, sender_form: SenderForm, status: int = 200
) -> HttpResponseBase:
    context = {
        "domains": SendingDomain.objects.filter(account=request.account).order_by("domain"),
        "senders": Sender.objects.filter(account=request.account).order_by("email"),
        "connections": Connection.objects.filter(account=request.account).select_related("for_domain").order_by("name"),
        "domain_form": domain_form,
        "sender_form": sender_form,
        "may_manage": has_role(request.membership, Role.ADMIN),
    }
    return render(request, "delivery/sending.html", context, status=status)
