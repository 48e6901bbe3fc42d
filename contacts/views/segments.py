"""Segments: the list, and the page on which conditions are put together."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, member_required, role_required
from accounts.models import Role
from contacts import conditions
from contacts.conditions import BadSegment, TooSlow, Vocabulary
from contacts.conditions.tree import MATCHES
from contacts.forms import segments as building
from contacts.models import Segment
from contacts.services.segments import segmenting, suggesting
from contacts.views.pages import show
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import is_htmx, redirect_to

_STALE = timedelta(hours=1)
_EXAMPLES = 10


@require_safe
@member_required
def segments(request: MemberRequest) -> HttpResponse:
    """Show the account's segments, each with its words, its last count and what uses it."""
    vocabulary = Vocabulary(account_id=request.account.pk, now=now())
    found = list(Segment.objects.filter(account=request.account).order_by("name"))
    used = segmenting.uses(account_id=request.account.pk, segment_ids=[each.pk for each in found])
    rows = [
        {
            "segment": each,
            "words": conditions.describe(each.definition, vocabulary=vocabulary),
            "uses": used[each.pk],
            "is_stale": each.counted_at is None or each.counted_at < now() - _STALE,
        }
        for each in found
    ]
    return show(request, "segments", {"rows": rows, "suggestions": suggesting.SUGGESTIONS})


@require_http_methods(["GET", "POST"])
@role_required(Role.EDITOR)
def build(request: MemberRequest, pk: int | None = None) -> HttpResponse:
    """Put a segment together: every button redraws the form with what was typed, `do=save` keeps it."""
    segment = get_object_or_404(Segment, account=request.account, pk=pk) if pk else _new(request)
    do = request.POST.get("do", "")
    tree = building.read_tree(request.POST) if request.method == "POST" else segment.definition or _empty()
    name = request.POST.get("name", segment.name)[:100]
    error: ExpectedError | None = None
    if do == "save":
        try:
            segmenting.save_segment(segment=segment, name=name, definition=tree, now=now(), actor=actor(request))
            messages.success(request, "The segment was saved.")
            return redirect_to(request, "contacts:segments")
        except ExpectedError as problem:
            error = problem
    new = building.change_tree(tree, do)
    context = {"segment": segment, "name": name, **_builder(request, tree, error=error, new=new)}
    return show(request, "segment", context, part="builder", status=422 if error else None)


@require_POST
@role_required(Role.EDITOR)
def count(request: MemberRequest) -> HttpResponse:
    """Show how many the form as it stands would hold, exactly, and some of them."""
    tree = building.read_tree(request.POST)
    if is_htmx(request):
        return show(request, "segment", _people(request, tree), part="people")
    context = {"segment": _new(request), "name": request.POST.get("name", "")[:100]}
    return show(request, "segment", {**context, **_builder(request, tree, error=None, new="")})


@require_POST
@member_required
def count_again(request: MemberRequest, pk: int) -> HttpResponse:
    """Count a saved segment anew."""
    segment = get_object_or_404(Segment, account=request.account, pk=pk)
    problem = ""
    try:
        segmenting.count_segment(segment=segment, now=now())
    except ExpectedError as error:
        problem = str(error)
    if not is_htmx(request):
        return redirect_to(request, "contacts:segments")
    return show(request, "segments", {"row": {"segment": segment, "problem": problem}}, part="people")


@require_POST
@role_required(Role.EDITOR)
def duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    """Make another of the same conditions, and open it."""
    segment = get_object_or_404(Segment, account=request.account, pk=pk)
    copy = segmenting.duplicate_segment(segment=segment, now=now(), actor=actor(request))
    return redirect_to(request, "contacts:segment", pk=copy.pk)


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a segment that nothing still to be sent relies on."""
    segment = get_object_or_404(Segment, account=request.account, pk=pk)
    try:
        segmenting.delete_segment(segment=segment, now=now(), actor=actor(request))
        messages.success(request, f"The segment “{segment.name}” was deleted. Its people are still there.")
    except segmenting.InUse as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:segments")


def _new(request: MemberRequest) -> Segment:
    suggestion = suggesting.find_suggestion(request.GET.get("from", ""))
    if suggestion is None:
        return Segment(account=request.account)
    return Segment(account=request.account, name=suggestion.name, definition=suggestion.definition)


def _empty() -> dict[str, Any]:
    return {"match": "all", "rules": [{}]}


def _builder(request: MemberRequest, tree: dict[str, Any], *, error: ExpectedError | None, new: str) -> dict[str, Any]:
    """Return what the page draws. With htmx the planner's estimate stands there until the count has come."""
    vocabulary = Vocabulary(account_id=request.account.pk, now=now())
    problem = error if isinstance(error, BadSegment) else None
    context = {
        "root": building.draw(tree, vocabulary, problem=problem, new=new),
        "groups": vocabulary.groups(),
        "matches": MATCHES,
        "error": str(error) if error else "",
    }
    if request.method == "POST" and not is_htmx(request):
        return {**context, **_people(request, tree, vocabulary)}
    try:
        about = conditions.estimate(tree, account_id=request.account.pk, now=now(), vocabulary=vocabulary)
    except BadSegment as unfinished:
        return {**context, "hint": str(unfinished)}
    return {**context, "about": about, "words": conditions.describe(tree, vocabulary=vocabulary)}


def _people(request: MemberRequest, tree: dict[str, Any], vocabulary: Vocabulary | None = None) -> dict[str, Any]:
    vocabulary = vocabulary or Vocabulary(account_id=request.account.pk, now=now())
    asked: dict[str, Any] = {"account_id": request.account.pk, "now": now(), "vocabulary": vocabulary}
    try:
        people = conditions.count(tree, **asked)
        examples = conditions.sample(tree, limit=_EXAMPLES, **asked)
    except (BadSegment, TooSlow) as error:
        return {"hint": str(error)}
    words = conditions.describe(tree, vocabulary=vocabulary)
    return {"people": people, "examples": examples, "words": words}
