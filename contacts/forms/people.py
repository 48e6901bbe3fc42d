"""A contact's profile, and the table of contacts."""

from typing import Any

from django import forms

from accounts import choices
from accounts.models import Account
from contacts.files.columns import FIELD
from contacts.models import Contact, CustomField, List, Tag


class ContactForm(forms.Form):
    """A contact's profile, and the account's own fields."""

    email = forms.CharField(label="Email address", max_length=320, widget=forms.EmailInput)
    first_name = forms.CharField(max_length=100, required=False)
    last_name = forms.CharField(max_length=100, required=False)
    country = forms.ChoiceField(required=False)
    language = forms.RegexField(
        r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,6})?$", required=False, help_text="A code, such as de or pt-br."
    )

    def __init__(self, *args: Any, account: Account, contact: Contact | None = None, **kwargs: Any) -> None:
        self.own = list(CustomField.objects.filter(account=account).order_by("label"))
        if contact is not None:
            initial = {name: getattr(contact, name) for name in self.base_fields}
            kwargs["initial"] = initial | {FIELD + key: text for key, text in contact.values.items()}
        super().__init__(*args, **kwargs)
        known = choices.countries()
        # Imports bring codes that are no country; saving another field keeps them.
        kept = [] if contact is None or contact.country in {"", *dict(known)} else [(contact.country, contact.country)]
        self.fields["country"].choices = [("", "–"), *kept, *known]  # type: ignore[attr-defined]  # a choice field
        for own in self.own:
            self.fields[FIELD + own.key] = forms.CharField(label=own.label, max_length=1000, required=False)

    def profile(self) -> dict[str, Any]:
        """Return the cleaned profile fields."""
        return {name: self.cleaned_data[name] for name in self.base_fields} | {
            "country": self.cleaned_data["country"].upper(),
            "language": self.cleaned_data["language"].lower(),
        }

    def values(self) -> dict[str, str]:
        """Return the account's own fields that have a value."""
        return {own.key: text for own in self.own if (text := self.cleaned_data[FIELD + own.key])}


class AddContactForm(ContactForm):
    """A new contact, and the lists they go on."""

    lists: "forms.ModelMultipleChoiceField[List]" = forms.ModelMultipleChoiceField(
        queryset=None, required=False, widget=forms.CheckboxSelectMultiple, help_text="Only if they agreed to it."
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, account=account, **kwargs)
        field = self.fields["lists"]
        field.queryset = List.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a choice field

    def profile(self) -> dict[str, Any]:
        """Return the cleaned profile fields."""
        return {name: value for name, value in super().profile().items() if name != "lists"}


class BulkForm(forms.Form):
    """What is to be done with the selected contacts."""

    action = forms.ChoiceField(choices=[(name, name) for name in ("tag", "subscribe", "delete")])
    selected = forms.TypedMultipleChoiceField(coerce=int)
    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(queryset=None, required=False)
    tag = forms.CharField(max_length=60, required=False)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        posted = self.data.getlist("selected")  # type: ignore[attr-defined]  # a QueryDict
        chosen = {number for number in posted if number.isdigit()}
        self.fields["selected"].choices = [(number, number) for number in chosen]  # type: ignore[attr-defined]  # a choice field
        self.fields["list"].queryset = List.objects.filter(account=account)  # type: ignore[attr-defined]  # a choice field


class FilterForm(forms.Form):
    """The filters over the list of contacts."""

    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="All lists"
    )
    tag: "forms.ModelChoiceField[Tag]" = forms.ModelChoiceField(queryset=None, required=False, empty_label="All tags")

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["list"].queryset = List.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a choice field
        self.fields["tag"].queryset = Tag.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a choice field
