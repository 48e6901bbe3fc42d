"""The page of the visual editor: what it opens, and what its panels offer."""

from typing import Any

from csp.constants import SELF
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import MemberRequest
from campaigns import queries
from campaigns.forms import ContentForm
from contacts.models import CustomField
from delivery.content import visual
from delivery.content.problems import CannotCompile

_STANDARD = (
    ("first_name", "First name", "text"),
    ("last_name", "Last name", "text"),
    ("country", "Country", "text"),
    ("language", "Language", "text"),
    ("gender", "Gender", "text"),
    ("phone", "Phone number", "text"),
    ("date_of_birth", "Date of birth", "text"),
)
_FONTS = (
    ("", "As the mail"),
    ("Arial, Helvetica, sans-serif", "Arial"),
    ("Verdana, Geneva, sans-serif", "Verdana"),
    ("Tahoma, Geneva, sans-serif", "Tahoma"),
    ("'Trebuchet MS', Helvetica, sans-serif", "Trebuchet"),
    ("Georgia, 'Times New Roman', serif", "Georgia"),
    ("'Times New Roman', Times, serif", "Times"),
    ("'Courier New', Courier, monospace", "Courier"),
)
_COLOURS = ("#ffffff", "#f4f5f7", "#1b2029", "#565f70", "#2f55d4", "#1a7345", "#b92c28")
_BLUE = "#2f55d4"


def show(request: MemberRequest, context: dict[str, Any], form: ContentForm) -> HttpResponse:
    """Answer with the page; where the source can't be drawn, with why, and with another way of writing."""
    brand = request.account.brand_colour
    given = form["source"].value() or ""
    try:
        context["document"] = visual.opened(given)
    except CannotCompile as error:
        context["refused"] = error.problems
    context |= {
        "colour": brand or _BLUE,
        "swatches": list(dict.fromkeys([brand, *_COLOURS] if brand else _COLOURS)),
        "fonts": _FONTS,
        "fields": [*_STANDARD, *_own(queries.own_fields(request.account))],
    }
    response = render(request, "campaigns/visual.html", context, status=422 if form.errors else 200)
    # What is drawn carries its styles in itself, and its pictures lie anywhere; scripts stay as strict as everywhere.
    response._csp_replace = {  # type: ignore[attr-defined]  # django-csp's
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:", "https:", settings.CONTENT_URL],
    }
    return response


def _own(fields: list[CustomField]) -> list[tuple[str, str, str]]:
    return [(each.key, each.label, each.type) for each in fields]
