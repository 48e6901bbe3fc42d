"""A contact's lists and tags, one at a time and many at once."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from contacts.forms.organising import TagForm
from contacts.forms.people import BulkForm
from contacts.models import Contact, List, Tag
from contacts.services import organising, subscribing, undoing
from contacts.views.pages import number
from contacts.views.people import say_deleted
from emailconcert.lib.htmx import redirect_to


@require_POST
@role_required(Role.EDITOR)
def subscribe(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a contact on a list."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    target = get_object_or_404(List, account=request.account, pk=number(request.POST.get("list")) or 0)
    try:
        subscribing.subscribe(contact=contact, list=target, source=Contact.Source.MEMBER, now=now())
    except subscribing.HasUnsubscribed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"On “{target.name}” now.")
    return redirect_to(request, "contacts:detail", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def unsubscribe(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a contact off a list."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    target = get_object_or_404(List, account=request.account, pk=number(request.POST.get("list")) or 0)
    subscribing.unsubscribe(
        account_id=request.account.pk,
        contact_id=contact.pk,
        list_ids=[target.pk],
        reason="By a member",
        now=now(),
    )
    messages.success(request, f"Unsubscribed from “{target.name}”. Only they can take that back.")
    return redirect_to(request, "contacts:detail", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def tag(request: MemberRequest, pk: int) -> HttpResponse:
    """Tag a contact."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    form = TagForm(request.POST)
    if form.is_valid():
        target = organising.create_tag(account_id=request.account.pk, name=form.cleaned_data["name"])
        organising.tag_contacts(contacts=[contact], tag=target, now=now())
    else:
        messages.error(request, "Write the tag's name, in at most 60 characters.")
    return redirect_to(request, "contacts:detail", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def untag(request: MemberRequest, pk: int, tag_pk: int) -> HttpResponse:
    """Take a tag off a contact."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    target = get_object_or_404(Tag, account=request.account, pk=tag_pk)
    organising.untag_contact(contact=contact, tag=target, now=now())
    return redirect_to(request, "contacts:detail", pk=pk)


@require_POST
@role_required(Role.EDITOR)
def bulk(request: MemberRequest) -> HttpResponse:
    """Tag, subscribe or delete the selected contacts."""
    form = BulkForm(request.POST, account=request.account)
    if not form.is_valid():
        messages.error(request, "Select some contacts and choose what to do with them.")
        return redirect_to(request, "contacts:list")
    chosen = list(Contact.objects.filter(account=request.account, pk__in=form.cleaned_data["selected"]).order_by("pk"))
    {"tag": _tag_all, "subscribe": _subscribe_all, "delete": _delete_all}[form.cleaned_data["action"]](
        request, form, chosen
    )
    return redirect_to(request, "contacts:list")


def _tag_all(request: MemberRequest, form: BulkForm, chosen: list[Contact]) -> None:
    name = form.cleaned_data["tag"].strip()
    if not name:
        messages.error(request, "Write the tag's name first.")
        return
    target = organising.create_tag(account_id=request.account.pk, name=name)
    count = organising.tag_contacts(contacts=chosen, tag=target, now=now())
    messages.success(request, f"{count:,} tagged “{target.name}”.")


def _subscribe_all(request: MemberRequest, form: BulkForm, chosen: list[Contact]) -> None:
    target = form.cleaned_data["list"]
    if target is None:
        messages.error(request, "Choose the list first.")
        return
    done, refused = organising.subscribe_contacts(contacts=chosen, list=target, now=now())
    text = f"{done:,} on “{target.name}” now."
    messages.success(request, f"{text} {refused:,} had said no and stay out." if refused else text)


def _delete_all(request: MemberRequest, form: BulkForm, chosen: list[Contact]) -> None:  # noqa: ARG001  # as its siblings
    secret = undoing.delete_contacts(contacts=chosen, now=now(), actor=actor(request))
    say_deleted(request, len(chosen), secret)
