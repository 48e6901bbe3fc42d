"""Form fields for what contacts' fields take: one widget for each kind, read by `contacts.fields`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.timezone import get_current_timezone, localtime

from accounts import choices
from contacts.fields import BadValue, Field, Value, read, show
from contacts.fields.kinds import Kind, instant
from emailconcert.lib.addresses import BadAddress

_LOCAL = "%Y-%m-%dT%H:%M"
_EMPTY = ("", "–")


class ValueField(forms.Field):
    """One field of a contact; `held` is the value it has, which may be older than the rules and stays if it is left."""

    def __init__(self, field: Field, *, held: Value = None, **options: Any) -> None:
        self.of, self.held = field, held
        options.setdefault("required", field.required)
        super().__init__(
            label=field.label,
            # How to write a country is of no help where it is chosen; what the account wrote itself is.
            help_text=field.help if field.is_own or field.kind not in _OFFERED else "",
            widget=_widget(field, held),
            initial=_shown(field, held if held is not None else _default(field)),
            **options,
        )

    def clean(self, value: Any) -> Value:
        """Return what was typed as the value that is kept."""
        if self.held is not None and (value or "") == _shown(self.of, self.held):
            return self.held
        try:
            read_value = _read(self.of, value)
        except (BadValue, BadAddress) as error:
            raise forms.ValidationError(str(error)) from None
        if self.required and read_value is None:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return read_value


def _read(field: Field, typed: Any) -> Value:
    if field.kind == Kind.CHOICES:
        return read(field, "\n".join(typed or ()))
    text = str(typed or "")
    if field.kind == Kind.DATETIME and text:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return read(field, text)
        return instant(moment if moment.tzinfo else moment.replace(tzinfo=get_current_timezone()))
    return read(field, text)


def _shown(field: Field, value: Value) -> Any:
    """Return a value as the widget has it: instants in the member's own time zone."""
    if field.kind == Kind.CHOICES:
        return list(value) if isinstance(value, list) else []
    if field.kind == Kind.DATETIME and isinstance(value, str) and value:
        return localtime(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)).strftime(_LOCAL)
    return show(value)


def _default(field: Field) -> Value:
    try:
        return read(field, field.default)
    except BadValue:
        return None


def _widget(field: Field, held: Value) -> forms.Widget:
    if field.kind in _OFFERED:
        known = _OFFERED[field.kind]()
        kept = [] if not held or held in dict(known) else [(str(held), str(held))]
        return forms.Select(choices=[_EMPTY, *kept, *known])
    if field.kind in (Kind.CHOICE, Kind.CHOICES):
        held_ones = held if isinstance(held, list) else [str(held)] if held else []
        every = [*field.choices, *(each for each in held_ones if each not in field.choices)]
        pairs = [(each, each) for each in every]
        many = field.kind == Kind.CHOICES
        return forms.CheckboxSelectMultiple(choices=pairs) if many else forms.Select(choices=[_EMPTY, *pairs])
    return _INPUTS.get(field.kind, lambda: forms.TextInput(attrs={"maxlength": 1000}))()


_OFFERED: Mapping[Kind, Callable[[], Sequence[tuple[str, str]]]] = {
    Kind.LANGUAGE: choices.languages,
    Kind.COUNTRY: choices.countries,
    Kind.ZONE: choices.time_zones,
    Kind.BOOLEAN: lambda: (("Yes", "Yes"), ("No", "No")),
}
_INPUTS: Mapping[Kind, Callable[[], forms.Widget]] = {
    Kind.LONG_TEXT: lambda: forms.Textarea(attrs={"rows": 4, "maxlength": 10_000}),
    Kind.NUMBER: lambda: forms.TextInput(attrs={"inputmode": "decimal"}),
    Kind.DATE: lambda: forms.DateInput(attrs={"type": "date"}),
    Kind.BIRTH: lambda: forms.DateInput(attrs={"type": "date", "autocomplete": "off"}),
    Kind.DATETIME: lambda: forms.DateTimeInput(attrs={"type": "datetime-local"}),
    Kind.URL: lambda: forms.URLInput(attrs={"placeholder": "https://"}),
    Kind.EMAIL: lambda: forms.EmailInput(attrs={"maxlength": 320, "autocomplete": "off"}),
    Kind.PHONE: lambda: forms.TextInput(attrs={"type": "tel", "maxlength": 60, "autocomplete": "off"}),
    Kind.NAME: lambda: forms.TextInput(attrs={"maxlength": 100, "autocomplete": "off"}),
    Kind.SHORT: lambda: forms.TextInput(attrs={"maxlength": 30, "autocomplete": "off"}),
}
