"""What members type about campaigns."""

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.choices import time_zones
from accounts.models import Account, User
from campaigns import queries
from campaigns.models import Campaign, Variant
from campaigns.services.versions import Written
from campaigns.timing import LONGEST_SPREAD, Timing
from contacts.models import Segment
from contacts.queries import lists_with_counts
from delivery.content import visual
from delivery.content.compiling import KINDS
from delivery.models import Sender
from emailconcert.lib import addresses

MOST_TEST_MAILS = 10


class NameForm(forms.Form):
    """A campaign's name."""

    name = forms.CharField(max_length=120, help_text="Only your team sees it.")


class ListsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """The account's lists, each with how many people are subscribed."""

    def label_from_instance(self, obj: Any) -> str:
        """Return "News · 4,210 people"."""
        people = getattr(obj, "subscribed", 0)
        return f"{obj.name} · {people:,} {'person' if people == 1 else 'people'}"


class SegmentsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """The account's segments, each with its people when they were last counted."""

    def label_from_instance(self, obj: Any) -> str:
        """Return "Birthday within 7 days · about 42 people"."""
        if obj.people is None:
            return str(obj.name)
        return f"{obj.name} · about {obj.people:,} {'person' if obj.people == 1 else 'people'}"


class AudienceForm(forms.Form):
    """The lists and segments it goes to, and those it does not go to."""

    lists = ListsField(queryset=None, widget=forms.CheckboxSelectMultiple, required=False)
    segments = SegmentsField(queryset=None, widget=forms.CheckboxSelectMultiple, required=False)
    without_lists = ListsField(queryset=None, widget=forms.CheckboxSelectMultiple, required=False, label="Lists")
    without_segments = SegmentsField(
        queryset=None, widget=forms.CheckboxSelectMultiple, required=False, label="Segments"
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists, segments = lists_with_counts(account.pk), Segment.objects.filter(account=account).order_by("name")
        for name, found in (("lists", lists), ("segments", segments)):
            self.fields[name].queryset = found  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
            self.fields[f"without_{name}"].queryset = found  # type: ignore[attr-defined]  # a ModelMultipleChoiceField

    def clean(self) -> dict[str, Any]:
        """Refuse what was chosen on both sides."""
        cleaned = super().clean() or {}
        for name in ("lists", "segments"):
            left_out = {each.pk for each in cleaned.get(f"without_{name}") or ()}
            for each in cleaned.get(name) or ():
                if each.pk in left_out:
                    self.add_error(f"without_{name}", f"“{each.name}” is chosen both to get it and to be left out.")
        return cleaned


class SenderField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """The account's senders; those that are not verified say so."""

    def label_from_instance(self, obj: Any) -> str:
        """Return "Harbour Bakery <hello@example.com>"."""
        return str(obj) if obj.verified_at else f"{obj} (not verified yet)"


class EnvelopeForm(forms.Form):
    """From whom it comes and what stands in the inbox."""

    sender = SenderField(queryset=None, required=False, empty_label="Choose a sender", label="From")
    subject = forms.CharField(
        max_length=250,
        required=False,
        help_text="Up to about 60 characters are shown in full.",
        widget=forms.TextInput(attrs={"data-insert-first": ""}),
    )
    preheader = forms.CharField(
        max_length=250, required=False, help_text="The line that inboxes show after the subject."
    )
    reply_to = forms.CharField(
        max_length=254, required=False, label="Replies go to", help_text="Leave empty for the sender's own address."
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sender"].queryset = Sender.objects.filter(account=account).order_by("name")  # type: ignore[attr-defined]  # a SenderField


def _writing() -> forms.Textarea:
    return forms.Textarea(attrs={"rows": 24, "class": "form-control", "spellcheck": "true"})


class ContentForm(forms.Form):
    """The body as it is written; nothing is trimmed."""

    kind = forms.ChoiceField(
        choices=[each for each in Variant.Kind.choices if each[0] in KINDS], required=False, widget=forms.HiddenInput
    )
    source = forms.CharField(strip=False, required=False, max_length=500_000, label="Body", widget=_writing())
    text = forms.CharField(strip=False, required=False, max_length=100_000, label="Text part", widget=_writing())
    revision = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    page = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)
    drawn = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, variant: Variant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._variant = variant

    def clean_source(self) -> str:
        """Return it with plain line ends: browsers send others than they show."""
        return _plain_ends(self.cleaned_data["source"])

    def clean_text(self) -> str:
        """Return it with plain line ends."""
        return _plain_ends(self.cleaned_data["text"])

    def written(self) -> Written:
        """Return what was written; fields that were not sent, and texts that were not touched, stay as they are.

        A text that differs from what is kept in its line ends only was not edited.
        """
        known, given = self._variant, self.cleaned_data
        source = given["source"] if "source" in self.data else known.source
        if given["drawn"]:
            source = visual.settled(source, known=known.source)
        text = given["text"] if "text" in self.data else known.text
        return Written(
            kind=given["kind"] or known.kind,
            source=known.source if source == _plain_ends(known.source) else source,
            text=known.text if text == _plain_ends(known.text) else text,
        )


def _plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


SPREADS = [
    (0, "At once"),
    *((n, f"Over {n} hour{'s' * (n > 1)}") for n in (1, 2, 3, 4, 6, 8, 12, 24, 48, LONGEST_SPREAD)),
]


class WhenForm(forms.Form):
    """When it goes."""

    kind = forms.ChoiceField(choices=Campaign.Timing, label="It goes", widget=forms.RadioSelect)
    day = forms.DateField(
        required=False, label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    clock = forms.TimeField(
        required=False, label="Time", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    zone = forms.ChoiceField(choices=time_zones, required=False, label="Time zone")
    spread_hours = forms.TypedChoiceField(
        choices=SPREADS, coerce=int, required=False, label="How fast",
        help_text="Spread over hours, a shop or a phone line is not overrun.",
    )  # fmt: skip

    def timing(self) -> Timing:
        """Return what was chosen, without what does not belong to it."""
        given = self.cleaned_data
        kind, zone, spread = given["kind"], given.get("zone") or "", given.get("spread_hours") or 0
        if kind == Campaign.Timing.NOW:
            return Timing(kind, zone=zone, spread_hours=spread)
        spread = 0 if kind == Campaign.Timing.LOCAL else spread
        return Timing(kind, given.get("day"), given.get("clock"), zone, spread)


class AddressesField(forms.CharField):
    """Addresses, one to a line or apart by commas."""

    def clean(self, value: Any) -> Any:
        """Return them normalised, each once."""
        parts = (super().clean(value) or "").replace(",", "\n").replace(";", "\n").split("\n")
        found: list[str] = []
        for part in filter(None, (each.strip() for each in parts)):
            try:
                found.append(addresses.normalise(part))
            except addresses.BadAddress as error:
                raise forms.ValidationError(str(error)) from None
        return list(dict.fromkeys(found))


class MembersField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """The account's login profiles, with their addresses."""

    def label_from_instance(self, obj: Any) -> str:
        """Return "Alice Berg, alice@example.com"."""
        return f"{obj.name}, {obj.email}"


class TrialForm(forms.Form):
    """Of which variants a test mail goes, and to whom."""

    variants = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="Variants")
    members = MembersField(
        queryset=None, widget=forms.CheckboxSelectMultiple, required=False, label="People in your team"
    )
    others = AddressesField(
        required=False,
        label="Other addresses",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=f"One to a line, {MOST_TEST_MAILS} test mails at most.",
    )

    def __init__(self, *args: Any, account: Account, variants: Sequence[Variant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(variants) > 1:
            named = [(each.name, f"{each.name} · {each.subject or 'No subject yet'}") for each in variants]
            self.fields["variants"].choices = named  # type: ignore[attr-defined]  # a MultipleChoiceField
        else:
            del self.fields["variants"]
        self.fields["members"].queryset = User.objects.filter(  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
            pk__in=queries.member_ids(account)
        ).order_by("name")

    def clean(self) -> dict[str, Any]:
        """Put all addresses together under `to`."""
        cleaned = super().clean() or {}
        to = [user.email for user in cleaned.get("members") or []]
        cleaned["to"] = list(dict.fromkeys([*to, *(cleaned.get("others") or [])]))
        if not self.errors and not cleaned["to"]:
            raise forms.ValidationError("Choose somebody, or type an address.")
        if len(cleaned["to"]) * len(cleaned.get("variants") or "A") > MOST_TEST_MAILS:
            raise forms.ValidationError(f"Send at most {MOST_TEST_MAILS} test mails at a time.")
        return cleaned


class SendForm(forms.Form):
    """The explicit yes: the number of people, typed."""

    shown = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    typed = forms.CharField(max_length=20, label="Number of people")

    def clean(self) -> dict[str, Any]:
        """Refuse another number than the page showed."""
        cleaned = super().clean() or {}
        typed, shown = cleaned.get("typed"), cleaned.get("shown")
        if typed and shown and "".join(filter(str.isdigit, typed)) != str(shown):
            self.add_error("typed", f"Type {shown:,} to confirm that it goes to that many people.")
        return cleaned


class ListFilter(forms.Form):
    """Search and filter of the list of campaigns."""

    q = forms.CharField(required=False, max_length=120)
    state = forms.ChoiceField(required=False, choices=[("", "All"), *Campaign.State.choices])
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)
