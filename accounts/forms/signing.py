"""Forms of people who are not signed in yet."""

from typing import Any

from django import forms

from accounts.forms import fields
from accounts.models import User


class SignUpForm(forms.Form):
    """Everything that opens an account."""

    name = fields.name_field()
    email = fields.AddressField()
    password = fields.password_field(new=True)
    business_name = forms.CharField(
        label="Business name", max_length=200, widget=forms.TextInput({"autocomplete": "organization"})
    )
    postal_address = forms.CharField(
        label="Postal address",
        max_length=500,
        widget=forms.Textarea({"rows": 3, "autocomplete": "street-address"}),
        help_text="The law asks for it at the foot of every newsletter.",
    )
    country = fields.country_field()
    time_zone = fields.zone_field(guess=True)
    language = fields.language_field()
    accept = forms.BooleanField(label="I accept the Terms of service and have read the privacy notice.")
    invitation = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Check the password against what else was typed."""
        found = super().clean() or self.cleaned_data
        person = User(name=found.get("name", ""), email=found.get("email", ""))
        person.business_name = found.get("business_name", "")  # type: ignore[attr-defined]  # for the validators
        fields.check_password(self, "password", user=person)
        return found


class SignInForm(forms.Form):
    """Address and password."""

    email = forms.CharField(
        label="Email", max_length=254, widget=forms.EmailInput({"autocomplete": "username", "autofocus": True})
    )
    password = fields.password_field(new=False)


class CodeForm(forms.Form):
    """A one-time or recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
        help_text="Six digits from your app, or one of your recovery codes.",
    )
    remember = forms.BooleanField(label="Don’t ask again on this browser for 30 days", required=False)


class AskResetForm(forms.Form):
    """Where the link goes."""

    email = fields.AddressField()


class NewPasswordForm(forms.Form):
    """A new password, for a profile that is known by its link."""

    password = fields.password_field("New password", new=True)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Check the password against the profile."""
        found = super().clean() or self.cleaned_data
        fields.check_password(self, "password", user=self.user)
        return found


class JoinForm(NewPasswordForm):
    """The profile of somebody who was invited and has none yet."""

    name = fields.name_field()
    time_zone = fields.zone_field(guess=True)
    language = fields.language_field()
    accept = forms.BooleanField(label="I accept the Terms of service and have read the privacy notice.")

    field_order = ("name", "password", "time_zone", "language", "accept")
