"""Bringing in a file of contacts: the file, how it is read, what goes where, and on which terms."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.timezone import localdate

from accounts.models import Account
from contacts.fields import own_fields
from contacts.files.columns import FIXED, IGNORE, NEW_OF, NEW_TYPES, Column
from contacts.files.reading import DELIMITERS, ENCODINGS
from contacts.models import Import, List
from contacts.services.imports.import_files import How, Preview

_DELIMITER_NAMES = {",": "Comma ( , )", ";": "Semicolon ( ; )", "\t": "Tab", "|": "Bar ( | )"}
_MAX_TAGS = 20


class UploadForm(forms.Form):
    """A file of contacts."""

    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.tab,.xlsx,.xlsm,text/csv,text/tab-separated-values"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[
            "file"
        ].help_text = f"CSV, text with tabs or semicolons, or XLSX. At most {settings.UPLOAD_LIMIT_MB} MB."


class HowForm(forms.Form):
    """How a file is read: what was found out, to be overridden."""

    sheet = forms.TypedChoiceField(label="Sheet", coerce=int)
    encoding = forms.ChoiceField(label="Characters", choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(
        label="Between columns", choices=[(each, _DELIMITER_NAMES[each]) for each in DELIMITERS]
    )
    day_first = forms.TypedChoiceField(
        label="3/4/2026 means",
        choices=[("yes", "3 April"), ("no", "March 4")],
        coerce=lambda text: text == "yes",
    )

    def __init__(self, *args: Any, run: Import, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "sheet": run.sheet,
            "encoding": run.encoding,
            "delimiter": run.delimiter,
            "day_first": "yes" if run.day_first else "no",
        }
        super().__init__(*args, **kwargs)
        if run.sheets:
            self.fields["sheet"].choices = list(enumerate(run.sheets))  # type: ignore[attr-defined]  # a choice field
            del self.fields["encoding"], self.fields["delimiter"]
        else:
            del self.fields["sheet"]
            known = dict(ENCODINGS)
            known.setdefault(run.encoding, run.encoding.upper())
            delimiters = dict.fromkeys([*DELIMITERS, run.delimiter])
            self.fields["encoding"].choices = list(known.items())  # type: ignore[attr-defined]
            self.fields["delimiter"].choices = [(each, _DELIMITER_NAMES.get(each, each)) for each in delimiters]  # type: ignore[attr-defined]

    def how(self, run: Import) -> How:
        """Return how the file is to be read; what was not said is as it was."""
        said: Mapping[str, Any] = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return How(
            encoding=said.get("encoding", run.encoding),
            delimiter=said.get("delimiter", run.delimiter),
            sheet=said.get("sheet", run.sheet),
            day_first=said.get("day_first", run.day_first),
        )


class ColumnsForm(forms.Form):
    """Which column goes where; what has values and is not known is kept as a new field unless it is left out."""

    def __init__(
        self, *args: Any, account: Account, preview: Preview, chosen: Mapping[str, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields = own_fields(account.pk)
        own = [field for field in fields if not field.sensitive]
        self.sealed = [field.label for field in fields if field.sensitive]
        choices: list[tuple[str, Any]] = [
            (IGNORE, "Leave out"),
            ("Contact", list(FIXED.items())),
            *([("Your fields", [(field.name, field.label) for field in own])] if own else []),
            ("Keep as a new field", [(NEW_OF + kind, f"New field: {label}") for kind, label in NEW_TYPES.items()]),
        ]
        self.columns = preview.columns
        for column in self.columns:
            initial = chosen.get(str(column.number), IGNORE) if chosen else column.guess
            self.fields[f"column_{column.number}"] = forms.ChoiceField(
                label=column.head, choices=choices, required=False, initial=initial
            )

    def mapping(self) -> dict[str, str]:
        """Return column number → target, for the columns that are taken."""
        found = {str(column.number): self.cleaned_data[f"column_{column.number}"] for column in self.columns}
        return {number: target for number, target in found.items() if target}

    def rows(self) -> Sequence[tuple[Column, forms.BoundField]]:
        """Return each column with its field, for the table of the page."""
        return [(column, self[f"column_{column.number}"]) for column in self.columns]


class TermsForm(forms.Form):
    """On which terms they come in."""

    consent_wording = forms.CharField(
        label="Why may you write to them?",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The words they agreed to, or how it came about. It is kept as evidence with each of them.",
    )
    consent_on = forms.DateField(
        label="When did they agree?",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The latest day, if it was not the same for all. Left empty, the day of the import counts.",
    )
    consent_source = forms.CharField(
        label="Where did they agree?",
        max_length=200,
        required=False,
        help_text="Such as the till, a fair, or another tool.",
    )
    lists: "forms.ModelMultipleChoiceField[List]" = forms.ModelMultipleChoiceField(
        queryset=None, required=False, label="Subscribe them to", widget=forms.CheckboxSelectMultiple
    )
    tags = forms.CharField(
        label="Tag all of them", required=False, max_length=500, help_text="Several with commas between them."
    )
    known = forms.ChoiceField(label="People who are known already", choices=Import.Known, widget=forms.RadioSelect)

    def __init__(self, *args: Any, run: Import, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "known": run.known,
            "lists": run.list_ids,
            "tags": ", ".join(run.tags),
            "consent_wording": run.consent_wording,
            "consent_on": run.consent_on,
            "consent_source": run.consent_source,
        }
        super().__init__(*args, **kwargs)
        field = self.fields["lists"]
        field.queryset = List.objects.filter(account_id=run.account_id).order_by("name")  # type: ignore[attr-defined]  # a choice field

    def clean_consent_on(self) -> Any:
        """Refuse days to come."""
        found = self.cleaned_data["consent_on"]
        if found and found > localdate():
            raise forms.ValidationError("This day is yet to come.")
        return found

    def clean_tags(self) -> list[str]:
        """Return the tags' names."""
        names = [" ".join(name.split()) for name in self.cleaned_data["tags"].split(",")]
        names = [name for name in dict.fromkeys(names) if name]
        if len(names) > _MAX_TAGS or any(len(name) > 60 for name in names):
            raise forms.ValidationError(f"At most {_MAX_TAGS} tags, of at most 60 characters each.")
        return names
