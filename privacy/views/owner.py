"""The account owner's part: requests of their contacts, and an answer to each."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from privacy.forms import AnswerForm
from privacy.services import reading, routing, states


@never_cache
@require_safe
@role_required(Role.ADMIN)
def index(request: MemberRequest) -> HttpResponse:
    """List the requests about the account's contacts."""
    rows = reading.of_account(account_id=request.account.pk, now=now())
    return render(request, "privacy/owner_list.html", {"rows": rows})


@never_cache
@require_safe
@role_required(Role.ADMIN)
def detail(request: MemberRequest, reference: str) -> HttpResponse:
    """Show one request and the form to answer it."""
    return _detail(request, reference, AnswerForm())


@require_POST
@role_required(Role.OWNER)
def answer(request: MemberRequest, reference: str) -> HttpResponse:
    """Record the owner's answer."""
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            routing.answer_for_account(
                account_id=request.account.pk,
                reference=reference,
                agrees=form.cleaned_data["answer"] == "agree",
                reason=form.cleaned_data["reason"],
                actor=actor(request),
                now=now(),
            )
        except (routing.CannotAnswer, states.AlreadyMoved) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Thank you. The Data Protection Officer goes on from here.")
            return redirect("privacy:owner-detail", reference=reference)
    return _detail(request, reference, form, status=422)


def _detail(request: MemberRequest, reference: str, form: AnswerForm, *, status: int = 200) -> HttpResponse:
    rows = reading.of_account(account_id=request.account.pk, now=now())
    row = next((each for each in rows if each.reference == reference), None)
    person = reading.person_of(account_id=request.account.pk, reference=reference)
    if row is None or person is None:
        raise Http404
    context = {"row": row, "person": person, "form": form, "waits": row.owner_deadline is not None}
    return render(request, "privacy/owner_detail.html", context, status=status)
