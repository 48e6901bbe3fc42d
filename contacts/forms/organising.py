"""Lists, tags and suppressed addresses."""

from typing import Any

from django import forms

from accounts.models import Account
from contacts import senders
from contacts.models import Tag


class ListForm(forms.Form):
    """A list, and the mail that welcomes people on it."""

    name = forms.CharField(max_length=100)
    description = forms.CharField(max_length=300, required=False, help_text="Shown on forms and preference pages.")
    is_public = forms.BooleanField(
        label="Offer it on preference pages",
        required=False,
        initial=True,
        help_text="Otherwise it is internal: only you and your forms put people on it.",
    )
    double_opt_in = forms.BooleanField(
        label="People confirm by a link (double opt-in)",
        required=False,
        initial=True,
        help_text="The only proof that the address is theirs. Some countries ask for it.",
    )
    welcome_subject = forms.CharField(
        max_length=150, required=False, label="Subject", help_text="Left empty, no welcome mail is sent."
    )
    welcome_text = forms.CharField(
        max_length=5000,
        required=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Plain text; empty lines part paragraphs.",
    )
    sender_id = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, label="It comes from")

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = senders.choices(account.pk)
        self.fields["sender_id"].choices = [("", "Your business's name"), *known]  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        """Ask for both parts of a welcome mail, or for none."""
        values = self.cleaned_data
        if bool(values.get("welcome_subject")) != bool(values.get("welcome_text")):
            self.add_error("welcome_text", "A welcome mail needs a subject and a text.")
        return values


class TagForm(forms.Form):
    """A tag."""

    name = forms.CharField(max_length=60)


class MergeTagForm(forms.Form):
    """The tag that takes another one's people."""

    into: "forms.ModelChoiceField[Tag]" = forms.ModelChoiceField(queryset=None)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = Tag.objects.filter(account=account)  # type: ignore[attr-defined]  # a choice field


class BlockForm(forms.Form):
    """Addresses and domains that are never to be mailed, pasted or as a file."""

    addresses = forms.CharField(
        label="Addresses or domains",
        max_length=2_000_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line. A domain alone, such as example.org, stands for everybody there.",
    )
    file = forms.FileField(
        required=False,
        label="Or a file",
        help_text="Plain text or CSV with the address first, at most 2 MB.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )

    def clean(self) -> dict[str, Any]:
        """Ask for either."""
        values = self.cleaned_data
        file = values.get("file")
        if file and file.size > 2_000_000:
            self.add_error("file", "This file is larger than 2 MB. Split it.")
        elif not file and not values.get("addresses", "").strip():
            self.add_error("addresses", "Write an address or a domain.")
        return values

    def text(self) -> str:
        """Return what was pasted or uploaded."""
        file = self.cleaned_data.get("file")
        pasted: str = self.cleaned_data["addresses"]
        return f"{pasted}\n{file.read().decode('utf-8-sig', 'replace')}" if file else pasted


class LiftForm(forms.Form):
    """Why an address may be mailed again."""

    reason = forms.CharField(max_length=200)
