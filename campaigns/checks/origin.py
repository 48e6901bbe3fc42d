"""Whom a campaign comes from, as people will see it."""

from collections.abc import Iterator

from django.urls import reverse

from accounts.models import Account
from campaigns.checks import Check
from campaigns.models import Campaign
from delivery.models import Sender
from delivery.services import origins


def shown(campaign: Campaign) -> str:
    """Return the address that an inbox will show, empty where no sender is chosen."""
    return origins.address_of(campaign.sender, account=campaign.account) if campaign.sender else ""


def check(sender: Sender, account: Account, step: str) -> Iterator[Check]:
    """Tell whom it comes from: the sender, or us in their name while their domain is not verified."""
    domain, host = origins.domain_for(sender), sender.email.rpartition("@")[2]
    page = reverse("delivery:domain", args=[domain.pk]) if domain else reverse("delivery:sending")
    try:
        found = origins.origin_of(sender, account=account)
    except origins.CannotMail as error:
        yield Check("blocking", str(error), page=page)
        return
    if not found.is_shared:
        yield Check("ok", f"It comes from {sender.name}, {sender.email}.", step)
        return
    why = f"Gmail, Yahoo and Microsoft ask for SPF, DKIM and DMARC, which the DNS of {host} does not have for us yet."
    yield Check("notice", f"It leaves from {found.email}, and answers go to {sender.email}.", page=page, why=why)
