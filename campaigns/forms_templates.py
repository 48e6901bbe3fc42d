"""What members type about templates, and about what a campaign starts from."""

from typing import Any

from django import forms

from accounts.models import Account
from campaigns import gallery
from campaigns.forms import NameForm
from campaigns.services import starting_points
from campaigns.services.starting_points import Start
from campaigns.template_queries import templates_of


class StartForm(NameForm):
    """A new campaign: its name, and what it starts from (nothing: empty)."""

    start = forms.CharField(required=False, max_length=60)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._account = account

    def clean_start(self) -> Start | None:
        """Return what was chosen."""
        key = self.cleaned_data["start"]
        found = starting_points.find_start(key, account=self._account)
        if key and found is None:
            raise forms.ValidationError("This is no longer there. Choose something else to start from.")
        return found


class TemplateForm(forms.Form):
    """A template's name and what it is for."""

    name = forms.CharField(max_length=120)
    occasion = forms.ChoiceField(required=False, choices=[("", "Anything"), *gallery.OCCASIONS.items()], label="For")


class TemplateField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """The account's own templates."""


class SaveForm(TemplateForm):
    """What a campaign says, to be kept as a template."""

    into = TemplateField(queryset=None, required=False, empty_label="A new template", label="Save as")
    field_order = ("into", "name", "occasion")

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = templates_of(account).order_by("name")
        self.fields["into"].queryset = found  # type: ignore[attr-defined]  # a TemplateField


class BlockNameForm(forms.Form):
    """The name of a saved block."""

    name = forms.CharField(max_length=80, label="Name")


class BlockForm(BlockNameForm):
    """A part of a mail, to be kept as a block."""

    element = forms.CharField(widget=forms.HiddenInput)


class Filter(forms.Form):
    """Search and filter of the templates."""

    q = forms.CharField(required=False, max_length=100)
    occasion = forms.ChoiceField(required=False, choices=[("", "All"), *gallery.OCCASIONS.items()])
    after = forms.IntegerField(required=False, min_value=0, max_value=10**17)
    before = forms.IntegerField(required=False, min_value=0, max_value=10**17)
