"""Hosted forms of an account: the list of them, new ones, copies, and taking them down."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import queries
from contacts.forms.hosted import NewHostedFormForm
from contacts.hosted.blueprint import Blueprint, Question
from contacts.hosted.phrases import LANGUAGES
from contacts.models import Form, List
from contacts.services.hosted import form_counting, form_keeping
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to


@require_safe
@member_required
def forms(request: MemberRequest) -> HttpResponse:
    """Show the account's forms."""
    figures = form_counting.figures_by_form(request.account.pk)
    rows = [
        (form, figures.get(form.pk, form_counting.Figures()), address_of(form))
        for form in queries.forms_of(request.account.pk)
    ]
    has_list = List.objects.filter(account=request.account).exists()
    return show(request, "forms", {"rows": rows, "has_list": has_list})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def add(request: MemberRequest) -> HttpResponse:
    """Make a form; what it asks and says comes next."""
    form = NewHostedFormForm(request.POST or None, account=request.account)
    if form.is_valid():
        given = form.cleaned_data
        language = request.account.language if request.account.language in LANGUAGES else "en"
        draft = Blueprint(
            questions=(Question("first_name"),),
            lists=(given["list"].pk,),
            languages=(language,),
            texts={language: {"title": given["title"]}},
        )
        try:
            made = form_keeping.create_form(
                account=request.account,
                name=given["name"],
                slug=given["slug"],
                draft=draft,
                now=now(),
                actor=actor(request),
            )
        except form_keeping.SlugTaken as error:
            form.add_error("slug", str(error))
        except ExpectedError as error:
            form.add_error("name", str(error))
        else:
            return redirect_to(request, "contacts:form-edit", pk=made.pk)
    return show(request, "form_add", {"form": form}, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    """Make a copy of a form, which nobody sees yet."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    made = form_keeping.duplicate_form(form=hosted, now=now(), actor=actor(request))
    messages.success(request, f"“{made.name}” is a copy. Nobody sees it until you publish it.")
    return redirect_to(request, "contacts:form-edit", pk=made.pk)


@require_POST
@role_required(Role.EDITOR)
def change(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a form's name, and whether it can be filled in."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    name = " ".join(request.POST.get("name", "").split())[:100] or hosted.name
    is_active = "is_active" in request.POST
    try:
        form_keeping.change_form(form=hosted, name=name, is_active=is_active, now=now(), actor=actor(request))
        messages.success(request, "Saved." if is_active else "Saved. Nobody can fill the form in now.")
    except ExpectedError as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:form-settings", pk=pk)


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
