"""One contact: their page, adding and editing them, one value at a time, what they agreed to, their timeline."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import queries
from contacts.fields import Field, all_fields
from contacts.forms.profile import AddContactForm, ContactForm
from contacts.models import Contact, List, Tag
from contacts.services import adding, people, profiles, timeline
from contacts.services.hosted import evidence
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import is_htmx, redirect_to


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def add(request: MemberRequest) -> HttpResponse:
    """Add one contact by hand."""
    form = AddContactForm(request.POST or None, account=request.account)
    if form.is_valid():
        try:
            contact = adding.add_by_member(
                account_id=request.account.pk,
                profile=form.profile(),
                values=form.values(),
                lists=form.cleaned_data["lists"],
                now=now(),
                actor=actor(request),
            )
        except ExpectedError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, "The contact was added.")
            return redirect_to(request, "contacts:detail", pk=contact.pk)
    return show(request, "add", {"form": form}, part="form", status=422 if form.errors else None)


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what is known of one contact."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    places = contact.subscriptions.filter(account=request.account).select_related("list").order_by("list__name")
    histories = profiles.histories(contact)
    context: dict[str, Any] = {
        "contact": contact,
        "standing": queries.standings([contact]).get(contact.pk, ""),
        "rows": profiles.rows(contact),
        "places": [(place, histories.get(place.list.name, [])) for place in places],
        "other_lists": List.objects.filter(account=request.account).exclude(subscriptions__contact=contact),
        "tags": Tag.objects.filter(account=request.account, contact_links__contact=contact).order_by("name"),
        "consents": evidence.of_contact(contact),
        "page": timeline.read(contact),
    }
    return show(request, "detail", context)


@require_safe
@member_required
def older(request: MemberRequest, pk: int) -> HttpResponse:
    """Show older entries of a contact's timeline."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    page = timeline.read(contact, before=request.GET.get("before", "")[:100])
    return show(request, "timeline", {"contact": contact, "page": page}, part="entries")


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a contact."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    form = ContactForm(request.POST or None, account=request.account, contact=contact)
    if form.is_valid():
        changes = {**form.profile(), "values": form.values()}
        try:
            people.edit_contact(contact=contact, changes=changes, now=now(), actor=actor(request))
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect_to(request, "contacts:detail", pk=pk)
    context = {"form": form, "contact": contact}
    return show(request, "edit", context, part="form", status=422 if form.errors else None)


@never_cache
@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def value(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Change one value of a contact in its place; without script, on a page of its own."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    field = _field(request, name)
    form = ContactForm(request.POST or None, account=request.account, contact=contact, keep=lambda each: each == field)
    if request.method == "GET" and "shown" in request.GET:
        return _row(request, contact, field)
    if form.is_valid():
        changes = {**form.profile(), "values": form.values()}
        try:
            people.edit_contact(contact=contact, changes=changes, now=now(), actor=actor(request))
        except ExpectedError as error:
            form.add_error(field.name, str(error))
        else:
            return _row(request, contact, field) if is_htmx(request) else redirect_to(request, "contacts:detail", pk=pk)
    [row] = profiles.rows(contact, fields=[field])
    context = {"contact": contact, "row": row, "form": form, "bound": form[field.name]}
    return show(request, "value", context, part="editor", status=422 if form.errors else None)


@never_cache
@require_POST
@role_required(Role.EDITOR)
def reveal(request: MemberRequest, pk: int, name: str) -> HttpResponse:
    """Show one sensitive value, which is audited."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    field = _field(request, name)
    if not field.sensitive:
        raise Http404
    try:
        row = profiles.reveal(contact, field, actor=actor(request), now=now())
    except people.IsRestricted as error:
        messages.error(request, str(error))
        return redirect_to(request, "contacts:detail", pk=pk)
    return show(request, "value", {"contact": contact, "row": row, "focus": True, "may_change": True}, part="row")


@never_cache
@require_safe
@role_required(Role.EDITOR)
def consents(request: MemberRequest, pk: int, kind: str) -> HttpResponse:
    """Download what a contact agreed to, as evidence: kind is json or csv."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    evidence.note_download(contact, actor=actor(request), now=now())
    if kind == "json":
        made = evidence.as_json(contact, request.account, now=now())
        response: HttpResponse = JsonResponse(made, json_dumps_params={"indent": 2, "ensure_ascii": False})
    else:
        response = HttpResponse(evidence.as_csv(contact), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="consents-{contact.pk}.{kind}"'
    return response


def _row(request: MemberRequest, contact: Contact, field: Field) -> HttpResponse:
    [row] = profiles.rows(contact, fields=[field])
    return show(request, "value", {"contact": contact, "row": row, "focus": True, "may_change": True}, part="row")


def _field(request: MemberRequest, name: str) -> Field:
    for field in all_fields(request.account.pk):
        if field.name == name:
            return field
    raise Http404
