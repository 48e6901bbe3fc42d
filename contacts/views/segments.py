"""Segments: the list, and one page on which conditions are put together."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import conditions
from contacts.conditions import BadSegment
from contacts.models import Segment
from contacts.services import segmenting
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to

MATCHES = (("all", "All of these"), ("any", "Any of these"), ("none", "None of these"))
_ROWS = 12


@require_safe
@member_required
def segments(request: MemberRequest) -> HttpResponse:
    """Show the account's segments."""
    rows = []
    for segment in Segment.objects.filter(account=request.account).order_by("name"):
        people, problem = _count(request, segment.definition)
        rows.append((segment, conditions.describe(segment.definition), people, problem))
    return show(request, "segments", {"rows": rows})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def build(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """Put a segment together; every change shows how many people it holds, `action=save` keeps it."""
    segment = get_object_or_404(Segment, account=request.account, pk=pk) if pk else Segment(account=request.account)
    tree = _tree(request.POST) if request.method == "POST" else segment.definition
    name = request.POST.get("name", segment.name).strip()[:100]
    error = ""
    if request.POST.get("action") == "save":
        try:
            _save(request, segment, name, tree)
            messages.success(request, "The segment was saved.")
            return redirect_to(request, "contacts:segments")
        except ExpectedError as problem:
            error = str(problem)
    context = {"segment": segment, "name": name, "error": error, **_builder(request, tree)}
    return show(request, "segment", context, part="builder", status=422 if error else None)


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a segment."""
    segment = get_object_or_404(Segment, account=request.account, pk=pk)
    segmenting.delete_segment(segment=segment, now=now(), actor=actor(request))
    messages.success(request, f"The segment “{segment.name}” was deleted.")
    return redirect_to(request, "contacts:segments")


def _save(request: MemberRequest, segment: Segment, name: str, tree: Mapping[str, Any]) -> None:
    if not name:
        raise BadSegment("Give the segment a name.")
    segmenting.save_segment(segment=segment, name=name, definition=tree, now=now(), actor=actor(request))


def _tree(posted: Mapping[str, str]) -> dict[str, Any]:
    rules = []
    for row in range(_ROWS):
        chosen = posted.get(f"{row}-condition", "")
        condition = next((each for each in conditions.all_conditions() if each.name == chosen), None)
        if condition is not None:
            values = {each.name: posted.get(f"{row}-{each.name}", "")[:200] for each in condition.parameters}
            rules.append({"condition": condition.name, "values": values})
    return {"match": posted.get("match", "all"), "rules": rules}


def _builder(request: MemberRequest, tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page draws: a row for each rule and one more, with the fields that its condition asks for."""
    rows: list[dict[str, Any]] = []
    for rule in [*tree.get("rules", ()), {}][:_ROWS]:
        condition = next((each for each in conditions.all_conditions() if each.name == rule.get("condition")), None)
        values = rule.get("values", {})
        fields = [
            {"parameter": each, "value": values.get(each.name, ""), "choices": each.choices() if each.choices else None}
            for each in (condition.parameters if condition else ())
        ]
        rows.append({"condition": rule.get("condition", ""), "fields": fields})
    people, problem = _count(request, tree) if tree.get("rules") else (None, "")
    return {
        "rules": rows,
        "match": tree.get("match", "all"),
        "matches": MATCHES,
        "conditions": conditions.all_conditions(),
        "people": people,
        "problem": problem,
        "sample": [] if people is None else conditions.sample(tree, account_id=request.account.pk, now=now(), limit=5),
    }


def _count(request: MemberRequest, tree: Mapping[str, Any]) -> tuple[int | None, str]:
    try:
        return conditions.count(tree, account_id=request.account.pk, now=now()), ""
    except BadSegment as error:
        return None, str(error)
