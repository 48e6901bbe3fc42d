"""Exports: what goes into a file, how far it is, and fetching it for a week."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import slugify
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import tasks
from contacts.forms.table import ExportForm
from contacts.models import Export
from contacts.services.bulk_actions import bulk
from contacts.services.bulk_actions.bulk import Whom
from contacts.services.exports import exporting
from contacts.table import chips, filters
from contacts.table.names import Names, names_of
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ALL = ("standing", "lists", "tags", "source", "added")


def question(request: MemberRequest, whom: Whom) -> dict[str, Any]:
    """Return what the page that asks about a new export shows."""
    names = names_of(request.account.pk)
    wanted = [*_ALL, *(each.name for each in names.columns if each.is_field)]
    initial = {"query": whom.query, "selected": list(whom.selected), "columns": wanted, "format": "csv"}
    return {
        "form": ExportForm(initial=initial, known=names.columns),
        "count": bulk.count(account_id=request.account.pk, whom=whom, now=now()),
        "said": _said(whom, names),
    }


@require_safe
@role_required(Role.EDITOR)
def new(request: MemberRequest) -> HttpResponse:
    """Ask what goes into the file: everybody who matches the address's filters."""
    whom = Whom(query=filters.parse(request.GET).encode())
    return show(request, "export_new", question(request, whom), part="form")


@require_POST
@role_required(Role.EDITOR)
def start(request: MemberRequest) -> HttpResponse:
    """Let a worker write the file."""
    names = names_of(request.account.pk)
    form = ExportForm(request.POST, known=names.columns)
    if not form.is_valid():
        messages.error(request, "Choose the columns and the kind of file.")
        return redirect_to(request, "contacts:export-new")
    values = form.cleaned_data
    whom = Whom(filters.parse(QueryDict(values["query"])).encode(), tuple(values["selected"]))
    try:
        export = exporting.start(
            account_id=request.account.pk,
            name=_said(whom, names),
            whom=whom,
            columns=values["columns"],
            format=values["format"],
            user_id=request.user.pk,
            now=now(),
            actor=actor(request),
        )
    except ExpectedError as error:
        messages.error(request, str(error))
        return redirect_to(request, f"{reverse('contacts:export-new')}?{whom.query}")
    ids = {"account_id": request.account.pk, "export_id": export.pk}
    transaction.on_commit(lambda: tasks.run_export.delay(**ids), robust=True)
    return redirect_to(request, "contacts:export", pk=export.pk)


@require_safe
@member_required
def exports(request: MemberRequest) -> HttpResponse:
    """Show the exports so far, newest first."""
    rows = Export.objects.filter(account=request.account).select_related("created_by").order_by("-pk")[:50]
    return show(request, "exports", {"rows": rows})


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how far an export is."""
    export = get_object_or_404(Export, account=request.account, pk=pk)
    return show(request, "export", {"export": export, "is_open": export.state in exporting.OPEN}, part="progress")


@require_safe
@role_required(Role.EDITOR)
def download(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Hand the file over; it is read once this request's transaction is over."""
    export = get_object_or_404(Export, account=request.account, pk=pk)
    try:
        content = exporting.fetch(export=export, now=now(), actor=actor(request))
    except exporting.Gone as error:
        messages.error(request, str(error))
        return redirect_to(request, "contacts:export", pk=pk)
    answer = StreamingHttpResponse(content, content_type=_TYPES[export.format])
    name = f"contacts-{slugify(export.name)[:40] or 'export'}-{export.pk}.{export.format}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@role_required(Role.EDITOR)
def withdraw(request: MemberRequest, pk: int) -> HttpResponse:
    """Destroy the file before its time."""
    export = get_object_or_404(Export, account=request.account, pk=pk)
    exporting.withdraw(export=export, now=now(), actor=actor(request))
    messages.success(request, "The file is gone. Nobody can fetch it any more.")
    return redirect_to(request, "contacts:exports")


def _said(whom: Whom, names: Names) -> str:
    if whom.selected:
        return f"{len(whom.selected):,} selected contacts"
    return chips.in_words(filters.parse(QueryDict(whom.query)), names)
