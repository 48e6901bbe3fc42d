"""Imports so far, and one of them: its check, its progress, its result, and undoing it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts.files import writing
from contacts.models import Import, List
from contacts.services.imports import importing
from contacts.views.import_steps import STEPS, wake
from contacts.views.pages import show
from emailconcert.lib.htmx import redirect_to

State = Import.State
_SHOWN_PROBLEMS = 10


@require_safe
@member_required
def imports(request: MemberRequest) -> HttpResponse:
    """Show the imports so far, newest first."""
    runs = list(Import.objects.filter(account=request.account).order_by("-pk")[:50])
    names = _list_names(request, {pk for run in runs for pk in run.list_ids})
    rows = [(run, ", ".join(names[pk] for pk in run.list_ids if pk in names)) for run in runs]
    return show(request, "imports", {"rows": rows})


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the step at which an import is."""
    run = get_object_or_404(Import, account=request.account, pk=pk)
    if run.state == State.UPLOADED:
        step = "contacts:import-terms" if run.mapping and not run.error else "contacts:import-columns"
        return redirect_to(request, step, pk=pk)
    lists = ", ".join(_list_names(request, set(run.list_ids)).values())
    context = {"run": run, "lists": lists, "steps": STEPS}
    if run.state in {State.CHECKING, State.CHECKED}:
        return show(request, "import_check", {**context, **_check(run)}, part="progress")
    return show(request, "import_detail", {**context, **_progress(run)}, part="progress")


@require_POST
@role_required(Role.EDITOR)
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    """Hold an import."""
    return _act(request, pk, importing.pause_import, "Paused. What is in stays in.")


@require_POST
@role_required(Role.EDITOR)
def resume(request: MemberRequest, pk: int) -> HttpResponse:
    """Let a paused import go on."""
    return _act(request, pk, importing.resume_import, "It goes on where it was.")


@require_POST
@role_required(Role.EDITOR)
def cancel(request: MemberRequest, pk: int) -> HttpResponse:
    """Stop an import."""
    return _act(request, pk, importing.cancel_import, "Stopped. What is in stays in.")


@require_POST
@role_required(Role.EDITOR)
def undo(request: MemberRequest, pk: int) -> HttpResponse:
    """Take back what an import did."""
    return _act(request, pk, importing.undo_import, "The import is being undone.")


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


def _act(request: MemberRequest, pk: int, action: Callable[..., None], done: str) -> HttpResponse:
    run = get_object_or_404(Import, account=request.account, pk=pk)
    try:
        action(run=run, now=now(), actor=actor(request))
        wake(run)
        messages.success(request, done)
    except importing.NotWaiting as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:import-detail", pk=pk)


def _list_names(request: MemberRequest, ids: set[int]) -> dict[int, str]:
    rows = List.objects.filter(account=request.account, pk__in=ids).order_by("name") if ids else List.objects.none()
    return dict(rows.values_list("pk", "name"))


def _check(run: Import) -> dict[str, Any]:
    checked = run.checked
    new, known = checked.get("new", 0), checked.get("known", 0)
    kept_out = checked.get("kept_out", 0) + checked.get("aside", 0)
    counts = [
        ("New", new, "They will be added"),
        ("Known already", known, _KNOWN_NOTES[run.known]),
        ("Twice in the file", checked.get("twice", 0), "One row of an address counts"),
        ("Kept out", kept_out, "People who said no or never agreed, or whose mail came back"),
        ("Opted out there", checked.get("opted_out", 0), "The file says so: they are never mailed"),
        ("Refused", checked.get("refused", 0), "Rows that cannot be read as a contact"),
    ]
    return {
        "counts": counts,
        "is_open": run.state == State.CHECKING,
        "position": checked.get("position", 0),
        "taken": new + known,
        "start_label": f"Import {new + known:,} {'person' if new + known == 1 else 'people'}"
        if new + known
        else "Take over the opt-outs",
        "opted_out": checked.get("opted_out", 0),
        "refused": checked.get("refused", 0),
        "problems": list(importing.refusals(run)[:_SHOWN_PROBLEMS]) if run.state == State.CHECKED else [],  # type: ignore[index]
    }


def _progress(run: Import) -> dict[str, Any]:
    counts = [
        ("Added", run.rows_added, ""),
        ("Changed", run.rows_changed, ""),
        ("Unchanged", run.rows_unchanged, "They were known with the same values"),
        ("Twice in the file", run.rows_duplicate, "One row of an address counts"),
        ("Kept out", run.rows_kept_out, "People who said no or never agreed, or whose mail came back"),
        ("Refused", run.rows_refused, "Rows that could not be read as a contact"),
    ]
    if run.rows_opted_out:  # six stand in a row
        counts[1:3] = [("Changed", run.rows_changed, f"{run.rows_unchanged:,} more were known with the same values")]
        counts.insert(4, ("Opted out there", run.rows_opted_out, "The file says so: they are never mailed"))
    is_open = run.state in {State.QUEUED, State.RUNNING}
    seconds = (now() - run.started_at).total_seconds() if run.started_at else 0
    rate = f"{run.position / seconds:,.0f} rows a second" if is_open and seconds > 1 and run.position else ""
    return {
        "counts": counts,
        "is_open": is_open,
        "is_busy": is_open or run.state == State.UNDOING,
        "rate": rate,
        "can_undo": importing.can_undo(run, now=now()),
        "undo_until": run.finished_at + importing.UNDO_FOR if run.finished_at else None,
        "undone": run.rows_removed + run.rows_restored + run.rows_left,
        "to_undo": run.rows_added + run.rows_changed,
    }


_KNOWN_NOTES: dict[str, str] = {
    Import.Known.FILL: "What is empty is filled in",
    Import.Known.OVERWRITE: "Their values are overwritten",
    Import.Known.SKIP: "Their values stay as they are",
}
