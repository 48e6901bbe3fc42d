"""What a new campaign can start from: a template of the gallery, an own one, or an earlier campaign; and their pictures.

The picture of a template is the mail itself, served from the content host for a signed address that stays the same for
an hour, so that browsers keep it.
"""

import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

import orjson
from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef
from liquid.exceptions import LiquidError
from redis import RedisError

from accounts.models import Account, User
from campaigns import gallery, queries
from campaigns.models import Campaign, Template, Variant
from campaigns.services import drafting, inventing
from campaigns.services.previewing import NO_SUBJECT, Preview
from delivery.content.liquid import sentence
from delivery.content.problems import CannotCompile, Problem
from delivery.services import compiling
from delivery.services.compiling import Content
from emailconcert.lib import signing

PURPOSE = "template picture"
KEPT_FOR = timedelta(hours=1)
GALLERY, OWN, CAMPAIGN = "gallery", "own", "campaign"
_OWN, _EARLIER = 12, 6
_NO_TOKEN = "test"  # noqa: S105  # no secret: it stands where a message's token would, for a mail sent to nobody


class Start(Protocol):
    """What a draft begins with."""

    @property
    def subject(self) -> str: ...  # noqa: D102  # as a Variant has it

    @property
    def preheader(self) -> str: ...  # noqa: D102  # as a Variant has it

    @property
    def kind(self) -> str: ...  # noqa: D102  # as a Variant has it

    @property
    def source(self) -> str: ...  # noqa: D102  # as a Variant has it

    @property
    def text(self) -> str: ...  # noqa: D102  # as a Variant has it


@dataclass(frozen=True)
class Ticket:
    """What a picture's address says: whose, and of what (`gallery:letter`)."""

    account_id: int
    key: str


@dataclass(frozen=True)
class Offer:
    """Something to start from, as a page offers it."""

    key: str
    name: str
    picture: str


def offers(*, account: Account, now: datetime) -> list[tuple[str, list[Offer]]]:
    """Return what a new campaign of the account in scope can start from, in groups."""
    written = Variant.objects.filter(campaign=OuterRef("pk")).exclude(source="")
    earlier = queries.campaigns_of(account).filter(Exists(written)).order_by("-pk")[:_EARLIER]
    found = [(f"{CAMPAIGN}:{each.pk}", each.name, each.updated_at.isoformat()) for each in earlier]
    own = Template.objects.filter(account=account, deleted_at=None).order_by("-pk")[:_OWN]
    mine = [(f"{OWN}:{each.pk}", each.name, each.updated_at.isoformat()) for each in own]
    samples = [(f"{GALLERY}:{each.slug}", each.name, "") for each in gallery.SAMPLES]
    groups = {"Your templates": mine, "From the gallery": samples, "Earlier campaigns": found}
    return [
        (
            title,
            [Offer(key, name, picture_url(key, account=account, now=now, state=state)) for key, name, state in rows],
        )
        for title, rows in groups.items()
        if rows
    ]


def find_start(key: str, *, account: Account) -> Start | None:
    """Return what a key means in the account in scope: `gallery:letter`, `own:12` or `campaign:12`."""
    where, _, rest = key.partition(":")
    if where == GALLERY:
        return gallery.sample(rest)
    pk = int(rest) if rest.isdecimal() and len(rest) < 18 else 0
    if where == OWN:
        return Template.objects.filter(account=account, pk=pk, deleted_at=None).first()
    if where == CAMPAIGN:
        campaign = queries.campaigns_of(account).filter(pk=pk).first()
        return queries.only_variant(campaign) if campaign else None
    return None


def create_campaign(
    *, account: Account, name: str, start: Start | None, created_by: User | None, now: datetime
) -> Campaign:
    """Make a draft that says what `start` says; subject and preheader are taken over as suggestions."""
    campaign = drafting.create_campaign(account=account, name=name, created_by=created_by, now=now)
    if start is not None:
        Variant.objects.filter(campaign=campaign).update(
            subject=start.subject, preheader=start.preheader, kind=start.kind, source=start.source, text=start.text
        )
    return campaign


def picture_url(key: str, *, account: Account, now: datetime, state: str = "") -> str:
    """Return the address of a template's picture; `state` changes when the template does."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    token = signing.sign(
        orjson.dumps([account.pk, key, state]), purpose=PURPOSE, expires_at=hour + KEPT_FOR + timedelta(hours=1)
    )
    return f"{settings.CONTENT_URL}/preview/template/{token}/"


def read_ticket(token: str, *, now: datetime) -> Ticket:
    """Return what a token says. Raises `signing.BadToken`."""
    account_id, key, _ = orjson.loads(signing.unsign(token, purpose=PURPOSE, now=now))
    return Ticket(account_id, key)


def fill_ticket(ticket: Ticket, *, now: datetime) -> Preview | None:
    """Fill what a ticket asks for with an invented contact, in its account's scope; None where it is gone."""
    account = Account.objects.get(pk=ticket.account_id)
    start = find_start(ticket.key, account=account)
    return _kept(start, account=account, now=now) if start else None


def _kept(start: Start, *, account: Account, now: datetime) -> Preview:
    """Fill a template, once an hour for all who look at it: a page shows two dozen of them."""
    said = [start.subject, start.preheader, start.kind, start.source, start.text]
    whose = [str(account.public_id), account.name, account.postal_address]
    name = f"template-picture:{sha256(orjson.dumps([whose, said])).hexdigest()}"
    with suppress(RedisError):
        if packed := cache.get(name):
            subject, html, text = orjson.loads(zlib.decompress(packed))
            return Preview(subject=subject, html=html, text=text, preheader=start.preheader)
    made = fill(start, account=account, now=now)
    if not made.problems:
        with suppress(RedisError):
            packed = zlib.compress(orjson.dumps([made.subject, made.html, made.text]))
            cache.set(name, packed, KEPT_FOR.total_seconds())
    return made


def fill(start: Start, *, account: Account, now: datetime) -> Preview:
    """Fill a template for an invented contact; mistakes come back with their places."""
    content = Content(
        subject=start.subject.strip() or NO_SUBJECT, source=start.source or "<p></p>", kind=start.kind, text=start.text
    )
    try:
        values = inventing.contact_values(account)
        about = compiling.About(account.name, now)
        made = compiling.preview(account=account, content=content, values=values, token=_NO_TOKEN, about=about)
    except CannotCompile as error:
        return Preview(problems=tuple(error.problems))
    except LiquidError as error:
        return Preview(problems=(Problem(sentence(error)),))
    return Preview(subject=made.subject, html=made.html, text=made.text, preheader=start.preheader)
