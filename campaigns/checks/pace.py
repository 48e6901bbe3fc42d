"""Over how many days a campaign leaves, where its domain is being warmed up."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from campaigns.checks import Check
from campaigns.models import Campaign
from delivery.services import origins, warming


def check_pace(campaign: Campaign, people: int, *, now: datetime) -> Iterator[Check]:
    """Tell for how many days a warm-up plan stretches it; in the account's scope."""
    domain = origins.domain_for(campaign.sender) if campaign.sender else None
    if domain is None or domain.verified_at is None:
        return
    start = max(campaign.due_at or now, now)
    days = warming.days_for(account_id=campaign.account_id, domain_id=domain.pk, people=people, now=start)
    if days > 1:
        why = f"{domain.domain} is being warmed up: what is over a day’s volume waits for the next day."
        yield Check("notice", f"It takes {days} days to leave.", page=reverse("delivery:limits"), why=why)
