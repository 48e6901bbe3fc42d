"""The mails that were sent to a contact, on their timeline."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from campaigns.models import Variant
from contacts import queries
from contacts.models import Contact
from contacts.services import timeline
from contacts.services.timeline import Bound, Entry
from delivery.models import Message, Outcome


def entries(contact: Contact, limit: int, bound: Bound | None) -> Sequence[Entry]:
    """Return the newest mails that left below the bound; the mailing tells those of one moment apart."""
    mine = {"account_id": contact.account_id, "contact_id__in": queries.ids_of(contact)}
    sent = Message.objects.filter(**mine, outcome=Outcome.SENT, settled_at__isnull=False)
    if bound is not None:
        sent = sent.filter(Q(settled_at__lt=bound.at) | Q(settled_at=bound.at, mailing_id__lt=bound.number))
    rows = list(sent.order_by("-settled_at", "-mailing_id").values_list("mailing_id", "settled_at")[:limit])
    variants = Variant.objects.filter(account_id=contact.account_id, mailing__in={mailing for mailing, _ in rows})
    known = {variant.mailing_id: variant for variant in variants.select_related("campaign")}
    return [_entry(mailing, at, known.get(mailing)) for mailing, at in rows if at is not None]


def _entry(mailing: int, at: datetime, variant: Variant | None) -> Entry:
    if variant is None:
        return Entry(at, "Sent a mail", "send", number=mailing)
    url = reverse("campaigns:report", args=[variant.campaign_id])
    return Entry(at, f"Sent “{variant.campaign.name}”", "send", url=url, number=mailing)


timeline.register("campaigns", entries)
