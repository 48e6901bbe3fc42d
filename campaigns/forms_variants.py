"""What members type about variants, and how they are tested."""

from typing import Any

from django import forms

from campaigns.models import Campaign
from campaigns.services.variants import HOURS, PERCENTS, Plan


class VariantForm(forms.Form):
    """What stands in the inbox for one variant."""

    subject = forms.CharField(max_length=250, required=False, help_text="Up to about 60 characters are shown in full.")
    preheader = forms.CharField(
        max_length=250, required=False, help_text="The line that inboxes show after the subject."
    )
    from_name = forms.CharField(
        max_length=100,
        required=False,
        label="Name of the sender",
        help_text="Leave empty for the name of the sender you chose. The address stays the same.",
    )

    clock = forms.TimeField(
        required=False, label="Time of day", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if zone:
            self.fields["clock"].help_text = f"{zone} time. Leave empty in all variants to send them at the same time."
        else:
            del self.fields["clock"]

    def clean_from_name(self) -> str:
        """Refuse what can't stand in a header line."""
        name = str(self.cleaned_data["from_name"])
        if not name.isprintable():
            raise forms.ValidationError("Use plain letters and signs only.")
        return name


class PlanForm(forms.Form):
    """How a test is done."""

    percent = forms.IntegerField(
        min_value=PERCENTS[0],
        max_value=PERCENTS[1],
        label="Share of the audience",
        help_text="In percent, 10 to 50, split evenly among the variants. The rest gets the winner.",
    )
    winner_by = forms.ChoiceField(choices=Campaign.WinnerBy.choices, label="Winner", widget=forms.RadioSelect)
    hours = forms.IntegerField(
        min_value=HOURS[0],
        max_value=HOURS[1],
        label="Hours until the winner is chosen",
        help_text="From when the sample has left, 1 to 72. By hand there is no limit.",
    )
    if_undecided = forms.ChoiceField(
        choices=Campaign.IfUndecided.choices,
        label="If there is no winner",
        widget=forms.RadioSelect,
        help_text="When nobody opened or clicked, or the best are level.",
    )

    rest_goes = forms.ChoiceField(
        choices=Campaign.RestGoes.choices,
        label="The rest gets the winner",
        widget=forms.RadioSelect,
        help_text="Who is in the rest is settled when the winner is chosen.",
    )

    def __init__(self, *args: Any, is_timed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_timed:
            del self.fields["rest_goes"]

    def plan(self) -> Plan:
        """Return what was chosen."""
        return Plan(**self.cleaned_data)
