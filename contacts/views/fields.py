"""The account's own fields: their list, adding, changing, ordering, deleting."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts.fields import STANDARD
from contacts.forms.fields import DeleteFieldForm, FieldForm
from contacts.models import CustomField
from contacts.services.fields import field_keeping, field_moving, field_uses
from contacts.services.fields.field_moving import Move
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to
from privacy.services.guard import SpecialCategory

# More values than these are moved by a worker.
_AT_ONCE = 2000


@require_safe
@member_required
def fields(request: MemberRequest) -> HttpResponse:
    """Show what is known of contacts: the account's own fields, and those that all have."""
    rows = field_keeping.with_counts(request.account.pk)
    return show(request, "fields", {"rows": rows, "standard": STANDARD})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def add(request: MemberRequest) -> HttpResponse:
    """Add a field."""
    form = FieldForm(request.POST or None)
    if form.is_valid():
        try:
            made = field_keeping.add_field(
                account_id=request.account.pk, draft=form.draft(), now=now(), actor=actor(request)
            )
        except SpecialCategory as error:
            form.add_error(None, str(error))
        except field_keeping.BadField as error:
            form.add_error(error.part, str(error))
        else:
            messages.success(request, f"“{made.label}” was added.")
            return redirect_to(request, "contacts:fields")
    return show(request, "field_edit", {"form": form}, part="form", status=422 if form.errors else None)


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a field."""
    row = get_object_or_404(CustomField, account=request.account, pk=pk)
    people = field_keeping.count_values(row)
    form = FieldForm(request.POST or None, row=row, people=people)
    if form.is_valid():
        try:
            move = field_keeping.edit_field(row=row, draft=form.draft(), now=now(), actor=actor(request))
        except field_keeping.BadField as error:
            form.add_error(error.part, str(error))
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved." + _carry_out(request, row.key, move, people))
            return redirect_to(request, "contacts:fields")
    context = {"form": form, "field": row}
    return show(request, "field_edit", context, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def move(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a field one place up or down."""
    row = get_object_or_404(CustomField, account=request.account, pk=pk)
    up = request.POST.get("to") == "up"
    field_keeping.move_field(row=row, up=up, now=now(), actor=actor(request))
    rows = field_keeping.with_counts(request.account.pk)
    context = {"rows": rows, "standard": STANDARD, "moved": row.pk, "moved_up": up}
    if request.headers.get("HX-Request"):
        return show(request, "fields", context, part="own")
    return redirect_to(request, "contacts:fields")


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask, with the count, whether a field is to go; and delete it."""
    row = get_object_or_404(CustomField, account=request.account, pk=pk)
    people, key = field_keeping.count_values(row), row.key
    form = DeleteFieldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            move = field_keeping.delete_field(
                row=row, confirmed=form.cleaned_data["confirmed"], now=now(), actor=actor(request)
            )
        except field_keeping.BadField as error:
            form.add_error(error.part, str(error))
        except ExpectedError as error:
            messages.error(request, str(error))
            return redirect_to(request, "contacts:fields")
        else:
            messages.success(request, f"“{row.label}” was deleted." + _carry_out(request, key, move, people))
            return redirect_to(request, "contacts:fields")
    context = {"field": row, "people": people, "form": form, "uses": field_uses.uses_of(row)}
    return show(request, "field_delete", context, part="form", status=422 if form.errors else None)


def _carry_out(request: MemberRequest, key: str, move: Move | None, people: int) -> str:
    """Move values now where they are few, else leave them to a worker and say so."""
    if move is None:
        return ""
    if people <= _AT_ONCE:
        field_moving.run(account_id=request.account.pk, key=key, move=move)
        return ""
    field_moving.ask(account_id=request.account.pk, key=key, move=move, now=now())
    return f" {people:,} values follow in the background."
