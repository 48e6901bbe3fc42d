"""Test mails: the campaign as it is, to a few people, never counted.

The addresses wait sealed in the outbox; a worker sends them through the same wire as the campaign itself.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product

from django.db import transaction

from accounts.models import Account
from accounts.services import outbox
from campaigns import queries
from campaigns.models import Campaign, Variant
from campaigns.services import previewing
from campaigns.services.sending import CannotSend
from contacts.models import Contact
from delivery.content.problems import CannotCompile
from delivery.services import compiling, single
from delivery.services.compiling import Content
from emailconcert.lib import limits
from emailconcert.lib.tenancy import account_scope

logger = logging.getLogger(__name__)

TOPIC = "campaign.test_asked"
MOST_IN_AN_HOUR = 60  # test mails go to any address and count against no quota


def send_test(
    *,
    campaign: Campaign,
    to: Sequence[str],
    names: Sequence[str] = (Variant.FIRST,),
    contact: Contact | None = None,
    now: datetime,
) -> int:
    """Ask for a test mail of each named variant to each address, filled as `contact` would get it; return how many.

    Raises `CannotSend`, `CannotCompile`, and `MayNotTest` where one of them is not to be written to.
    """
    if campaign.sender is None or campaign.sender.verified_at is None:
        raise CannotSend("Choose a sender that is verified first.")
    if campaign.account.status != Account.Status.ACTIVE:
        raise CannotSend("Your account can't send at the moment.")
    there = [each for each in queries.alternatives(campaign) if each.name in names]
    for variant in there:
        compiling.check_content(account=campaign.account, content=_content(variant))
    for address in to:
        single.check_test_address(account=campaign.account, to=address)
    with transaction.atomic():
        for address, variant in product(to, there):
            if not limits.hit("test mail", campaign.account_id, MOST_IN_AN_HOUR, 3600):
                raise CannotSend(f"Your account may send {MOST_IN_AN_HOUR} test mails an hour. Try again later.")
            payload = {"campaign": campaign.pk, "to": address, "contact": contact.pk if contact else None}
            payload["variant"] = variant.name
            outbox.put_event(topic=TOPIC, payload=payload, account_id=campaign.account_id, now=now)
    Campaign.objects.filter(pk=campaign.pk).update(tested_at=now)
    return len(to) * len(there)


def deliver_test(
    *, account_id: int, campaign_id: int, name: str, to: str, contact_id: int | None, now: datetime
) -> None:
    """Send one test mail that was asked for; a worker does this, outside any transaction."""
    try:
        with account_scope(account_id):
            campaign = Campaign.objects.select_related("account", "sender").filter(pk=campaign_id).first()
            variant = queries.variant(campaign, name) if campaign else None
            if campaign is None or campaign.sender is None or variant is None:
                return
            content, contact = _content(variant), queries.preview_contact(contact_id)
        single.send_test_mail(
            account=campaign.account,
            content=content,
            sender=campaign.sender,
            from_name=variant.from_name,
            reply_to=campaign.reply_to,
            to=to,
            now=now,
            contact=contact,
            about=previewing.about(campaign, now=now),
        )
    except (CannotCompile, compiling.CannotMail, single.MayNotTest):
        # Changed since it was asked for; trying again would not help.
        logger.info("test mail given up", extra={"campaign": campaign_id})


def _content(variant: Variant) -> Content:
    """Return what it says, marked as a test; of several variants with which it is."""
    written = previewing.content_of(variant)
    others = Variant.objects.filter(campaign_id=variant.campaign_id).exclude(name=Variant.REST).exclude(pk=variant.pk)
    mark = f"[Test {variant.name}]" if others.exists() else "[Test]"
    return replace(written, subject=f"{mark} {written.subject}" if written.subject.strip() else "")
