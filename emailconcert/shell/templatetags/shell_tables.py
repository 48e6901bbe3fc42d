"""Lists: sort links, search, filter chips, paging by key, bulk actions. All are plain links and forms."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString

from emailconcert.shell import cards
from emailconcert.shell.markup import attributes, component

register = template.Library()

PAGING = ("after", "before", "page")


def _url_with(context: template.Context, **changes: str | None) -> str:
    """Return this page's address with some parameters changed (None removes) and paging started over."""
    query = context["request"].GET.copy()
    for name in PAGING:
        query.pop(name, None)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.inclusion_tag("components/th.html", takes_context=True)
def th(context: RequestContext, label: str, sort: str = "", number: bool = False, default: str = "") -> dict[str, Any]:
    """Render a column head; with `sort`, a link that sorts by `?sort=key` and then by `?sort=-key`; `default` is the page's own order."""
    if not sort:
        return {"label": label, "number": number}
    chosen = context["request"].GET.get("sort", default)
    order = {sort: "ascending", f"-{sort}": "descending"}.get(chosen, "")
    first = f"-{sort}" if number else sort
    following = first if not order else (sort if order == "descending" else f"-{sort}")
    return {"label": label, "number": number, "order": order, "url": _url_with(context, sort=following)}


@register.inclusion_tag("components/search_box.html", takes_context=True)
def search_box(context: RequestContext, label: str, name: str = "q", target: str = "") -> dict[str, Any]:
    """Render a search form over this list (GET `?q=`) that keeps filters; `target` (a CSS id) lets htmx swap while typing."""
    query = context["request"].GET
    kept = [(key, value) for key, values in query.lists() if key not in {name, *PAGING} for value in values]
    path = context["request"].path
    return {"label": label, "name": name, "value": query.get(name, ""), "kept": kept, "target": target, "path": path}


@register.inclusion_tag("components/chip.html", takes_context=True)
def chip(context: RequestContext, label: str, param: str, value: str = "") -> dict[str, Any]:
    """Render a filter: with `value`, a switch that sets `?param=value`; pressed again (or without `value`) it is removed."""
    is_on = context["request"].GET.get(param, "") == value if value else param in context["request"].GET
    url = _url_with(context, **{param: None if is_on else value})
    return {"label": label, "is_on": is_on, "url": url}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: RequestContext, before: object = None, after: object = None, **options: Any) -> dict[str, Any]:
    """Paging by key: `before` and `after` are the keys for `?before=` and `?after=`; options: `shown`, `total`, `noun`."""

    def url(name: str, key: object) -> str:
        return "" if key in (None, "") else _url_with(context, **{name: str(key)})

    return {"previous": url("before", before), "next": url("after", after), **options}


@register.inclusion_tag("components/select_all.html")
def select_all(label: str = "Select all on this page") -> dict[str, Any]:
    """Render the head cell of a column of `{% select_row %}`."""
    return {"label": label}


@register.inclusion_tag("components/select_row.html")
def select_row(value: object, label: str, form: str = "bulk") -> dict[str, Any]:
    """Render the first cell of a row: a checkbox named `selected` that belongs to the form with this id."""
    return {"value": value, "label": label, "form": form}


@register.simple_block_tag(end_name="endbulk_bar", takes_context=True)
def bulk_bar(
    context: RequestContext, content: str, action: str, noun: str = "selected", id: str = "bulk"
) -> SafeString:
    """Render a form for what is done to the selected rows; the content is its buttons (`name="action" value="tag"`)."""
    token = context.get("csrf_token", "")
    return component("bulk_bar", content=content, action=action, noun=noun, id=id, csrf_token=token)


@register.simple_block_tag(end_name="endtable")
def table(content: str, caption: str, cards_on_phone: bool = True, **attrs: Any) -> SafeString:
    """Render a table; with three columns or more its rows are cards on a phone, unless `cards_on_phone=False`."""
    stacks = cards_on_phone and cards.is_wide(content)
    inner = cards.as_cards(content) if stacks else content
    return component("table", content=inner, caption=caption, stacks=stacks, attrs=attributes(attrs))
