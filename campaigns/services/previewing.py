"""What a mail will look like to one contact, before it is sent.

The page that shows it is served from the content host, through a signed token that runs out after a while: what an
account writes never meets a member's cookies.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from liquid.exceptions import LiquidError

from accounts.models import Account
from campaigns import queries
from campaigns.models import Campaign, Variant
from contacts.models import Contact
from delivery.content.liquid import sentence
from delivery.content.problems import CannotCompile, Problem
from delivery.services import compiling
from delivery.services.compiling import Content
from emailconcert.lib import signing

PURPOSE = "campaign preview"
VALID_FOR = timedelta(hours=1)
_NO_TOKEN = "test"  # noqa: S105  # no secret: it stands where a message's token would, for a mail sent to nobody


@dataclass(frozen=True)
class Preview:
    """One variant filled for one contact; or the problems that stand against it."""

    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Ticket:
    """What a preview's address says: whose, which campaign, as which contact."""

    account_id: int
    campaign_id: int
    contact_id: int | None


def content_of(variant: Variant) -> Content:
    """Return what delivery compiles."""
    return Content(subject=variant.subject, source=variant.source, kind=variant.kind, preheader=variant.preheader)


def fill_preview(*, variant: Variant, contact: Contact | None, account: Account) -> Preview:
    """Fill a variant for one contact (None: nothing is known of them); mistakes come back with their places."""
    content = content_of(variant)
    values = compiling.contact_values(contact) if contact else {"contact": {}}
    try:
        made = compiling.preview(account=account, content=content, values=values, token=_NO_TOKEN)
        notes = compiling.check_content(account=account, content=content).notes
    except CannotCompile as error:
        return Preview(problems=tuple(error.problems))
    except LiquidError as error:
        return Preview(problems=(Problem(sentence(error)),))
    return Preview(
        subject=made["subject"], html=made["html"], text=made["text"], preheader=variant.preheader, notes=notes
    )


def preview_context(*, campaign: Campaign, contact_id: int | None, now: datetime) -> dict[str, Any]:
    """Return what a page needs to show a preview and to choose as whom: one of the audience, or nobody known."""
    people = queries.preview_contacts(campaign, now=now)
    chosen = next((each for each in people if each.pk == contact_id), people[0] if people else None)
    variant = queries.only_variant(campaign)
    return {
        "variant": variant,
        "preview": fill_preview(variant=variant, contact=chosen, account=campaign.account),
        "preview_url": preview_url(campaign=campaign, contact=chosen, now=now),
        "preview_people": people,
        "preview_contact": chosen,
    }


def preview_url(*, campaign: Campaign, contact: Contact | None, now: datetime) -> str:
    """Return the address of the preview page on the content host; it is valid for an hour."""
    payload = orjson.dumps([campaign.account_id, campaign.pk, contact.pk if contact else None])
    token = signing.sign(payload, purpose=PURPOSE, expires_at=now + VALID_FOR)
    return f"{settings.CONTENT_URL}/preview/{token}/"


def read_ticket(token: str, *, now: datetime) -> Ticket:
    """Return what a token says. Raises `signing.BadToken`."""
    account_id, campaign_id, contact_id = orjson.loads(signing.unsign(token, purpose=PURPOSE, now=now))
    return Ticket(account_id, campaign_id, contact_id)
