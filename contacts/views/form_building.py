"""The builder of a hosted form. Every press posts the whole draft; only Save and Publish keep it."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from accounts.services.media import library, storing
from contacts import fields
from contacts.forms import building
from contacts.forms.building import Desk
from contacts.forms.hosted import SignUpForm
from contacts.hosted import blueprint as blueprints
from contacts.hosted import looks, phrases
from contacts.hosted.blueprint import Blueprint
from contacts.models import Form, List
from contacts.services.hosted import form_keeping, form_logos
from contacts.views.form_sharing import tabs_of
from contacts.views.forms import address_of
from contacts.views.pages import show
from contacts.views.public_parts import logo_address
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the builder, or do what was pressed in it."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    if request.method != "POST":
        return _page(request, hosted, blueprints.from_json(hosted.draft))
    draft, problems = _posted(request)
    do, _, what = request.POST.get("do", "preview").partition(":")
    if do in ("save", "publish") and not problems:
        return _keep(request, hosted, draft, publishes=do == "publish")
    draft = building.change(draft, do=do, what=what, data=request.POST)
    language = {"edit": what, "add_language": request.POST.get("new_language", "")}.get(do, "")
    return _page(request, hosted, draft, problems=problems, editing=language, pressed=do)


def _posted(request: MemberRequest) -> tuple[Blueprint, dict[str, str]]:
    """Return the draft that was posted; a new logo is kept at once, as a page can't hold a file."""
    draft = building.read(request.POST)
    file = request.FILES.get("logo_file")
    if file is None:
        return draft, {}
    try:
        opened, name = file.open(), file.name or ""
        logo = form_logos.keep_logo(
            account=request.account, file=opened, name=name, now=now(), by=request.user, actor=actor(request)
        )
    except ExpectedError as error:
        return draft, {"logo": str(error)}
    return draft.with_logo(logo), {}


def _keep(request: MemberRequest, hosted: Form, draft: Blueprint, *, publishes: bool) -> HttpResponse:
    try:
        if not publishes:
            form_keeping.save_draft(form=hosted, draft=draft, now=now(), actor=actor(request))
            messages.success(request, "The draft is saved. People see it once you publish it.")
        elif version := form_keeping.publish(form=hosted, draft=draft, now=now(), actor=actor(request)):
            messages.success(request, f"Version {version.number} is online.")
        else:
            messages.info(request, "Nothing differs from what is online.")
    except form_keeping.NotReady as error:
        return _page(request, hosted, draft, problems=error.problems)
    except ExpectedError as error:
        return _page(request, hosted, draft, problems={"all": str(error)})
    return redirect_to(request, "contacts:form-edit", pk=hosted.pk)


def _page(
    request: MemberRequest,
    hosted: Form,
    draft: Blueprint,
    *,
    problems: Mapping[str, str] | None = None,
    editing: str = "",
    pressed: str = "",
) -> HttpResponse:
    account = request.account
    lists = list(List.objects.filter(account=account).order_by("name").values_list("pk", "name"))
    desk = Desk(fields.all_fields(account.pk), lists)
    editing = editing or request.POST.get("editing", "")
    shown = building.shown(draft, desk=desk, editing=editing, problems=problems)
    context = {
        "hosted": hosted,
        "shown": shown,
        "tabs": tabs_of(hosted),
        "address": address_of(hosted),
        "is_new": hosted.draft != draft.to_json(),
        "preview": _preview(request, desk, draft, shown.editing),
        "logo": logo_address(account, draft),
        "pictures": _pictures(request) if pressed == "pick_logo" else [],
    }
    part = "preview" if pressed == "preview" else "draft"
    return show(request, "form_build", context, part=part, status=422 if problems else None)


def _pictures(request: MemberRequest) -> list[tuple[str, str, str]]:
    """Return the newest pictures to choose from without a script: file, address, name."""
    newest = library.latest(account_id=request.account.pk, count=24)
    key = request.account.public_id
    return [
        (form_logos.file_of(each), storing.address(account_key=key, file_name=each.thumbnail_name), each.name)
        for each in newest
    ]


def _preview(request: MemberRequest, desk: Desk, draft: Blueprint, language: str) -> str:
    """Return the page that people would see, as a whole, for a frame that may run nothing."""
    by_name = {each.name: each for each in desk.fields}
    page = draft.with_fields(by_name)
    lists = tuple(pair for pair in desk.lists if pair[0] in draft.lists)
    account = request.account
    context = {
        "form": SignUpForm(blueprint=page, lists=lists, language=language, auto_id="preview_%s"),
        "brand": {"name": account.name, "postal_address": account.postal_address},
        "words": phrases.fixed(language),
        "page_language": language,
        "look": looks.query(looks.readable(draft.look)),
        "layout": looks.layout_of(draft.look),
        "logo": logo_address(account, draft),
        "title": page.text("title", language),
        "intro": page.text("intro", language),
        "press": page.text("button", language),
    }
    return render_to_string("contacts/form_preview.html", context)
