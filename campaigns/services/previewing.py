"""What a mail will look like to one contact, before it is sent.

The page that shows it is served from the content host, through a signed token that runs out after a while: what an
account writes never meets a member's cookies.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from liquid.exceptions import LiquidError

from accounts.models import Account
from campaigns import queries
from campaigns.feeds import patterns
from campaigns.models import Campaign, ContentVersion, Variant
from campaigns.services import inventing
from campaigns.timing import timing_of
from contacts.models import Contact
from delivery.content.liquid import sentence
from delivery.content.problems import CannotCompile, Problem
from delivery.services import compiling
from delivery.services.compiling import About, Content
from emailconcert.lib import signing

PURPOSE = "campaign preview"
VALID_FOR = timedelta(hours=1)
NO_SUBJECT = "No subject yet"
NOBODY = "nobody"
INVENTED = "invented"
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
class Eyes:
    """Through whose eyes a draft is looked at: a contact's, an invented one's, or somebody's of whom nothing is known."""

    contact: Contact | None = None
    is_invented: bool = False

    def __str__(self) -> str:
        if self.contact:
            return str(self.contact)
        return "an invented contact" if self.is_invented else "somebody unknown"

    @property
    def key(self) -> str:
        """Return what stands in addresses and forms for it."""
        if self.contact:
            return str(self.contact.pk)
        return INVENTED if self.is_invented else NOBODY


@dataclass(frozen=True)
class Ticket:
    """What a preview's address says: whose, which campaign, through whose eyes, and which version (None: what is there)."""

    account_id: int
    campaign_id: int
    eyes: str
    version: int | None
    variant: str = Variant.FIRST


def content_of(written: Variant | ContentVersion) -> Content:
    """Return what delivery compiles; of a feed's pattern what it would say next. Raises `CannotCompile`."""
    content = Content(
        subject=written.subject,
        source=written.source,
        kind=written.kind,
        preheader=written.preheader,
        text=written.text,
    )
    return patterns.filled(content, written)


def about(campaign: Campaign, *, now: datetime) -> About:
    """Return what its mail may say of a campaign; one that goes by each person's clock has the same day for all."""
    timing = timing_of(campaign)
    if timing.kind == Campaign.Timing.LOCAL and timing.typed:
        return About(campaign.name, timing.typed)
    return About(campaign.name, campaign.sent_at or campaign.due_at or now)


def fill_preview(
    *,
    variant: Variant | ContentVersion,
    contact: Contact | None,
    account: Account,
    about: About,
    is_invented: bool = False,
) -> Preview:
    """Fill a variant for one contact (None: nothing is known of them); mistakes come back with their places."""
    values = compiling.contact_values(contact) if contact else {"contact": {}}
    if is_invented:
        values = inventing.contact_values(account)
    try:
        content = content_of(variant)
        content = replace(content, subject=content.subject if content.subject.strip() else NO_SUBJECT)
        made = compiling.preview(account=account, content=content, values=values, token=_NO_TOKEN, about=about)
    except CannotCompile as error:
        return Preview(problems=tuple(error.problems))
    except LiquidError as error:
        return Preview(problems=(Problem(sentence(error)),))
    return Preview(subject=made.subject, html=made.html, text=made.text, preheader=content.preheader, notes=made.notes)


def look_through(key: str, *, people: list[Contact], typed: str = "", account_id: int) -> Eyes:
    """Return whose eyes a form or an address means; where it means nobody, the first of the people.

    `typed` is the address of any contact of the account.
    """
    if typed.strip():
        return Eyes(queries.contact_by_address(typed, account_id=account_id))
    if key in (NOBODY, INVENTED):
        return Eyes(is_invented=key == INVENTED)
    wanted = int(key) if key.isdecimal() and len(key) < 18 else None
    chosen = next((each for each in people if each.pk == wanted), None) or queries.preview_contact(wanted)
    return Eyes(chosen or (people[0] if people else None), is_invented=not chosen and not people)


def preview_context(
    *,
    campaign: Campaign,
    now: datetime,
    contact_id: int | None = None,
    eyes: str = "",
    typed: str = "",
    name: str = Variant.FIRST,
) -> dict[str, Any]:
    """Return what a page needs to show a preview and to choose as whom: one of the audience, or nobody known.

    `name` is the variant's; the first one is shown where there is none of that name.
    """
    people = queries.preview_contacts(campaign, now=now)
    seen = look_through(eyes or str(contact_id or ""), people=people, typed=typed, account_id=campaign.account_id)
    there = queries.alternatives(campaign)
    variant = next((each for each in there if each.name == name), there[0])
    filled = fill_preview(
        variant=variant,
        contact=seen.contact,
        account=campaign.account,
        about=about(campaign, now=now),
        is_invented=seen.is_invented,
    )
    if seen.contact and seen.contact not in people:
        people = [seen.contact, *people]
    return {
        "variant": variant,
        "variants": there,
        "preview": filled,
        "preview_url": preview_url(campaign=campaign, eyes=seen, now=now, name=variant.name),
        "preview_people": people,
        "preview_contact": seen.contact,
        "preview_eyes": seen,
        "preview_missed": typed.strip() if typed.strip() and not seen.contact else "",
    }


def preview_url(
    *, campaign: Campaign, eyes: Eyes, now: datetime, version: int | None = None, name: str = Variant.FIRST
) -> str:
    """Return the address of the preview page of a variant on the content host; it is valid for an hour."""
    payload = orjson.dumps([campaign.account_id, campaign.pk, eyes.key, version, name])
    token = signing.sign(payload, purpose=PURPOSE, expires_at=now + VALID_FOR)
    return f"{settings.CONTENT_URL}/preview/{token}/"


def read_ticket(token: str, *, now: datetime) -> Ticket:
    """Return what a token says. Raises `signing.BadToken`."""
    return Ticket(*orjson.loads(signing.unsign(token, purpose=PURPOSE, now=now)))


def fill_ticket(ticket: Ticket, *, now: datetime) -> Preview | None:
    """Fill what a ticket asks for, in its account's scope; None where it is gone."""
    campaign = Campaign.objects.select_related("account").filter(pk=ticket.campaign_id, deleted_at=None).first()
    if campaign is None:
        return None
    shown: Variant | ContentVersion | None = queries.variant(campaign, ticket.variant)
    if ticket.version is not None:
        shown = queries.content_version(campaign, ticket.version, ticket.variant)
    if shown is None:
        return None
    seen = look_through(ticket.eyes, people=[], account_id=ticket.account_id)
    contact = seen.contact if ticket.eyes.isdecimal() else None
    return fill_preview(
        variant=shown,
        contact=contact,
        account=campaign.account,
        about=about(campaign, now=now),
        is_invented=ticket.eyes == INVENTED,
    )
