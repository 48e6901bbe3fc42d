"""What a person may change of what is stored of them."""

from typing import Any

from django import forms

from contacts.fields import Value, show
from contacts.fields.kinds import Kind
from contacts.forms.hosted import field_for
from contacts.hosted import phrases
from contacts.hosted.blueprint import Question
from tracking.services.own_data import Held

_BOXES = (forms.CheckboxInput, forms.CheckboxSelectMultiple)


class CodeForm(forms.Form):
    """The code that was mailed."""

    code = forms.CharField(
        label="Code",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
        help_text="Six digits, from the mail that we have just sent you.",
    )


class OwnDataForm(forms.Form):
    """The stored values that the person may change."""

    def __init__(self, *args: Any, held: Held, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = phrases.fixed("en")
        for each, value in held.values.items():
            if each.name in held.editable:
                asked = Question(each.name, kind=str(each.kind), choices=each.choices)
                field = field_for(asked, words)
                field.label, field.initial = each.label, _typed(each.kind, value)
                self.fields[each.name] = field

    def values(self) -> dict[str, Value]:
        """Return the values by field; empty ones are none."""
        return {
            name: None if value in ("", []) else value
            for name, value in self.cleaned_data.items()
            # A field that was not on the page yet is left alone; a box that is not ticked is not sent.
            if name in self.data or isinstance(self.fields[name].widget, _BOXES)
        }


def _typed(kind: Kind, value: Value) -> Any:
    if kind == Kind.DATETIME:
        return str(value or "")[:16]
    if kind in (Kind.CHOICES, Kind.BOOLEAN):
        return value
    return show(value)
