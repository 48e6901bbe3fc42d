"""Forms of an account: its team, its settings, its log."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.forms import fields
from accounts.models import Account, Membership, Role
from accounts.services.businesses import Business

_ROLE_HELP = {
    Role.OWNER: "everything, also handing the account over",
    Role.ADMIN: "settings and team",
    Role.EDITOR: "contacts and campaigns",
    Role.VIEWER: "looks only",
}


def role_choices(by: Membership) -> list[tuple[str, str]]:
    """Return the roles that this member may give, with what each may do."""
    roles = [Role.VIEWER, Role.EDITOR, Role.ADMIN]
    if by.role == Role.OWNER:
        roles.append(Role.OWNER)
    return [(str(role.value), f"{role.label}: {_ROLE_HELP[role]}") for role in roles]


class InviteForm(forms.Form):
    """Whom to invite, as what."""

    email = fields.AddressField(autocomplete="off")
    role = forms.ChoiceField(label="Role", initial=Role.EDITOR)

    def __init__(self, *args: Any, by: Membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)  # noqa: S101  # tells mypy what stands above
        role.choices = role_choices(by)


class RoleForm(forms.Form):
    """A member's new role."""

    role = forms.ChoiceField(choices=Role.choices)


class TransferForm(forms.Form):
    """Whom the account is handed to."""

    to = forms.ChoiceField(label="New owner")

    def __init__(self, *args: Any, others: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        to = self.fields["to"]
        assert isinstance(to, forms.ChoiceField)  # noqa: S101  # tells mypy what stands above
        to.choices = [("", "Choose a member"), *((str(each.pk), str(each.user)) for each in others)]


class BusinessForm(forms.Form):
    """The account's settings."""

    name = forms.CharField(label="Business name", max_length=200)
    postal_address = forms.CharField(
        label="Postal address",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text="Stands at the foot of every newsletter, as the law asks.",
    )
    country = fields.country_field()
    time_zone = fields.zone_field()
    language = fields.language_field()
    requires_second_factor = forms.BooleanField(
        label="Every member needs a second factor",
        required=False,
        help_text="Members without one are asked to set it up before they can go on.",
    )
    tracks_opens = forms.BooleanField(
        label="Count opens", required=False, help_text="Puts a one-pixel picture into your mails."
    )
    tracks_clicks = forms.BooleanField(
        label="Count clicks", required=False, help_text="Leads links over our address before they go on."
    )

    @classmethod
    def of(cls, account: Account) -> "BusinessForm":
        """Return the form as the account is now."""
        return cls(initial={name: getattr(account, name) for name in cls.base_fields})

    def business(self) -> Business:
        """Return what was typed."""
        return Business(**self.cleaned_data)


class AuditFilterForm(forms.Form):
    """What to show of the log."""

    action = forms.ChoiceField(label="What", required=False)
    person = forms.TypedChoiceField(label="Who", required=False, coerce=int, empty_value=None)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput({"type": "date"}))
    before = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actions: Sequence[tuple[str, str]], members: Sequence[Membership]) -> None:
        super().__init__(*args)
        action, person = self.fields["action"], self.fields["person"]
        assert isinstance(action, forms.ChoiceField)  # noqa: S101  # tells mypy what stands above
        assert isinstance(person, forms.ChoiceField)  # noqa: S101  # tells mypy what stands above
        action.choices = [("", "Everything"), *actions]
        person.choices = [("", "Everybody"), *((str(each.user_id), str(each.user)) for each in members)]
