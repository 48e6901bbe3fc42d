"""Sharing a hosted form, how it does, its earlier versions, and its settings."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, member_required, role_required
from accounts.models import Role
from contacts.forms.hosted import SignUpForm
from contacts.hosted import blueprint as blueprints
from contacts.models import Form, FormVersion, List
from contacts.services.hosted import form_counting, form_keeping
from contacts.views.forms import address_of
from contacts.views.pages import show
from emailconcert.shell import charts


@dataclass(frozen=True)
class VersionRow:
    """One version, with its words and what was agreed to by it."""

    row: FormVersion
    title: str
    asked: str
    wordings: list[str]


@require_safe
@member_required
def share(request: MemberRequest, pk: int) -> HttpResponse:
    """Show the three ways to use a form, to be copied."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    online = form_keeping.online(account_id=request.account.pk, form_id=pk)
    context = {"hosted": hosted, "tabs": tabs_of(hosted), "online": online, "address": address_of(hosted)}
    if online is not None:
        language = online.blueprint.languages[0]
        form = SignUpForm(
            blueprint=online.blueprint, lists=online.lists, language=language, auto_id=f"{hosted.slug}-%s"
        )
        shared = {**context, "form": form, "page": online.blueprint, "language": language}
        shared |= {
            "title": online.blueprint.text("title", language),
            "press": online.blueprint.text("button", language),
        }
        shared["script"] = settings.CONTENT_URL + static("build/embed.js").partition("?")[0]
        # Text to be copied, so plain strings: what a template renders counts as markup and would not be escaped again.
        context["frame"] = "".join(render_to_string("contacts/_snippet_frame.html", shared))
        context["plain"] = "".join(render_to_string("contacts/_snippet_plain.html", shared))
    return show(request, "form_share", context)


@require_safe
@member_required
def results(request: MemberRequest, pk: int) -> HttpResponse:
    """Show how often a form was seen, sent in and confirmed."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    days = form_counting.days_of(form_id=pk, now=now())
    total = form_counting.figures_by_form(request.account.pk).get(pk, form_counting.Figures())
    labels = [f"{day.day} {day:%b}" for day, _ in days]
    chart = charts.Timeline(
        title="Confirmed, last 30 days",
        labels=labels,
        people=[each.confirmations for _, each in days],
        unit="confirmed",
    )
    steps = [
        ("Seen", max(total.views, total.submissions)),
        ("Sent in", total.submissions),
        ("Confirmed", total.confirmations),
    ]
    context = {"hosted": hosted, "tabs": tabs_of(hosted), "total": total, "chart": chart, "days": reversed(days)}
    context["funnel"] = charts.Funnel("From seen to confirmed", steps)
    return show(request, "form_results", context)


@require_safe
@member_required
def versions(request: MemberRequest, pk: int) -> HttpResponse:
    """Show what people saw and agreed to, version by version."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    rows = []
    for row in FormVersion.objects.filter(account=request.account, form=hosted).order_by("-number")[:100]:
        page = blueprints.from_json(row.blueprint)
        language = page.languages[0]
        asked = [page.text("label:email", language), *(page.label(each, language) for each in page.questions)]
        wordings = [text for code in page.languages for text in page.wordings(code).values()]
        rows.append(VersionRow(row, page.text("title", language), ", ".join(asked), list(dict.fromkeys(wordings))))
    return show(request, "form_versions", {"hosted": hosted, "tabs": tabs_of(hosted), "rows": rows})


@require_safe
@role_required(Role.EDITOR)
def settings_page(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a form's name and whether it is online, and the way to copy or delete it."""
    hosted = get_object_or_404(Form, account=request.account, pk=pk)
    has_lists = List.objects.filter(account=request.account).exists()
    context = {"hosted": hosted, "tabs": tabs_of(hosted), "address": address_of(hosted), "has_lists": has_lists}
    return show(request, "form_settings", context)


def tabs_of(hosted: Form) -> list[tuple[str, str]]:
    """Return the pages of one form."""
    names = {"Build": "form-edit", "Share": "form-share", "Results": "form-results", "Versions": "form-versions"}
    names["Settings"] = "form-settings"
    return [(label, reverse(f"contacts:{name}", args=[hosted.pk])) for label, name in names.items()]
