"""What campaigns do when something ends below."""

from django.utils.timezone import now

from accounts.models import Outbox
from accounts.services import outbox
from campaigns.models import Variant
from campaigns.services import following, trying


@outbox.handles(Outbox.Kind.EVENT)
def follow_mailing(entry: outbox.Entry) -> None:
    """Bring a campaign's state up to date when its mailing is done."""
    if entry.topic == "mailing.done" and entry.account_id is not None:
        following.follow_mailing(account_id=entry.account_id, mailing_id=entry.payload["mailing"], now=now())


@outbox.handles(Outbox.Kind.EVENT)
def deliver_test(entry: outbox.Entry) -> None:
    """Send a test mail that a member asked for."""
    if entry.topic == trying.TOPIC and entry.account_id is not None:
        trying.deliver_test(
            account_id=entry.account_id,
            campaign_id=entry.payload["campaign"],
            name=entry.payload.get("variant", Variant.FIRST),
            to=entry.payload["to"],
            contact_id=entry.payload["contact"],
            now=now(),
        )
