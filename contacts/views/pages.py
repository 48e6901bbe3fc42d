"""What the pages of this app share."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from accounts.access import MemberRequest, has_role
from accounts.models import Role
from contacts.table.filters import number
from emailconcert.lib.htmx import render_part

__all__ = ["number", "show"]

_SECTIONS = (
    ("People", "contacts:list"),
    ("Lists", "contacts:lists"),
    ("Segments", "contacts:segments"),
    ("Forms", "contacts:forms"),
    ("Imports", "contacts:imports"),
    ("Exports", "contacts:exports"),
    ("Tags", "contacts:tags"),
    ("Fields", "contacts:fields"),
    ("Never mailed", "contacts:suppressions"),
)


def show(
    request: MemberRequest,
    template: str,
    context: dict[str, Any],
    *,
    part: str = "results",
    status: int | None = None,
) -> HttpResponse:
    """Render a page of contacts, or for htmx its named part, with the sections beside it."""
    shared = {
        "sections": [(label, reverse(name)) for label, name in _SECTIONS],
        "may_edit": has_role(request.membership, Role.EDITOR),
    }
    return render_part(request, f"contacts/{template}.html", part, {**shared, **context}, status=status)
