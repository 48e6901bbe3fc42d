"""Lists, tags and suppressed addresses."""

from django import forms


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
