"""A contact's lists and tags."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, role_required
from accounts.models import Role
from contacts.forms.organising import TagForm
from contacts.models import Contact, List, Tag
from contacts.services.lists import organising, subscribing
from contacts.views.pages import number
from emailconcert.lib.errors import ExpectedError
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
        reason=subscribing.BY_MEMBER,
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
        try:
            target = organising.create_tag(account_id=request.account.pk, name=form.cleaned_data["name"], now=now())
            organising.tag_contacts(contacts=[contact], tag=target, now=now())
        except ExpectedError as error:
            messages.error(request, str(error))
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
