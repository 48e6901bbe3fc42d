"""The table of contacts: filters, views, columns, and what is done to many."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import Account
from contacts.models import BulkAction, Contact, Export, List
from contacts.table.columns import Column
from contacts.table.filters import STATES, WITHIN
from contacts.table.names import Names

_PERIODS = {
    1: "The last day",
    7: "The last 7 days",
    30: "The last 30 days",
    90: "The last 90 days",
    365: "The last year",
}


class FilterForm(forms.Form):
    """The filters over the table. What it sends stands in the page's address, so it has no errors."""

    list = forms.ChoiceField(required=False)
    state = forms.ChoiceField(required=False, label="Standing")
    tag = forms.ChoiceField(required=False)
    segment = forms.ChoiceField(required=False)
    source = forms.ChoiceField(required=False, choices=[("", "Any"), *Contact.Source.choices])
    within = forms.ChoiceField(
        required=False, label="Added in", choices=[("", "Any time"), *((days, _PERIODS[days]) for days in WITHIN)]
    )
    field = forms.ChoiceField(required=False)
    value = forms.CharField(
        required=False, max_length=100, label="Has the value", help_text="Left empty: anything at all."
    )

    def __init__(self, *args: Any, names: Names, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("list", "Any", names.lists)
        self._choose("tag", "Any", names.tags)
        self._choose("segment", "Any", names.segments)
        self._choose("state", "Any", STATES)
        self._choose("field", "Any", names.fields)

    def _choose(self, name: str, empty: str, choices: "dict[Any, str]") -> None:
        self.fields[name].choices = [("", empty), *choices.items()]  # type: ignore[attr-defined]  # a choice field


class ViewForm(forms.Form):
    """The name of a saved view."""

    name = forms.CharField(max_length=60, label="Name of the view")
    query = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)


class ColumnsForm(forms.Form):
    """Which columns a member sees."""

    columns = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, known: "Sequence[Column]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = [(each.name, each.label) for each in known]  # type: ignore[attr-defined]  # a choice field


class BulkForm(forms.Form):
    """What is to be done, and to whom: the selected contacts, or all who match the query."""

    action = forms.ChoiceField(choices=[*BulkAction.Kind.choices, ("export", "Export"), ("erase", "Ask for erasure")])
    selected = forms.TypedMultipleChoiceField(coerce=int, required=False)
    everybody = forms.BooleanField(required=False)
    query = forms.CharField(max_length=2000, required=False)
    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(queryset=None, required=False)
    tag = forms.CharField(max_length=60, required=False)
    format = forms.ChoiceField(choices=Export.Format.choices, required=False)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        posted = self.data.getlist("selected")  # type: ignore[attr-defined]  # a QueryDict
        chosen = {number for number in posted if number.isascii() and number.isdigit() and len(number) < 18}
        self.fields["selected"].choices = [(number, number) for number in chosen]  # type: ignore[attr-defined]  # a choice field
        self.fields["list"].queryset = List.objects.filter(account=account)  # type: ignore[attr-defined]  # a choice field


class ExportForm(forms.Form):
    """What goes into a file, and of what kind it is."""

    query = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)
    selected = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.MultipleHiddenInput)
    format = forms.ChoiceField(choices=Export.Format.choices, initial=Export.Format.CSV, widget=forms.RadioSelect)
    columns = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="Beside the address")

    def __init__(self, *args: Any, known: Sequence[Column], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["columns"].choices = [(each.name, each.label) for each in known]  # type: ignore[attr-defined]  # a choice field
        posted = self.data.getlist("selected") if self.is_bound else kwargs.get("initial", {}).get("selected", [])  # type: ignore[attr-defined]  # a QueryDict
        chosen = {
            str(number)
            for number in posted
            if str(number).isascii() and str(number).isdigit() and len(str(number)) < 18
        }
        self.fields["selected"].choices = [(number, number) for number in chosen]  # type: ignore[attr-defined]  # a choice field
