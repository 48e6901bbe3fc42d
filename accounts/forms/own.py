"""Forms of a login profile about itself."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.forms import fields
from accounts.models import User
from emailconcert.lib import limits


class ProfileForm(forms.Form):
    """Name, language, zone."""

    name = fields.name_field()
    language = fields.language_field()
    time_zone = fields.zone_field()


class FreshPasswordForm(forms.Form):
    """Asks for the password once more before something that matters."""

    current_password = fields.password_field("Your password", new=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_current_password(self) -> str:
        """Check it; a stolen session may not guess for long."""
        password: str = self.cleaned_data["current_password"]
        if not limits.hit("fresh password", self.user.pk, 10, 600):
            raise ValidationError("Too many attempts. Wait a few minutes, then try again.")
        if not self.user.check_password(password):
            raise ValidationError("This is not your password.")
        return password


class ChangeEmailForm(FreshPasswordForm):
    """A new address."""

    new_email = fields.AddressField(label="New email")

    field_order = ("new_email", "current_password")


class ChangePasswordForm(FreshPasswordForm):
    """A new password."""

    new_password = fields.password_field("New password", new=True)

    def clean(self) -> dict[str, Any]:
        """Check the new password."""
        found = super().clean() or self.cleaned_data
        fields.check_password(self, "new_password", user=self.user)
        return found


class EnrolForm(FreshPasswordForm):
    """The first code of an app; the sealed seed travels in the form."""

    code = forms.CharField(
        label="Code from the app",
        max_length=10,
        widget=forms.TextInput({"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    enrolment = forms.CharField(max_length=300, widget=forms.HiddenInput)

    field_order = ("code", "current_password", "enrolment")
