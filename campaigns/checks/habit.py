"""What is unlike what the account usually sends: a campaign again, or one to many more people than ever."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Max

from campaigns.checks.check import Check, people
from campaigns.models import Campaign, Variant
from delivery.models import Mailing

WEEK = timedelta(days=7)
_MANY = 500
_TIMES = 3


def check_habit(campaign: Campaign, variant: Variant, audience: int, *, now: datetime) -> Iterator[Check]:
    """Look at what was sent before; in the account's scope."""
    lately = Variant.objects.filter(campaign__sent_at__gt=now - WEEK, subject=variant.subject).exclude(subject="")
    again = lately.exclude(campaign=campaign).select_related("campaign").order_by("-campaign__sent_at").first()
    if again and not campaign.follow_up_of_id:  # which says the same on purpose, to people of whom nobody gets it twice
        days = (now - again.campaign.sent_at).days if again.campaign.sent_at else 0
        ago = "today" if not days else "yesterday" if days == 1 else f"{days} days ago"
        yield Check(
            "notice",
            f"“{again.campaign.name}” has the same subject and went out {ago}.",
            "campaigns:envelope",
            why="People who get the same mail twice leave, or report it as spam.",
        )
    largest = Mailing.objects.filter(kind=Mailing.Kind.CAMPAIGN).aggregate(most=Max("audience"))["most"]
    if largest and audience > max(_MANY, _TIMES * largest):
        yield Check(
            "notice",
            f"It goes to {people(audience)}; your largest campaign so far went to {largest:,}.",
            "campaigns:audience",
            why="Mailbox providers slow down senders who suddenly send much more. Spread it over some hours.",
        )
