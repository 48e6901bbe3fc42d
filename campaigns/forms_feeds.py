"""What members type about feeds."""

import calendar

from django import forms

from accounts.choices import time_zones
from campaigns.feed_models import Feed
from campaigns.services.feeding import Plan

MOST_ITEMS = 20
_WEEKDAYS = list(enumerate(calendar.day_name))
_MONTH_DAYS = [(n, str(n)) for n in range(1, 31)] + [(31, "31, or the last day")]
_ITSELF = [("no", "A draft, and I am told of it"), ("yes", "A campaign that is sent by itself")]


class FeedForm(forms.Form):
    """A feed's address, and when and how its news are mailed."""

    name = forms.CharField(max_length=120, help_text="Only your team sees it.")
    url = forms.CharField(
        max_length=2000,
        label="Address of the feed",
        help_text="An RSS or Atom feed, as in https://example.com/feed.xml.",
        widget=forms.URLInput,
    )
    every = forms.ChoiceField(choices=Feed.Every, label="It goes", widget=forms.RadioSelect)
    weekday = forms.TypedChoiceField(choices=_WEEKDAYS, coerce=int, label="Day of the week")
    month_day = forms.TypedChoiceField(choices=_MONTH_DAYS, coerce=int, label="Day of the month")
    clock = forms.TimeField(label="Time", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    zone = forms.ChoiceField(choices=time_zones, label="Time zone")
    most_items = forms.IntegerField(
        min_value=1, max_value=MOST_ITEMS, label="Items in a mail, at most",
        help_text="The newest are taken. What did not fit is not mailed later.",
    )  # fmt: skip
    only_if_new = forms.BooleanField(required=False, label="Only if there is something new")
    by_itself = forms.ChoiceField(choices=_ITSELF, label="Each time, make", widget=forms.RadioSelect)

    def plan(self) -> Plan:
        """Return what was chosen."""
        given = {name: self.cleaned_data[name] for name in Plan.__annotations__}
        return Plan(**given | {"by_itself": given["by_itself"] == "yes"})


class NewFeedForm(FeedForm):
    """A feed to begin with."""

    begin_with = forms.IntegerField(
        min_value=0, max_value=MOST_ITEMS, initial=0, label="Begin with the newest",
        help_text="How many of the items that are there already go into the first mail. 0: only what comes from now on.",
    )  # fmt: skip


class PageForm(forms.Form):
    """Which page of a feed's runs."""

    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)
