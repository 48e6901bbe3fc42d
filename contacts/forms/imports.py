"""Bringing in a file of contacts."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings

from accounts.models import Account
from contacts.files.columns import FIELD, FIXED, IGNORE, NEW, Column
from contacts.models import CustomField, Import, List


class UploadForm(forms.Form):
    """A file of contacts."""

    file = forms.FileField(label="CSV file", widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = f"At most {settings.UPLOAD_LIMIT_MB} MB."


class MappingForm(forms.Form):
    """Which column goes where, and on which terms."""

    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="No list", label="Subscribe them to"
    )
    known = forms.ChoiceField(label="People who are known already", choices=Import.Known, widget=forms.RadioSelect)
    consent_wording = forms.CharField(
        label="Why may you write to them?",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The words they agreed to, or how it came about. It is kept as evidence with each of them.",
    )

    def __init__(self, *args: Any, account: Account, columns: Sequence[Column], **kwargs: Any) -> None:
        kwargs["initial"] = {"known": Import.Known.FILL}
        super().__init__(*args, **kwargs)
        field = self.fields["list"]
        field.queryset = List.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a choice field
        own = CustomField.objects.filter(account=account).order_by("label").values_list("key", "label")
        choices = [
            (IGNORE, "Leave out"),
            *FIXED.items(),
            *((FIELD + key, label) for key, label in own),
            (NEW, "Keep as a new field"),
        ]
        self.columns = columns
        for column in columns:
            self.fields[f"column_{column.number}"] = forms.ChoiceField(
                label=column.head, choices=choices, required=False, initial=column.guess
            )

    def mapping(self) -> dict[str, str]:
        """Return column number → target, for the columns that are taken."""
        found = {str(column.number): self.cleaned_data[f"column_{column.number}"] for column in self.columns}
        return {number: target for number, target in found.items() if target}

    def rows(self) -> Sequence[tuple[Column, forms.BoundField]]:
        """Return each column with its field, for the table of the page."""
        return [(column, self[f"column_{column.number}"]) for column in self.columns]
