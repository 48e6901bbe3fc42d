"""Imports: upload, match the columns, watch, look at the result."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import tasks
from contacts.files import writing
from contacts.files.reading import CannotRead
from contacts.forms.imports import MappingForm, UploadForm
from contacts.models import Import
from contacts.services import importing
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to

STEPS = ("Upload", "Match columns", "Import")


@require_http_methods(["GET", "POST"])
@member_required
def imports(request: MemberRequest) -> HttpResponse:
    """Show the imports so far, newest first."""
    runs = Import.objects.filter(account=request.account).select_related("list").order_by("-pk")[:50]
    return show(request, "imports", {"runs": runs})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def upload(request: MemberRequest) -> HttpResponse:
    """Take a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = importing.start_import(
                account_id=request.account.pk, file=file, file_name=file.name, user_id=request.user.pk, now=now()
            )
            return redirect_to(request, "contacts:import-detail", pk=run.pk)
        except ExpectedError as error:
            form.add_error("file", str(error))
    context = {"form": form, "steps": STEPS}
    return show(request, "import_upload", context, part="form", status=422 if form.errors else None)


@require_http_methods(["GET", "POST"])
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the step at which an import is."""
    run = get_object_or_404(Import.objects.select_related("list"), account=request.account, pk=pk)
    if run.state == Import.State.UPLOADED:
        return match(request, pk=pk)  # type: ignore[return-value]  # a page, not a stream
    return show(request, "import_detail", _progress(run), part="progress")


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def match(request: MemberRequest, pk: int) -> HttpResponse:
    """Match columns to fields, say why they may be written to, and start."""
    run = get_object_or_404(Import, account=request.account, pk=pk, state=Import.State.UPLOADED)
    try:
        columns = importing.preview(run)
    except (importing.FileGone, CannotRead) as error:
        importing.end_import(run, Import.State.FAILED, now=now(), error=str(error))
        return redirect_to(request, "contacts:import-detail", pk=pk)
    form = MappingForm(request.POST or None, account=request.account, columns=columns)
    if form.is_valid():
        try:
            importing.queue_import(
                run=run,
                mapping=form.mapping(),
                list=form.cleaned_data["list"],
                known=form.cleaned_data["known"],
                consent_wording=form.cleaned_data["consent_wording"],
                now=now(),
                actor=actor(request),
            )
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            ids = {"account_id": request.account.pk, "import_id": run.pk}
            # The scheduler wakes it too: a broker that is away delays it and loses nothing.
            transaction.on_commit(lambda: tasks.run_import.delay(**ids), robust=True)
            return redirect_to(request, "contacts:import-detail", pk=pk)
    context = {"form": form, "run": run, "steps": STEPS}
    return show(request, "import_match", context, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """Stop an import."""
    run = get_object_or_404(Import, account=request.account, pk=pk)
    try:
        importing.cancel_import(run=run, now=now(), actor=actor(request))
        messages.success(request, "Stopped. What is in stays in.")
    except importing.NotWaiting as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:import-detail", pk=pk)


@require_safe
@role_required(Role.EDITOR)
def refused(request: MemberRequest, pk: int) -> HttpResponseBase:
    """Download the refused rows with their reasons."""
    run = get_object_or_404(Import, account=request.account, pk=pk)
    # Read here: the scope ends before a stream is sent.
    rows = list(importing.refusals(run))
    lines = writing.lines([("Line", "Row", "Reason"), *rows])
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="refused-{run.pk}.csv"'
    return answer


def _progress(run: Import) -> dict[str, Any]:
    counts = [
        ("Added", run.rows_added, ""),
        ("Changed", run.rows_changed, ""),
        ("Unchanged", run.rows_unchanged, "They were known with the same values"),
        ("Twice in the file", run.rows_duplicate, "The first row of an address counts"),
        ("Kept out", run.rows_kept_out, "People who said no, or whose mail came back"),
        ("Refused", run.rows_refused, "Rows that could not be read as a contact"),
    ]
    is_open = run.state in {Import.State.QUEUED, Import.State.RUNNING}
    seconds = (now() - run.started_at).total_seconds() if run.started_at else 0
    rate = f"{run.position / seconds:,.0f} rows a second" if is_open and seconds > 1 and run.position else ""
    return {"run": run, "counts": counts, "is_open": is_open, "steps": STEPS, "rate": rate}
