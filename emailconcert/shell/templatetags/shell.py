"""All tags of the design system: `{% load shell %}`; templates/components/README.md shows how each is used."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import lucide
from django import template
from django.contrib.messages.storage.base import Message
from django.template.context import RequestContext
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from emailconcert.shell import nav, numbers, toasts
from emailconcert.shell.states import tone_of
from emailconcert.shell.templatetags import shell_blocks, shell_charts, shell_forms, shell_tables

register = template.Library()

for _library in (shell_blocks, shell_charts, shell_forms, shell_tables):
    register.tags.update(_library.register.tags)
    register.filters.update(_library.register.filters)


@register.simple_tag
@lru_cache(maxsize=2048)
def icon(name: str, size: int = 18, label: str = "") -> SafeString:
    """Render a Lucide icon; without `label` it is decoration. Each is drawn once."""
    spoken = {"role": "img", "aria_label": label} if label else {"aria_hidden": "true"}
    # Trusted: the drawing comes from the icon package, and attributes are escaped by its XML writer.
    return mark_safe(lucide._render_icon(str(name), size, **{"class": "ec-icon", "focusable": "false"}, **spoken))  # noqa: S308


@register.simple_tag
def num(value: float | Decimal | None, unit: str = "") -> SafeString:
    """Render a number with thousands separated and, if given, its unit."""
    text = numbers.format_number(value)
    return format_html('<span class="ec-num">{}</span>', f"{text} {unit}" if unit else text)


@register.simple_tag
def rate(part: float, base: float, of: str = "") -> SafeString:
    """Render a share with its base: "3.1 % of 4,210 delivered"."""
    percent, whole = numbers.format_percent(part, base), numbers.format_number(base)
    return format_html(
        '<span class="ec-num">{}</span> <span class="ec-base">of {}</span>', percent, f"{whole} {of}" if of else whole
    )


@register.simple_tag
def percent(part: float, base: float) -> str:
    """Render a share without its base, for places where the base stands in the heading."""
    return numbers.format_percent(part, base)


@register.simple_tag
def ago(value: datetime | None, empty: str = "Never") -> SafeString:
    """Render a relative time; the exact date, time and zone on hover and for machines."""
    if value is None:
        return format_html('<span class="ec-quiet">{}</span>', empty)
    local = timezone.localtime(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        f"{local.day} {local:%B %Y, %H:%M} {local.tzname()}",
        numbers.format_relative(local, now=timezone.now()),
    )


@register.simple_tag
def when(value: datetime | None, empty: str = "–") -> SafeString:
    """Render an exact date and time with its zone."""
    if value is None:
        return format_html('<span class="ec-quiet">{}</span>', empty)
    local = timezone.localtime(value)
    text = f"{local.day} {local:%b %Y, %H:%M} {local.tzname()}"
    return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), text)


@register.inclusion_tag("components/badge.html")
def badge(label: str, tone: str = "neutral", icon: str = "") -> dict[str, Any]:
    """Render a pill; `tone` is neutral, info, success, warning, danger or accent."""
    return {"label": label, "tone": tone, "icon": icon}


@register.inclusion_tag("components/badge.html")
def state(value: str, label: str = "") -> dict[str, Any]:
    """Render the pill of a state word such as "sending"; tone and icon come from `emailconcert.shell.states`."""
    tone = tone_of(value)
    return {"label": label or str(value).replace("_", " ").capitalize(), "tone": tone.name, "icon": tone.icon}


@register.simple_tag(takes_context=True)
def shell_menus(context: RequestContext, site: nav.Site = "owner") -> dict[str, Any]:
    """Render what the shell shows around a page: places, profile menu, accounts, search and help."""
    request = context["request"]
    return {
        "places": nav.side_bar(request, site=site),
        "profile": nav.profile_menu(request),
        "accounts": nav.accounts(request),
        "search": nav.link("search"),
        "help": nav.link("help"),
    }


@register.filter
def undo_url(message: Message) -> str:
    """Where the Undo button of a message posts to, or an empty string."""
    return toasts.undo_url(message.extra_tags)


@register.filter
def message_tone(message: Message) -> str:
    """Return the tone of a message's level."""
    return {"error": "danger", "debug": "info"}.get(message.level_tag, message.level_tag) or "info"


@register.filter
def one_line(text: str) -> str:
    """Join the lines of a postal address: "12 Quay Street, Galway"."""
    return ", ".join(line.strip(" ,") for line in str(text).splitlines() if line.strip(" ,"))


@register.filter
def initials(name: str) -> str:
    """At most two letters for an avatar: "Alice Berg" is "AB"."""
    words = str(name).replace("@", " ").split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper() or "?"
