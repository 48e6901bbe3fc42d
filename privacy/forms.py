"""What people and the DPO type."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from emailconcert.lib import addresses
from privacy.models import PrivacyRequest
from privacy.services import intake, letters

_TYPES = [(each.value, each.label) for each in PrivacyRequest.Type]
_OWN_TYPES = [each for each in _TYPES if each[0] != PrivacyRequest.Type.OBJECT]


class AddressField(forms.CharField):
    """An email address in its stored spelling."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"type": "email", "autocomplete": "email", "inputmode": "email"}
        super().__init__(max_length=320, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        """Normalise, or say what is wrong with the spelling; never whether the address is known."""
        text = super().clean(value)
        try:
            return addresses.normalise(text)
        except addresses.BadAddress as error:
            raise ValidationError(str(error)) from None


class RequestForm(forms.Form):
    """A privacy request as anybody may send it."""

    type = forms.ChoiceField(label="What would you like?", choices=_TYPES, widget=forms.RadioSelect)
    full_name = forms.CharField(
        label="Full name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = AddressField(label="Email address", help_text="The one that mail was sent to. We send a link there.")
    business_name = forms.CharField(
        label="Account or business name",
        max_length=200,
        required=False,
        help_text="Who wrote to you, as it stands at the foot of their mails.",
    )
    regime = forms.ChoiceField(
        label="Where do you live?", choices=PrivacyRequest.Regime.choices, initial=PrivacyRequest.Regime.EU
    )
    details = forms.CharField(
        label="Details",
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What you want to know, or to have done.",
    )

    def wanted(self) -> intake.Wanted:
        """Return what was typed."""
        return intake.Wanted(**{name: self.cleaned_data[name] for name in RequestForm.base_fields})


class EntryForm(RequestForm):
    """A request that came to the DPO by letter or email."""

    type = forms.ChoiceField(label="What do they ask for?", choices=_TYPES, widget=forms.RadioSelect)
    regime = forms.ChoiceField(
        label="Where do they live?", choices=PrivacyRequest.Regime.choices, initial=PrivacyRequest.Regime.EU
    )
    channel = forms.ChoiceField(
        label="How did it come?",
        choices=[(PrivacyRequest.Channel.EMAIL, "Email"), (PrivacyRequest.Channel.LETTER, "Letter")],
        help_text="Not by phone: point callers to the form, to email or to a letter.",
    )
    received_on = forms.DateField(label="Received on", widget=forms.DateInput(attrs={"type": "date"}))

    def received_at(self) -> datetime:
        """Return the start of the day on which it came, in UTC."""
        day: date = self.cleaned_data["received_on"]
        return datetime.combine(day, time(), tzinfo=ZoneInfo("UTC"))


class OwnRequestForm(forms.Form):
    """A request of a signed-in person about their own login profile."""

    type = forms.ChoiceField(label="What would you like?", choices=_OWN_TYPES, widget=forms.RadioSelect)
    details = forms.CharField(
        label="Details", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    password = forms.CharField(
        label="Your password",
        help_text="To make sure that it is you.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class AnswerForm(forms.Form):
    """The account owner's answer."""

    answer = forms.ChoiceField(
        label="Your answer",
        choices=[("agree", "I agree: carry it out"), ("object", "I object")],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Reason",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Needed if you object. The Data Protection Officer reads it and decides.",
    )


class CodeForm(forms.Form):
    """The code that opens a package."""

    code = forms.CharField(
        label="Code from the email",
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class NoteForm(forms.Form):
    """A note, question or reason that goes with a step."""

    note = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class RefusalForm(forms.Form):
    """Why a request is refused."""

    code = forms.ChoiceField(label="Ground", choices=list(letters.REFUSALS.items()))
    note = forms.CharField(
        label="Reason, in words to the person", max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
