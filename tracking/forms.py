"""What contacts may choose from a link in a mail."""

from collections.abc import Sequence
from typing import Any

from django import forms

from contacts.models import List
from tracking.services.opting_out import PAUSES

_KEEP = ("", "Leave as it is")
_LANGUAGES = (
    ("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español"), ("it", "Italiano"),
    ("nl", "Nederlands"), ("pl", "Polski"), ("pt", "Português"), ("sv", "Svenska"), ("da", "Dansk"),
)  # fmt: skip


class LeaveForm(forms.Form):
    """One visible button; the rest may be left alone."""

    reason = forms.ChoiceField(
        required=False,
        label="Why are you leaving?",
        choices=[
            ("", "I'd rather not say"),
            ("Too many mails", "Too many mails"),
            ("Not relevant", "It isn't relevant to me"),
            ("Never signed up", "I never signed up"),
            ("Other", "Something else"),
        ],
    )
    everything = forms.BooleanField(required=False)


class PreferenceForm(forms.Form):
    """Choices, none of which shows what is stored: a mail may have been forwarded."""

    pause = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Take a break",
        choices=[_KEEP, *((str(days), f"No mail for {days} days") for days in PAUSES)],
        widget=forms.RadioSelect,
    )
    tracking = forms.TypedChoiceField(
        required=False,
        coerce=lambda value: value == "off",
        empty_value=None,
        label="Opens and clicks",
        choices=[_KEEP, ("off", "Don't record when I open or click"), ("on", "You may record them")],
        widget=forms.RadioSelect,
    )

    language = forms.ChoiceField(required=False, label="Language", choices=[_KEEP, *_LANGUAGES])

    def __init__(self, *args: Any, lists: Sequence[List], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.list_ids = [each.pk for each in lists]
        for each in lists:
            self.fields[f"list_{each.pk}"] = forms.ChoiceField(
                required=False,
                label=each.name,
                help_text=each.description,
                choices=[_KEEP, ("join", "Send me this"), ("stop", "Stop sending me this")],
                widget=forms.RadioSelect,
            )

    def of_lists(self) -> list[forms.BoundField]:
        """Return the fields of the lists."""
        return [self[f"list_{pk}"] for pk in self.list_ids]

    def chosen(self, choice: str) -> set[int]:
        """Return the lists for which this was chosen."""
        return {pk for pk in self.list_ids if self.cleaned_data.get(f"list_{pk}") == choice}
