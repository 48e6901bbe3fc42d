"""What members and contacts type in. No rules live here: services have them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings

from accounts.models import Account
from contacts.files.columns import FIELD, FIXED, IGNORE, NEW, Column
from contacts.models import Contact, CustomField, Form, Import, List, Tag


class ContactForm(forms.Form):
    """A contact's profile, and the account's own fields."""

    email = forms.CharField(label="Email address", max_length=320, widget=forms.EmailInput)
    first_name = forms.CharField(max_length=100, required=False)
    last_name = forms.CharField(max_length=100, required=False)
    country = forms.RegexField(r"^[A-Za-z]{2}$", required=False, help_text="Two letters, such as DE.")
    language = forms.RegexField(
        r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,6})?$", required=False, help_text="A code, such as de or pt-br."
    )

    def __init__(self, *args: Any, account: Account, contact: Contact | None = None, **kwargs: Any) -> None:
        self.own = list(CustomField.objects.filter(account=account).order_by("label"))
        if contact is not None:
            initial = {name: getattr(contact, name) for name in self.base_fields}
            kwargs["initial"] = initial | {FIELD + key: text for key, text in contact.values.items()}
        super().__init__(*args, **kwargs)
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


class ListForm(forms.Form):
    """A list."""

    name = forms.CharField(max_length=100)
    description = forms.CharField(max_length=300, required=False, help_text="Shown on forms and preference pages.")
    is_public = forms.BooleanField(label="Offer it on preference pages", required=False, initial=True)


class TagForm(forms.Form):
    """A tag."""

    name = forms.CharField(max_length=60)


class AddressForm(forms.Form):
    """One address."""

    email = forms.CharField(label="Email address", max_length=320)


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


class HostedFormForm(forms.Form):
    """A hosted form as its owner edits it."""

    name = forms.CharField(max_length=100, help_text="Only you see it.")
    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(
        queryset=None, empty_label=None, label="People go on the list"
    )
    title = forms.CharField(max_length=150, label="Heading")
    intro = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="Text")
    fields_asked = forms.MultipleChoiceField(
        label="Ask for", required=False, widget=forms.CheckboxSelectMultiple, help_text="The email address always is."
    )
    consent_wording = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="What they agree to",
        help_text="Shown above the button; each version is kept as evidence.",
    )
    button = forms.CharField(max_length=40, initial="Subscribe", label="Button")
    thanks = forms.CharField(
        max_length=1000, initial="Thank you. You are subscribed.", widget=forms.Textarea(attrs={"rows": 2})
    )
    is_active = forms.BooleanField(label="The form can be filled in", required=False, initial=True)

    def __init__(self, *args: Any, account: Account, hosted: Form | None = None, **kwargs: Any) -> None:
        if hosted is not None:
            names = [name for name in self.base_fields if name != "fields_asked"]
            kwargs["initial"] = {name: getattr(hosted, name) for name in names} | {"fields_asked": hosted.fields}
        super().__init__(*args, **kwargs)
        own = CustomField.objects.filter(account=account).order_by("label").values_list("key", "label")
        asked, chosen = self.fields["fields_asked"], self.fields["list"]
        asked.choices = [  # type: ignore[attr-defined]  # a choice field
            ("first_name", "First name"),
            ("last_name", "Last name"),
            *((FIELD + key, label) for key, label in own),
        ]
        chosen.queryset = List.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a choice field

    def values(self) -> dict[str, Any]:
        """Return the values under the names of the model."""
        found = {name: value for name, value in self.cleaned_data.items() if name != "fields_asked"}
        return found | {"fields": self.cleaned_data["fields_asked"]}


class NewHostedFormForm(HostedFormForm):
    """A new hosted form, with the web address that stays."""

    slug = forms.SlugField(
        max_length=60, label="Web address", help_text="The end of its address; it cannot be changed later."
    )
    field_order = ("name", "slug", "list")

    def values(self) -> dict[str, Any]:
        """Return the values under the names of the model, without the web address."""
        return {name: value for name, value in super().values().items() if name != "slug"}


class SignUpForm(forms.Form):
    """A hosted form as a contact sees it."""

    email = forms.CharField(
        label="Email address", max_length=320, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def __init__(self, *args: Any, hosted: Form, own: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        labels = {"first_name": "First name", "last_name": "Last name", **{FIELD + key: own[key] for key in own}}
        for name in hosted.fields:
            if name in labels:
                self.fields[name] = forms.CharField(label=labels[name], max_length=100, required=False)

    def typed(self) -> dict[str, str]:
        """Return what was typed beside the address."""
        return {name: " ".join(text.split()) for name, text in self.cleaned_data.items() if name != "email" and text}


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
