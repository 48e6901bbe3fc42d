"""What relies on a field of the account's own: segments keep it, forms and saved views go on without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import QueryDict

from accounts.services.auditing import SYSTEM, Actor
from contacts.fields import FIELD
from contacts.models import CustomField, Form, SavedView, Segment
from contacts.services.hosted import question_dropping
from contacts.table.filters import VALUE


@dataclass(frozen=True)
class Uses:
    """What names the field, each by name."""

    segments: Sequence[Segment]
    forms: Sequence[Form]
    views: Sequence["ViewUse"]


@dataclass(frozen=True)
class ViewUse:
    """A saved view with the field among its columns, or that filters by it."""

    view: SavedView
    filters: bool


def uses_of(row: CustomField) -> Uses:
    """Return what relies on a field."""
    name = f"{FIELD}{row.key}"
    return Uses(
        segments_asking(account_id=row.account_id, name=name),
        question_dropping.forms_asking(account_id=row.account_id, name=name),
        _views(row.account_id, name),
    )


def segments_asking(*, account_id: int, name: str) -> list[Segment]:
    """Return the segments that ask for a field."""
    segments = Segment.objects.filter(account_id=account_id).order_by("name")
    return [each for each in segments if _mentions(each.definition, name)]


def take_out(row: CustomField, *, now: datetime, actor: Actor = SYSTEM) -> None:
    """Take a field that goes out of forms, and out of the columns and filters of saved views."""
    name = f"{FIELD}{row.key}"
    for view in (each.view for each in _views(row.account_id, name)):
        view.columns = [each for each in view.columns if each != name]
        query = QueryDict(view.query, mutable=True)
        query.pop(VALUE + name, None)
        view.query = query.urlencode(safe=":")
        view.save(update_fields=["columns", "query"])
    question_dropping.drop_question(account_id=row.account_id, name=name, now=now, actor=actor)


def _views(account_id: int, name: str) -> list[ViewUse]:
    likely = Q(columns__contains=[name]) | Q(query__contains=VALUE)
    found = SavedView.objects.filter(likely, account_id=account_id).order_by("name")
    uses = [ViewUse(each, VALUE + name in QueryDict(each.query)) for each in found]
    return [each for each in uses if each.filters or name in each.view.columns]


def _mentions(tree: Any, name: str) -> bool:
    if isinstance(tree, dict):
        return any(_mentions(each, name) for each in tree.values())
    if isinstance(tree, list):
        return any(_mentions(each, name) for each in tree)
    return bool(tree == name)
