"""A field of the account's own."""

from typing import Any

from django import forms

from contacts.models import CustomField
from contacts.services.fields.field_keeping import Draft


class FieldForm(forms.Form):
    """What a field is called, takes and offers. The key is made of the label once and stays."""

    label = forms.CharField(max_length=60)
    type = forms.ChoiceField(choices=CustomField.Type.choices)
    choices = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line, for the two types that offer several.",
    )
    help = forms.CharField(
        label="Help", max_length=200, required=False, help_text="Stands below the field, on forms and here."
    )
    default = forms.CharField(
        max_length=200, required=False, help_text="What a contact gets where nothing is said, as you would type it."
    )
    required = forms.BooleanField(required=False, help_text="Members and forms can't leave it empty. Imports can.")
    sensitive = forms.BooleanField(
        required=False,
        help_text="Kept encrypted, shown on demand and audited. It can't be filtered by or written into mails.",
    )

    def __init__(self, *args: Any, row: CustomField | None = None, people: int = 0, **kwargs: Any) -> None:
        if row is not None:
            names = ("label", "type", "help", "default", "required", "sensitive")
            kwargs["initial"] = {name: getattr(row, name) for name in names} | {"choices": "\n".join(row.choices)}
        super().__init__(*args, **kwargs)
        if row is not None:
            self.fields["label"].help_text = f"Its key stays {row.key}: mails write {{{{ contact.{row.key} }}}}."
        if people:
            held = "One person has a value." if people == 1 else f"{people:,} people have a value."
            self.fields["type"].help_text = f"{held} The type changes only if all can be read as the new one."

    def draft(self) -> Draft:
        """Return what is wanted."""
        data = self.cleaned_data
        return Draft(
            label=data["label"],
            type=data["type"],
            help=data["help"],
            choices=tuple(data["choices"].splitlines()),
            required=data["required"],
            default=data["default"],
            sensitive=data["sensitive"],
        )


class DeleteFieldForm(forms.Form):
    """The key, typed, where values go with the field."""

    confirmed = forms.CharField(max_length=40, required=False, label="Key of the field")
