"""What strangers read of an archive: how it looks, one mail, the feed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from django.conf import settings

from accounts.models import Account
from campaigns import archive_feed, archive_queries
from campaigns.archive_boxes import without_empty_buttons
from campaigns.models import Archive, Campaign
from campaigns.services import archiving
from contacts.hosted.blueprint import Look
from contacts.hosted.looks import readable
from contacts.services.hosted import form_keeping
from contacts.services.hosted.form_keeping import Online
from delivery.services import publishing

_IN_FEED = 20
_WRITTEN_AS = 2  # raised when feeds are written otherwise, so that nobody keeps an old one


@dataclass(frozen=True)
class Opened:
    """An archive that may be shown, and the form that its readers sign up with, while that is online."""

    account: Account
    archive: Archive
    form: Online | None

    @property
    def look(self) -> Look:
        """Return how it looks: like its form, else in the account's colour."""
        if self.form is not None:
            return self.form.blueprint.look
        return readable(Look(accent=self.account.brand_colour.lower()))

    @property
    def address(self) -> str:
        """Return its public address."""
        return archiving.address(self.account)


@dataclass(frozen=True)
class Plan:
    """What a feed would hold, and a digest that changes with it."""

    campaigns: Sequence[Campaign]
    digest: str


def open_archive(account: Account) -> Opened | None:
    """Return the account's archive where anybody may see it; call inside the account's scope."""
    archive = archive_queries.archive_of(account)
    if archive is None or not archive.is_open:
        return None
    archive.account = account
    form = form_keeping.online(account_id=account.pk, form_id=archive.form_id) if archive.form_id else None
    return Opened(account, archive, form)


def html_of(campaign: Campaign) -> str:
    """Return the mail as a page for nobody in particular. Raises `CannotPublish`."""
    variant = archive_queries.sent_variants([campaign], with_mailing=True).get(campaign.pk)
    if variant is None or variant.mailing is None or campaign.sent_at is None:
        raise publishing.CannotPublish("This mail is not there any more.")
    links = publishing.links_of([variant.mailing])[variant.mailing.pk]
    html = publishing.html_for_nobody(mailing=variant.mailing, links=links, sent_at=campaign.sent_at)
    return without_empty_buttons(html)


def plan_feed(opened: Opened, *, now: datetime) -> Plan:
    """Return which campaigns the feed holds now, read without what they say."""
    found = archive_queries.shown(opened.archive, now=now).order_by("-sent_at", "-pk")
    campaigns = list(found[:_IN_FEED])
    account = opened.account
    parts = [_WRITTEN_AS, opened.address, account.name, account.postal_address, account.language, opened.archive.intro]
    facts = orjson.dumps([parts, [(each.pk, each.sent_at, each.winner) for each in campaigns]])
    return Plan(campaigns, hashlib.blake2b(facts, digest_size=16).hexdigest())


def feed(opened: Opened, plan: Plan) -> bytes:
    """Return the feed as Atom; a mail that can't be shown whole stands in it with its subject."""
    account = opened.account
    written = archive_queries.sent_variants(plan.campaigns, with_mailing=True)
    mailings = {pk: variant.mailing for pk, variant in written.items() if variant.mailing}
    links = publishing.links_of(mailings.values())
    rows = []
    for entry in archive_queries.entries(plan.campaigns, account=account):
        mailing = mailings[entry.pk]
        try:
            html = publishing.fragment_for_nobody(mailing=mailing, links=links[mailing.pk], sent_at=entry.sent_at)
            html = without_empty_buttons(html)
        except publishing.CannotPublish:
            html = ""
        rows.append((entry, html))
    return archive_feed.write(_head(opened), rows)


def _head(opened: Opened) -> archive_feed.Head:
    account = opened.account
    born = account.created_at.astimezone(UTC).date()
    return archive_feed.Head(
        tag=f"tag:{settings.PLATFORM_DOMAIN},{born}:archive/{account.public_id}",
        title=account.name,
        author=account.name,
        language=account.language,
        page=opened.address,
        updated=opened.archive.updated_at,
    )
