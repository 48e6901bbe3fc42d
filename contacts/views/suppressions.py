"""Addresses that are never mailed."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from accounts.services import auditing
from contacts.files import writing
from contacts.forms.organising import BlockForm, LiftForm
from contacts.services.lists import blocking
from contacts.views.pages import number, show
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.htmx import redirect_to
from privacy.models import DomainSuppression, Suppression
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
    context = {"rows": rows, "after": after, "searched": text, "error": error, "form": BlockForm()}
    return show(request, "suppressions", {**context, "domains": blocking.domains(request.account.pk)})


@require_POST
@role_required(Role.EDITOR)
def add(request: MemberRequest) -> HttpResponse:
    """Never mail these addresses and domains again."""
    form = BlockForm(request.POST, request.FILES)
    if form.is_valid():
        people, domains, bad = blocking.block_many(
            account_id=request.account.pk, text=form.text(), now=now(), actor=actor(request)
        )
        if people or domains:
            messages.success(request, _said(people, domains))
        if bad:
            messages.error(request, f"Neither an address nor a domain, left out: {', '.join(bad)}.")
        if people or domains:
            return redirect_to(request, "contacts:suppressions")
        form.add_error("addresses", "There was no address or domain in it.")
    rows, after = blocking.blocked_page(account_id=request.account.pk)
    context = {"rows": rows, "after": after, "form": form, "domains": blocking.domains(request.account.pk)}
    return show(request, "suppressions", context, part="form", status=422)


@require_POST
@role_required(Role.ADMIN)
def lift(request: MemberRequest, pk: int) -> HttpResponse:
    """Lift what a member added, with the reason."""
    row = get_object_or_404(Suppression, account=request.account, pk=pk)
    form = LiftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write why this address may be mailed again.")
        return redirect_to(request, "contacts:suppressions")
    try:
        blocking.unblock(suppression=row, reason=form.cleaned_data["reason"], now=now(), actor=actor(request))
        messages.success(request, "This address may be mailed again.")
    except CannotLift as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:suppressions")


@require_POST
@role_required(Role.ADMIN)
def lift_domain(request: MemberRequest, pk: int) -> HttpResponse:
    """Allow mail to a domain again, with the reason."""
    row = get_object_or_404(DomainSuppression, account=request.account, pk=pk)
    form = LiftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write why this domain may be mailed again.")
        return redirect_to(request, "contacts:suppressions")
    blocking.unblock_domain(row=row, reason=form.cleaned_data["reason"], now=now(), actor=actor(request))
    messages.success(request, f"{row.domain} may be mailed again. What single people there said still holds.")
    return redirect_to(request, "contacts:suppressions")


@require_safe
@role_required(Role.EDITOR)
def export(request: MemberRequest) -> HttpResponseBase:
    """Download the addresses and domains that are never mailed."""
    # Read here: the scope ends before a stream is sent.
    rows = [("Address or domain", "Why", "Since"), *blocking.lines(request.account.pk)]
    auditing.record(
        action="addresses.exported", actor=actor(request), now=now(), account_id=request.account.pk,
        details={"rows": len(rows) - 1},
    )  # fmt: skip
    answer = StreamingHttpResponse(writing.lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="never-mailed.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def _said(people: int, domains: int) -> str:
    parts = []
    if people:
        parts.append("1 address" if people == 1 else f"{people:,} addresses")
    if domains:
        parts.append("1 domain" if domains == 1 else f"{domains:,} domains")
    return f"{' and '.join(parts)} will never be mailed."
