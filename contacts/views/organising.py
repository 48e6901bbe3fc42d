"""Lists and tags."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import queries
from contacts.forms.organising import ListForm, MergeTagForm, TagForm
from contacts.models import List, Tag
from contacts.services.lists import list_figures, organising
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to


@require_safe
@member_required
def lists(request: MemberRequest) -> HttpResponse:
    """Show the account's lists."""
    return show(request, "lists", {"rows": list_figures.figures(account_id=request.account.pk, now=now())})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def add_list(request: MemberRequest) -> HttpResponse:
    """Make a list."""
    form = ListForm(request.POST or None, account=request.account)
    if form.is_valid():
        try:
            made = organising.create_list(
                account_id=request.account.pk, now=now(), actor=actor(request), **form.cleaned_data
            )
        except ExpectedError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, f"The list “{made.name}” was made.")
            return redirect_to(request, "contacts:lists")
    return show(request, "list_edit", {"form": form}, part="form", status=422 if form.errors else None)


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def edit_list(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a list."""
    found = get_object_or_404(List, account=request.account, pk=pk)
    initial = {name: getattr(found, name) for name in ListForm.base_fields}
    form = ListForm(request.POST or None, initial=initial, account=request.account)
    if form.is_valid():
        try:
            organising.edit_list(list=found, now=now(), actor=actor(request), **form.cleaned_data)
        except ExpectedError as error:
            form.add_error("name", str(error))
        else:
            messages.success(request, "Saved.")
            return redirect_to(request, "contacts:lists")
    return show(request, "list_edit", {"list": found, "form": form}, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def delete_list(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a list."""
    found = get_object_or_404(List, account=request.account, pk=pk)
    try:
        organising.delete_list(list=found, now=now(), actor=actor(request))
        messages.success(request, f"“{found.name}” was deleted. Its contacts are still there.")
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:lists")


@require_safe
@member_required
def tags(request: MemberRequest) -> HttpResponse:
    """Show the account's tags."""
    return show(request, "tags", {"tags": queries.tags_with_counts(request.account.pk), "form": TagForm()})


@require_POST
@role_required(Role.EDITOR)
def add_tag(request: MemberRequest) -> HttpResponse:
    """Make a tag."""
    form = TagForm(request.POST)
    if form.is_valid():
        try:
            organising.create_tag(account_id=request.account.pk, name=form.cleaned_data["name"], now=now())
            return redirect_to(request, "contacts:tags")
        except ExpectedError as error:
            form.add_error("name", str(error))
    context = {"tags": queries.tags_with_counts(request.account.pk), "form": form}
    return show(request, "tags", context, part="form", status=422)


@require_POST
@role_required(Role.EDITOR)
def rename_tag(request: MemberRequest, pk: int) -> HttpResponse:
    """Rename a tag."""
    found = get_object_or_404(Tag, account=request.account, pk=pk)
    form = TagForm(request.POST)
    try:
        if form.is_valid():
            organising.rename_tag(tag=found, name=form.cleaned_data["name"], now=now(), actor=actor(request))
        else:
            messages.error(request, "Write a name of at most 60 characters.")
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:tags")


@require_POST
@role_required(Role.EDITOR)
def delete_tag(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a tag."""
    found = get_object_or_404(Tag, account=request.account, pk=pk)
    organising.delete_tag(tag=found, now=now(), actor=actor(request))
    messages.success(request, f"The tag “{found.name}” was deleted. Its contacts are still there.")
    return redirect_to(request, "contacts:tags")


@require_POST
@role_required(Role.EDITOR)
def merge_tag(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a tag's people another tag."""
    found = get_object_or_404(Tag, account=request.account, pk=pk)
    form = MergeTagForm(request.POST, account=request.account)
    if not form.is_valid():
        messages.error(request, "Choose the tag that takes its people.")
        return redirect_to(request, "contacts:tags")
    into = form.cleaned_data["into"]
    try:
        organising.merge_tags(tag=found, into=into, now=now(), actor=actor(request))
        messages.success(request, f"“{found.name}” is part of “{into.name}” now.")
    except organising.SameTag as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:tags")
