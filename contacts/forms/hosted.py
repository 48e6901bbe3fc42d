"""A hosted form, as its owner and as a contact sees it."""

from typing import Any

from django import forms

from accounts.models import Account
from contacts.files.columns import FIELD
from contacts.models import CustomField, Form, List


class HostedFormForm(forms.Form):
    """A hosted form as its owner edits it."""

    name = forms.CharField(max_length=100, help_text="Only you see it.")
    list: "forms.ModelChoiceField[List]" = forms.ModelChoiceField(
        queryset=None, empty_label=None, label="People go on the list"
    )
    title = forms.CharField(max_length=150, label="Heading")
    intro = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}), label="Text")
    fields_asked = forms.MultipleChoiceField(
        label="Ask for",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The email address is always asked for.",
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
