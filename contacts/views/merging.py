"""Making one contact of two."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from contacts.models import Contact
from contacts.services import merging
from contacts.table import looking_up
from contacts.table.filters import number
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to


@require_safe
@role_required(Role.EDITOR)
def choose(request: MemberRequest, pk: int) -> HttpResponse:
    """Find the other contact, then choose what stays of both."""
    kept = get_object_or_404(Contact, account=request.account, pk=pk)
    if other := number(request.GET.get("with")):
        gone = get_object_or_404(Contact, account=request.account, pk=other)
        rows = merging.differences(kept, gone) if kept != gone else []
        return show(request, "merge", {"contact": kept, "gone": gone, "differences": rows}, part="form")
    text = request.GET.get("q", f"{kept.first_name} {kept.last_name}").replace("\0", "").strip()[:100]
    people = looking_up.find_people(account_id=request.account.pk, text=text, limit=11, now=now()) if text else []
    people = [person for person in people if person.pk != kept.pk][:10]
    return show(request, "merge_choose", {"contact": kept, "people": people, "text": text})


@require_POST
@role_required(Role.EDITOR)
def merge(request: MemberRequest, pk: int) -> HttpResponse:
    """Merge another contact into this one."""
    kept = get_object_or_404(Contact, account=request.account, pk=pk)
    gone = get_object_or_404(Contact, account=request.account, pk=number(request.POST.get("with")) or 0)
    if request.POST.get("sure") != "1":
        messages.error(request, "Tick the box that says you are sure: merging can't be undone.")
        return redirect_to(request, f"/contacts/{pk}/merge/?with={gone.pk}")
    take = [
        name.removeprefix("take-") for name, side in request.POST.items() if name.startswith("take-") and side == "gone"
    ]
    try:
        merging.merge(
            kept=kept, gone=gone, take_address=request.POST.get("address") == "gone", take=take, now=now(),
            actor=actor(request),
        )  # fmt: skip
        messages.success(request, "The two are one contact now.")
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:detail", pk=pk)
