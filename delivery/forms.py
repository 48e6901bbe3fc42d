"""Forms of the sending settings."""

from django import forms


class DomainForm(forms.Form):
    """A domain to send from."""

    domain = forms.CharField(
        max_length=253, help_text="The part after the @ of your address, such as shop.example.com."
    )


class SenderForm(forms.Form):
    """An address to send from."""

    name = forms.CharField(max_length=100, help_text="What people see as the sender.")
    email = forms.EmailField(max_length=254, label="Email address")
