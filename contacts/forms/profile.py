"""A contact's profile."""

from collections.abc import Callable
from typing import Any

from django import forms

from accounts.models import Account
from contacts.fields import Field, Value, all_fields
from contacts.forms.values import ValueField
from contacts.models import Contact, List
from contacts.services.fields import field_values


class ContactForm(forms.Form):
    """A contact's profile and the account's own fields, all or those that `keep` picks.

    The values of sensitive fields are not shown: they have their own form, one at a time.
    """

    def __init__(
        self,
        *args: Any,
        account: Account,
        contact: Contact | None = None,
        keep: Callable[[Field], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        pick = keep or (lambda field: contact is None or not field.sensitive)
        self.known = [field for field in all_fields(account.pk) if pick(field)]
        for field in self.known:
            held = None if contact is None or field.sensitive else field_values.value_of(contact, field)
            self.fields[field.name] = ValueField(field, held=held)

    def profile(self) -> dict[str, Value]:
        """Return the cleaned standard fields by name."""
        return {field.name: self.cleaned_data[field.name] for field in self.known if not field.is_own}

    def values(self) -> dict[str, Value]:
        """Return the account's own fields by key, empty ones too."""
        return {field.key: self.cleaned_data[field.name] for field in self.known if field.is_own}


class AddContactForm(ContactForm):
    """A new contact, and the lists they go on."""

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, account=account, **kwargs)
        self.fields["lists"] = forms.ModelMultipleChoiceField(
            queryset=List.objects.filter(account=account).order_by("name"),
            required=False,
            widget=forms.CheckboxSelectMultiple,
            help_text="Only if they agreed to it.",
        )
