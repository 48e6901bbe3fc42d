"""Form fields: label above, help below, the error beside the field."""

from typing import Any

from django import forms, template
from django.forms import BaseForm, BoundField
from django.forms.widgets import Widget
from django.utils.safestring import SafeString

from emailconcert.shell.markup import component

register = template.Library()

_GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)
_CLASSES: tuple[tuple[type[Widget] | tuple[type[Widget], ...], str], ...] = (
    ((*_GROUPS, forms.CheckboxInput), "form-check-input"),
    ((forms.Select, forms.SelectMultiple), "form-select"),
)


def _kind(widget: Widget) -> str:
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, _GROUPS):
        return "group"
    return "check" if isinstance(widget, forms.CheckboxInput) else "input"


def _dress(bound: BoundField) -> None:
    """Give the widget its class; fields are the form's own copies, so nothing leaks to other forms."""
    widget = bound.field.widget
    parts = widget.widgets if isinstance(widget, forms.MultiWidget) else [widget]
    for part in parts:
        css = next((css for kinds, css in _CLASSES if isinstance(part, kinds)), "form-control")
        wanted = css if not bound.errors else f"{css} is-invalid"
        part.attrs["class"] = f"{part.attrs.get('class', '')} {wanted}".strip()


@register.simple_tag
def field(bound: Any, label: str = "", help: str = "", **options: Any) -> SafeString:
    """One field; options: `optional` (False hides the word), `prefix`, `suffix`, `hide_label`, and widget attributes."""
    if not isinstance(bound, BoundField):
        message = "{% field %} takes a form's field, such as form.name."
        raise template.TemplateSyntaxError(message)
    own = {name: options.pop(name) for name in ("optional", "prefix", "suffix", "hide_label") if name in options}
    if help:
        bound.help_text = help
    for name, value in options.items():
        bound.field.widget.attrs[name.replace("_", "-")] = value
    _dress(bound)
    kind = _kind(bound.field.widget)
    return component(
        "field",
        field=bound,
        kind=kind,
        label=label or bound.label,
        multiple=isinstance(bound.field.widget, forms.CheckboxSelectMultiple),
        show_optional=own.get("optional", not bound.field.required and kind == "input"),
        prefix=own.get("prefix", ""),
        suffix=own.get("suffix", ""),
        hide_label=own.get("hide_label", False),
    )


@register.simple_tag
def form_errors(form: BaseForm) -> SafeString:
    """Render what is wrong with the form as a whole, and how many fields need a look."""
    hidden = [error for bound in form.hidden_fields() for error in bound.errors]
    count = len([bound for bound in form.visible_fields() if bound.errors])
    return (
        component("form_errors", errors=[*form.non_field_errors(), *hidden], count=count)
        if form.errors
        else SafeString()
    )


@register.simple_tag
def form_fields(form: BaseForm, exclude: str = "") -> SafeString:
    """Render the whole form: its errors, then every field in order; `exclude="a,b"` leaves some to the page."""
    left_out = set(exclude.split(","))
    parts = [form_errors(form), *(field(bound) for bound in form if bound.name not in left_out)]
    return SafeString("".join(parts))
