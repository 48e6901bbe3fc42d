"""What members choose about the archive, and for how long a link to a report holds."""

from typing import Any

from django import forms

from accounts.models import Account
from campaigns.services.archiving import Choices
from campaigns.services.sharing import DAYS
from contacts.models import Form


class ArchiveForm(forms.Form):
    """An account's archive."""

    is_open = forms.BooleanField(label="Show the archive to anybody", required=False)
    includes_new = forms.TypedChoiceField(
        label="What is in it",
        choices=[
            ("yes", "What I send to whole lists, from now on. Single campaigns can be taken out or added."),
            ("no", "Only the campaigns that I add"),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    form: "forms.ModelChoiceField[Form]" = forms.ModelChoiceField(
        queryset=None,
        required=False,
        empty_label="None",
        label="Sign-up form",
        help_text="The archive links to it and has its logo and colours.",
    )
    intro = forms.CharField(
        max_length=300,
        required=False,
        label="A line about your mails",
        help_text="Stands above the list: what people get, and how often.",
    )
    is_indexed = forms.BooleanField(
        label="Let search engines list it",
        required=False,
        help_text="What they have read once can stay with them after you take it out.",
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        online = Form.objects.filter(account=account, is_active=True, version__gt=0)
        self.fields["form"].queryset = online.order_by("name")  # type: ignore[attr-defined]  # a choice field

    def chosen(self) -> Choices:
        """Return what was chosen."""
        return Choices(**self.cleaned_data)


class ShareForm(forms.Form):
    """For how long a new link to a report holds."""

    days = forms.TypedChoiceField(
        label="It ends after",
        choices=[(days, "1 day" if days == 1 else f"{days} days") for days in DAYS],
        coerce=int,
        initial=7,
    )
