"""One contact."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import queries
from contacts.forms.people import AddContactForm, ContactForm
from contacts.models import Contact, CustomField, List, Tag
from contacts.services import adding, people, timeline, undoing
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts
from privacy.services import consents


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
    labels = dict(CustomField.objects.filter(account=request.account).values_list("key", "label"))
    digest = bytes(contact.email_hash)
    tags = Tag.objects.filter(account=request.account, contact_links__contact=contact).order_by("name")
    context: dict[str, Any] = {
        "contact": contact,
        "standing": queries.standings([contact]).get(contact.pk, ""),
        "values": [(labels.get(key, key), value) for key, value in contact.values.items()],
        "places": contact.subscriptions.filter(account=request.account).select_related("list").order_by("list__name"),
        "other_lists": List.objects.filter(account=request.account).exclude(subscriptions__contact=contact),
        "tags": tags,
        "consents": consents.evidence(account_id=request.account.pk, address_hash=digest),
        "timeline": timeline.entries(contact),
    }
    return show(request, "detail", context)


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
            form.add_error("email", str(error))
        else:
            messages.success(request, "Saved.")
            return redirect_to(request, "contacts:detail", pk=pk)
    context = {"form": form, "contact": contact}
    return show(request, "edit", context, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a contact, in a way that can be undone."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    secret = undoing.delete_contacts(contacts=[contact], now=now(), actor=actor(request))
    say_deleted(request, 1, secret)
    return redirect_to(request, "contacts:list")


@require_POST
@role_required(Role.EDITOR)
def undo_delete(request: MemberRequest, secret: str) -> HttpResponse:
    """Bring deleted contacts back."""
    try:
        count = undoing.restore(account_id=request.account.pk, secret=secret, now=now())
        messages.success(request, "1 contact is back." if count == 1 else f"{count:,} contacts are back.")
    except undoing.TooLate as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:list")


def say_deleted(request: MemberRequest, count: int, secret: str) -> None:
    """Show the toast, with Undo where it can be undone."""
    text = "1 contact was deleted." if count == 1 else f"{count:,} contacts were deleted."
    undo_url = reverse("contacts:undo-delete", args=[secret]) if secret else ""
    toasts.done(request, text if secret else f"{text} Opt-outs are kept, so they stay unmailed.", undo_url=undo_url)
