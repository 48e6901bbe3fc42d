"""The steps of bringing a file in: upload, match the columns, say on which terms, start."""

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from contacts import tasks
from contacts.files.reading import CannotRead
from contacts.forms.imports import ColumnsForm, HowForm, TermsForm, UploadForm
from contacts.models import Import
from contacts.services.imports import import_files, importing
from contacts.services.imports.import_files import FileGone, Preview
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to

STEPS = ("Upload", "Columns", "Permission", "Check", "Import")


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
            return redirect_to(request, "contacts:import-columns", pk=run.pk)
        except ExpectedError as error:
            form.add_error("file", str(error))
    context = {"form": form, "steps": STEPS}
    return show(request, "import_upload", context, part="form", status=422 if form.errors else None)


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def match(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the columns as the file is read, and take what goes where."""
    run = _open(request, pk)
    is_final = request.method == "POST" and "preview" not in request.POST
    said = request.POST if request.method == "POST" else request.GET
    how_form = HowForm(said if "day_first" in said else None, run=run)
    try:
        preview = _preview(run, how_form)
    except (FileGone, CannotRead) as error:
        importing.end_import(run, Import.State.FAILED, now=now(), error=str(error))
        return redirect_to(request, "contacts:import-detail", pk=pk)
    chosen = run.mapping if preview.how == import_files.How.of(run) else {}
    data = request.POST if is_final else None
    form = ColumnsForm(data, account=request.account, preview=preview, chosen=chosen)
    if is_final and form.is_valid() and how_form.is_valid():
        try:
            importing.choose_columns(run=run, mapping=form.mapping(), how=preview.how, now=now())
            return redirect_to(request, "contacts:import-terms", pk=pk)
        except ExpectedError as error:
            form.add_error(None, str(error))
    context = {"form": form, "how": how_form, "preview": preview, "run": run, "steps": STEPS}
    return show(request, "import_match", context, part="form", status=422 if form.errors else None)


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def terms(request: MemberRequest, pk: int) -> HttpResponse:
    """Say why they may be written to, and what becomes of them; then the file is checked."""
    run = _open(request, pk)
    if not run.mapping:
        return redirect_to(request, "contacts:import-columns", pk=pk)
    form = TermsForm(request.POST or None, run=run)
    if form.is_valid():
        try:
            importing.set_terms(run=run, now=now(), **form.cleaned_data)
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            wake(run)
            return redirect_to(request, "contacts:import-detail", pk=pk)
    context: dict[str, Any] = {"form": form, "run": run, "steps": STEPS}
    return show(request, "import_terms", context, part="form", status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def start(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a checked import run."""
    run = get_object_or_404(Import, account=request.account, pk=pk, state=Import.State.CHECKED)
    importing.start_checked(run=run, now=now(), actor=actor(request))
    wake(run)
    return redirect_to(request, "contacts:import-detail", pk=pk)


def wake(run: Import) -> None:
    """Tell a worker. The scheduler does too: a broker that is away delays it and loses nothing."""
    ids = {"account_id": run.account_id, "import_id": run.pk}
    transaction.on_commit(lambda: tasks.run_import.delay(**ids), robust=True)


def _open(request: MemberRequest, pk: int) -> Import:
    """Return an import that has not been started."""
    return get_object_or_404(Import, account=request.account, pk=pk, state__in=importing.NOT_STARTED)


def _preview(run: Import, how_form: HowForm) -> Preview:
    """Return the file as it is to be read; as it was found to be where that gives no table."""
    try:
        return import_files.preview(run, how=how_form.how(run))
    except CannotRead as error:
        if not how_form.is_bound:
            raise
        how_form.add_error(None, str(error))
        return import_files.preview(run)
