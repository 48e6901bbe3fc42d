"""Test mails: the campaign as it is, to a few people, never counted.

The addresses wait sealed in the outbox; a worker sends them through the same wire as the campaign itself.
"""

from collections.abc import Sequence
from datetime import datetime

from accounts.services import outbox
from campaigns import queries
from campaigns.models import Campaign
from campaigns.services import previewing
from campaigns.services.sending import CannotSend
from contacts.models import Contact
from delivery.models import Mailing
from delivery.services import compiling, testing
from delivery.services.compiling import Content
from emailconcert.lib.tenancy import account_scope

TOPIC = "campaign.test_asked"


def send_test(*, campaign: Campaign, to: Sequence[str], contact: Contact | None = None, now: datetime) -> int:
    """Ask for a test mail to each address, filled as `contact` would get it; return how many.

    Raises `CannotSend`, and what compiling raises.
    """
    if campaign.sender is None or campaign.sender.verified_at is None:
        raise CannotSend("Choose a sender that is verified first.")
    content = previewing.content_of(queries.only_variant(campaign))
    mailing = compiling.compile_mailing(
        account=campaign.account,
        kind=Mailing.Kind.TEST,
        content=Content(f"[Test] {content.subject}", content.source, content.kind, content.preheader),
        sender=campaign.sender,
        reply_to=campaign.reply_to,
    )
    payload = {"mailing": mailing.pk, "to": list(to), "contact": contact.pk if contact else None}
    outbox.put_event(topic=TOPIC, payload=payload, account_id=campaign.account_id, now=now)
    Campaign.objects.filter(pk=campaign.pk).update(tested_at=now)
    return len(to)


def deliver_test(*, account_id: int, mailing_id: int, to: Sequence[str], contact_id: int | None, now: datetime) -> None:
    """Send what `send_test` asked for; a worker does this, outside any transaction."""
    with account_scope(account_id):
        values = compiling.contact_values(queries.preview_contact(contact_id) or Contact())
    testing.send_test(account_id=account_id, mailing_id=mailing_id, to=to, values=values, now=now)
