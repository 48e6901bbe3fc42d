"""Hosted forms, as their owner keeps them."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import queries
from contacts.forms.hosted import HostedFormForm, NewHostedFormForm, SignUpForm
from contacts.models import CustomField, Form, List
from contacts.services import form_keeping
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to


@require_safe
@member_required
def forms(request: MemberRequest) -> HttpResponse:
    """Show the account's forms."""
    rows = [(form, address_of(form)) for form in queries.forms_with_counts(request.account.pk)]
    has_list = List.objects.filter(account=request.account).exists()
    return show(request, "forms", {"rows": rows, "has_list": has_list})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def add(request: MemberRequest) -> HttpResponse:
    """Make a form."""
    form = NewHostedFormForm(request.POST or None, account=request.account)
    if form.is_valid():
        try:
            made = form_keeping.create_form(
                account=request.account,
                slug=form.cleaned_data["slug"],
                values=form.values(),
                now=now(),
                actor=actor(request),
            )
        except ExpectedError as error:
            form.add_error("slug", str(error))
        else:
            messages.success(request, "The form is online.")
            return redirect_to(request, "contacts:form-edit", pk=made.pk)
    return show(request, "form_add", {"form": form}, part="form", status=422 if form.errors else None)


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a form, with what it looks like beside it."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    form = HostedFormForm(request.POST or None, account=request.account, hosted=hosted)
    if form.is_valid():
        form_keeping.edit_form(form=hosted, values=form.values(), now=now(), actor=actor(request))
        messages.success(request, f"Saved. This is version {hosted.version}.")
        return redirect_to(request, "contacts:form-edit", pk=pk)
    own = dict(CustomField.objects.filter(account=request.account).values_list("key", "label"))
    preview = SignUpForm(hosted=hosted, own=own, auto_id="preview_%s")
    context = {"form": form, "hosted": hosted, "address": address_of(hosted), "preview": preview}
    return show(request, "form_edit", context, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.ADMIN)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a form."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    form_keeping.delete_form(form=hosted, now=now(), actor=actor(request))
    messages.success(request, f"The form “{hosted.name}” is offline. Who signed up through it stays.")
    return redirect_to(request, "contacts:forms")


def address_of(form: Form) -> str:
    """Return the form's public address."""
    return f"{settings.CONTENT_URL}/f/{form.slug}"
