"""Test mails: the campaign as it is, to a few people, never counted.

The addresses wait sealed in the outbox; a worker sends them through the same wire as the campaign itself.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from accounts.services import outbox
from campaigns import queries
from campaigns.models import Campaign
from campaigns.services import previewing
from campaigns.services.sending import CannotSend
from contacts.models import Contact
from delivery.services import compiling, single
from delivery.services.compiling import Content
from emailconcert.lib.tenancy import account_scope

TOPIC = "campaign.test_asked"


def send_test(*, campaign: Campaign, to: Sequence[str], contact: Contact | None = None, now: datetime) -> int:
    """Ask for a test mail to each address, filled as `contact` would get it; return how many.

    Raises `CannotSend` and `CannotCompile`.
    """
    if campaign.sender is None or campaign.sender.verified_at is None:
        raise CannotSend("Choose a sender that is verified first.")
    compiling.check_content(account=campaign.account, content=_content(campaign))
    for address in to:
        payload = {"campaign": campaign.pk, "to": address, "contact": contact.pk if contact else None}
        outbox.put_event(topic=TOPIC, payload=payload, account_id=campaign.account_id, now=now)
    Campaign.objects.filter(pk=campaign.pk).update(tested_at=now)
    return len(to)


def deliver_test(*, account_id: int, campaign_id: int, to: str, contact_id: int | None, now: datetime) -> None:
    """Send one test mail that was asked for; a worker does this, outside any transaction."""
    with account_scope(account_id):
        campaign = Campaign.objects.select_related("account", "sender").filter(pk=campaign_id).first()
        if campaign is None or campaign.sender is None:
            return
        content, contact = _content(campaign), queries.preview_contact(contact_id)
    single.send_test_mail(
        account=campaign.account, content=content, sender=campaign.sender, to=to, now=now, contact=contact
    )


def _content(campaign: Campaign) -> Content:
    written = previewing.content_of(queries.only_variant(campaign))
    return replace(written, subject=f"[Test] {written.subject}" if written.subject.strip() else "")
