"""Every component in every state at `/_components/`, in debug mode only."""

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from emailconcert.shell import charts, toasts

FRAMES = {
    "auth": "shell/frame_auth.html",
    "public": "shell/frame_public.html",
    "admin": "shell/frame_admin.html",
    **{str(code): f"{code}.html" for code in (400, 403, 404, 500)},
}
_DAYS = 28


class GalleryForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(max_length=80, help_text="Only you see it.")
    email = forms.EmailField(label="Email address")
    password = forms.CharField(widget=forms.PasswordInput, min_length=10, required=False)
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    zone = forms.ChoiceField(label="Time zone", choices=[("utc", "UTC"), ("berlin", "Europe/Berlin")])
    lists = forms.MultipleChoiceField(
        choices=[("n", "Newsletter"), ("p", "Product news")],
        widget=forms.CheckboxSelectMultiple,
        help_text="At least one.",
    )
    kind = forms.ChoiceField(label="Format", choices=[("html", "HTML"), ("md", "Markdown")], widget=forms.RadioSelect)
    agree = forms.BooleanField(label="I accept the terms", help_text="Version 3 of March 2026.")
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), required=False)
    rate = forms.IntegerField(label="Sending rate", min_value=1, required=False)
    file = forms.FileField(label="CSV file", required=False)


def _contacts() -> list[dict[str, object]]:
    now = timezone.now()
    names = ("Alice Berg", "Bob Okafor", "Zoë Müller-Lüdenscheidt", "José da Silva e Albuquerque")
    states = ("subscribed", "pending", "unsubscribed", "hard_bounced")
    return [
        {
            "id": index,
            "name": name,
            "email": f"{name.split()[0].lower()}@example.org",
            "state": states[index],
            "opens": 1204 // (index + 1),
            "added": now - timedelta(minutes=7) * 60**index if index < 3 else None,
        }
        for index, name in enumerate(names)
    ]


def _charts() -> dict[str, object]:
    people = [max(4, 420 - 34 * day + (day % 5) * 37) if day < 12 else 6 + day % 4 for day in range(_DAYS)]
    return {
        "timeline": charts.Timeline(
            title="Opens over four weeks",
            labels=[f"{day + 1} Mar" for day in range(_DAYS)],
            people=people,
            machines=[count // 3 + 9 for count in people],
            previous=[int(count * 0.8) + 12 for count in people],
            previous_label="February",
            unit="opens",
        ),
        "timeline_empty": charts.Timeline(title="Clicks", labels=[], people=[], unit="clicks"),
        "bars": charts.Bars(
            title="Most clicked links",
            unit="clicks",
            rows=[
                charts.Bar("example.org/spring-sale", 812, 140, "#"),
                charts.Bar("example.org/a/very/long/address/that/does/not/end/soon?with=parameters", 230, 61),
                charts.Bar("Read in the browser", 12, 0),
            ],
        ),
        "funnel": charts.Funnel(
            "From audience to click", [("Sent", 4210), ("Delivered", 4170), ("Opened", 1802), ("Clicked", 305)]
        ),
    }


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show the gallery; `?toasts=1` adds one toast of each tone."""
    _debug_only()
    if "toasts" in request.GET:
        toasts.done(request, "Contact deleted.", undo_url="/_components/act/")
        messages.info(request, "The import goes on while you are away.")
        messages.warning(request, "Two rows had no address and were left out.")
        messages.error(request, "The mail server refused the password. Nothing was sent.")
    invalid = GalleryForm({"name": "", "email": "not an address", "zone": "mars", "rate": "0"}, auto_id="bad_%s")
    invalid.is_valid()
    context = {
        "form": GalleryForm(),
        "invalid": invalid,
        "contacts": _contacts(),
        "now": timezone.now(),
        "tones": ["neutral", "info", "success", "warning", "danger", "accent"],
        "states": ["draft", "scheduled", "sending", "sent", "paused", "failed", "unconfirmed", "cancelled"],
        "steps": [("Content", "#"), ("Audience", "#"), "Review", "Send"],
        "tabs": [("People", request.path, 4210), ("Lists", "#lists", 3), ("Segments", "#segments", None)],
        "rows": [
            ("From", "Alice Berg <alice@example.org>"),
            ("Subject", "Spring is here"),
            ("Audience", "4,210 people"),
        ],
        "trend": [3, 5, 4, 8, 12, 9, 14],
        **_charts(),
    }
    request.account = SimpleNamespace(name="Blumen Berg")  # type: ignore[attr-defined]  # a stand-in, not a tenant
    return render(request, "shell/gallery.html", context)


@require_safe
def frame(request: HttpRequest, frame: str) -> HttpResponse:
    """Show one of the other base templates or an error page."""
    _debug_only()
    if frame not in FRAMES:
        raise Http404
    brand = {
        "name": "Blumen Berg",
        "accent": request.GET.get("accent", "green"),
        "postal_address": "Hauptstr. 1, Berlin",
    }
    return render(request, FRAMES[frame], {"form": GalleryForm(), "brand": brand})


@require_safe
def part(request: HttpRequest) -> HttpResponse:
    """Answer the gallery's progress bar, which asks every two seconds."""
    _debug_only()
    done = min(4210, int(request.GET.get("done", "0")) + 400)
    return render(request, "shell/gallery_part.html", {"done": done, "poll": f"{request.path}?done={done}"})


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Take any form of the gallery and say that it came."""
    _debug_only()
    messages.success(request, "Done.")
    return redirect("shell:components")


def _debug_only() -> None:
    if not settings.DEBUG:
        raise Http404
