"""Tags around content: page header, card, alert, modal, menus, progress and the like."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.safestring import SafeString

from emailconcert.shell.markup import attributes, component

register = template.Library()


@register.simple_block_tag(end_name="endpage_header")
def page_header(content: str, title: str, lead: str = "", back: str = "", back_label: str = "Back") -> SafeString:
    """Render the head of a page; the content is its buttons (one primary)."""
    return component(
        "page_header", content=SafeString(content.strip()), title=title, lead=lead, back=back, back_label=back_label
    )


@register.simple_block_tag(end_name="endcard")
def card(content: str, title: str = "", lead: str = "", flush: bool = False, **attrs: Any) -> SafeString:
    """Render a panel; `flush=True` for a table or list that reaches its edges."""
    return component("card", content=content, title=title, lead=lead, flush=flush, attrs=attributes(attrs))


@register.simple_block_tag(end_name="endalert")
def alert(content: str, tone: str = "info", title: str = "") -> SafeString:
    """Render a notice in the page; `tone` is info, success, warning or danger."""
    return component("alert", content=content, tone=tone, title=title)


@register.simple_block_tag(end_name="endempty")
def empty(content: str, icon: str, title: str, text: str = "") -> SafeString:
    """Render what an empty page says: why, and one button (the content)."""
    return component("empty", content=SafeString(content.strip()), icon=icon, title=title, text=text)


@register.simple_block_tag(end_name="endmodal")
def modal(content: str, id: str, title: str, open: bool = False) -> SafeString:
    """Render a native dialog, opened by `{% button … opens="id" href="/page/without/script/" %}`."""
    return component("modal", content=content, id=id, title=title, open=open)


@register.simple_block_tag(end_name="enddropdown")
def dropdown(content: str, label: str, icon: str = "", kind: str = "secondary", quiet: bool = False) -> SafeString:
    """Render a menu of links and one-button forms; `quiet=True` shows only the icon and speaks the label."""
    return component("dropdown", content=content, label=label, icon=icon, kind=kind, quiet=quiet)


@register.simple_tag
def button(label: str, href: str = "", kind: str = "secondary", icon: str = "", **attrs: Any) -> SafeString:
    """Render a button, or with `href` a link that looks like one; see the README for `kind`, `size`, `opens`, `hidden_label`."""
    size, opens = attrs.pop("size", ""), attrs.pop("opens", "")
    if attrs.pop("hidden_label", False):
        attrs["aria_label"] = attrs["title"] = label
        label = ""
    if opens:
        attrs["data_opens"] = opens
    kind_of_button = attrs.pop("type", "button" if opens else "submit")
    return component(
        "button",
        label=label,
        href=href,
        kind=kind,
        icon=icon,
        size=size,
        type=kind_of_button,
        attrs=attributes(attrs),
    )


@register.inclusion_tag("components/stepper.html")
def stepper(steps: Sequence[Any], current: int = 1) -> dict[str, Any]:
    """Render steps of a flow: labels, or (label, url) pairs; `current` counts from 1."""
    return {
        "steps": [
            {
                "number": number,
                "label": step if isinstance(step, str) else step[0],
                "url": "" if isinstance(step, str) or number >= current else step[1],
                "state": "done" if number < current else "current" if number == current else "todo",
            }
            for number, step in enumerate(steps, start=1)
        ]
    }


@register.inclusion_tag("components/tabs.html", takes_context=True)
def tabs(context: template.Context, items: Sequence[Any], label: str = "Sections") -> dict[str, Any]:
    """Tabs for sibling pages: (label, url) or (label, url, count) each; the current one is found by the path."""
    path = context["request"].path
    return {
        "label": label,
        "items": [
            {
                "label": item[0],
                "url": item[1],
                "count": item[2] if len(item) > 2 else None,
                "is_current": str(item[1]).split("?")[0] == path,
            }
            for item in items
        ],
    }


@register.inclusion_tag("components/stat.html")
def stat(label: str, value: float | str | None, **options: Any) -> dict[str, Any]:
    """One figure; options: `base` (the whole), `of` (its unit), `note`, `help`, `href`, `tone`, `trend` (numbers)."""
    return {"label": label, "value": value, "options": options}


@register.inclusion_tag("components/progress.html")
def progress(value: int, total: int, label: str = "", **options: Any) -> dict[str, Any]:
    """Render a bar with count and total; options: `note` ("120 a second, 2 minutes left"), `poll` (URL), `every` (seconds)."""
    return {"value": value, "total": total, "label": label, "every": options.pop("every", 2), **options}


@register.inclusion_tag("components/skeleton.html")
def skeleton(lines: int = 3) -> dict[str, Any]:
    """Grey bars of the coming content's height."""
    return {"lines": range(lines)}


@register.inclusion_tag("components/copy.html")
def copy_button(text: str, label: str = "Copy", show: bool = True) -> dict[str, Any]:
    """Render a value to take along: shown in a field (works by hand without script) with a Copy button beside it."""
    return {"text": text, "label": label, "show": show}


@register.inclusion_tag("components/strength.html")
def strength_meter(input_id: str) -> dict[str, Any]:
    """Render the strength meter of a password field with this id; hidden without script."""
    return {"input_id": input_id}


@register.inclusion_tag("components/definitions.html")
def definitions(rows: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Render a definition list of (term, value) pairs."""
    return {"rows": rows}
