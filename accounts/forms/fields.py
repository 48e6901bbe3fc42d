"""Fields that several forms share."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from accounts import choices
from accounts.models import User
from emailconcert.lib import addresses


class AddressField(forms.EmailField):
    """An email address in its stored spelling."""

    def __init__(self, *, autocomplete: str = "email", **kwargs: Any) -> None:
        kwargs.setdefault("label", "Email")
        super().__init__(max_length=254, widget=forms.EmailInput({"autocomplete": autocomplete}), **kwargs)

    def clean(self, value: Any) -> str:
        """Return the normalised address."""
        try:
            return addresses.normalise(super().clean(value))
        except addresses.BadAddress as error:
            raise ValidationError(str(error)) from None


def name_field() -> forms.CharField:
    """Ask for a person's name."""
    return forms.CharField(label="Your name", max_length=150, widget=forms.TextInput({"autocomplete": "name"}))


def password_field(label: str = "Password", *, new: bool) -> forms.CharField:
    """Ask for a password, offered to the browser's keeper as a new or the current one."""
    keeper = "new-password" if new else "current-password"
    return forms.CharField(
        label=label, max_length=256, strip=False, widget=forms.PasswordInput({"autocomplete": keeper})
    )


def country_field() -> forms.ChoiceField:
    """Ask for a country."""
    return forms.ChoiceField(
        label="Country",
        choices=lambda: [("", "Choose a country"), *choices.countries()],
        widget=forms.Select({"autocomplete": "country"}),
    )


def zone_field(*, guess: bool = False) -> forms.ChoiceField:
    """Ask for a time zone; with `guess`, the browser's own is chosen by script where nothing was chosen yet."""
    widget = forms.Select({"data-guess-zone": ""} if guess else {})
    return forms.ChoiceField(label="Time zone", choices=choices.time_zones, widget=widget)


def language_field() -> forms.ChoiceField:
    """Ask for one of the languages we have."""
    return forms.ChoiceField(label="Language", choices=settings.LANGUAGES)


def check_password(form: forms.Form, field: str, *, user: User) -> None:
    """Put what is wrong with a new password beside its field."""
    password = form.cleaned_data.get(field)
    if not password:
        return
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        form.add_error(field, error)
