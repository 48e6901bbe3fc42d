"""Links by which people without a login profile read a report: made, counted down, taken back.

The token is signed, for this purpose only, and carries its end; its row says that it was not taken back. Whether a link
was never there, has ended or was taken back, who opens it is told the same.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet

from accounts.models import Account, User
from accounts.services import auditing
from accounts.services.auditing import Actor
from campaigns.models import Campaign, ReportLink
from emailconcert.lib import signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, platform_scope

PURPOSE = "shared report"
DAYS = (1, 7, 30, 90)
KEPT = timedelta(days=30)
MOST = 20
_NOTED_EVERY = timedelta(minutes=5)
_PAYLOAD = struct.Struct(">QQ")


class LinkEnded(ExpectedError):
    """The link shows nothing, for whatever reason."""

    def __init__(self) -> None:
        super().__init__("This link has ended.")


class TooMany(ExpectedError):
    """The report has as many links as anybody can keep an eye on."""

    def __init__(self) -> None:
        super().__init__(f"This report has {MOST} links. Take one back before you make another.")


@dataclass(frozen=True)
class Live:
    """A link that works, with its address."""

    link: ReportLink
    url: str


def make(*, campaign: Campaign, days: int, user: User, actor: Actor, now: datetime) -> Live:
    """Make a link to a campaign's report that holds for some days. Raises `TooMany`. Call inside the account's scope."""
    if days not in DAYS:
        raise ValueError(days)
    if _live(campaign, now).count() >= MOST:
        raise TooMany
    link = ReportLink.objects.create(
        campaign=campaign, created_by=user, created_at=now, expires_at=now + timedelta(days=days)
    )
    _record("report_link.made", link, actor, now, days=days)
    return Live(link, address(link))


def take_back(*, campaign: Campaign, pk: int, actor: Actor, now: datetime) -> bool:
    """Let a link show nothing from now on; tell whether there was one. Call inside the account's scope."""
    link = ReportLink.objects.filter(campaign=campaign, pk=pk).first()
    if link is None:
        return False
    _record("report_link.taken_back", link, actor, now)
    link.delete()
    return True


def live(*, campaign: Campaign, now: datetime) -> Sequence[Live]:
    """Return the links to a campaign's report that work, the newest first."""
    rows = _live(campaign, now).select_related("created_by").order_by("-pk")
    return [Live(each, address(each)) for each in rows]


def address(link: ReportLink) -> str:
    """Return where a link leads."""
    payload = _PAYLOAD.pack(link.account_id, link.pk)
    return f"{settings.CONTENT_URL}/r/{signing.sign(payload, purpose=PURPOSE, expires_at=link.expires_at)}"


def whose(token: str, *, now: datetime) -> tuple[Account, int]:
    """Return the account and the id of the link that a token is for, before any scope. Raises `LinkEnded`."""
    try:
        account_id, pk = _PAYLOAD.unpack(signing.unsign(token, purpose=PURPOSE, now=now))
    except (signing.BadToken, struct.error):
        raise LinkEnded from None
    account = Account.objects.filter(pk=account_id, status=Account.Status.ACTIVE).first()
    if account is None:
        raise LinkEnded
    return account, pk


def open_link(*, pk: int, now: datetime) -> ReportLink:
    """Return a link with its campaign, and note that it was opened; in its account's scope. Raises `LinkEnded`."""
    link = ReportLink.objects.select_related("campaign").filter(pk=pk, expires_at__gt=now).first()
    if link is None or link.campaign.deleted_at is not None or link.campaign.sent_at is None:
        raise LinkEnded
    stale = Q(opened_at=None) | Q(opened_at__lt=now - _NOTED_EVERY)
    ReportLink.objects.filter(stale, pk=pk).update(opened_at=now)
    return link


def end_restored() -> int:
    """End every link, as a restored backup knows of none that was taken back since; in the platform's scope."""
    return ReportLink.objects.update(expires_at=F("created_at"))


def sweep(cutoff: datetime, dry_run: bool) -> int:
    """Delete links that ended before the cutoff."""
    with platform_scope("campaigns: find ended links to reports"):
        ended = ReportLink.objects.filter(expires_at__lt=cutoff)
        accounts = list(ended.order_by().values_list("account_id", flat=True).distinct())
        if dry_run:
            return ended.count()
    total = 0
    for account_id in accounts:
        with account_scope(account_id):
            total += ReportLink.objects.filter(account_id=account_id, expires_at__lt=cutoff).delete()[0]
    return total


def _live(campaign: Campaign, now: datetime) -> QuerySet[ReportLink]:
    return ReportLink.objects.filter(campaign=campaign, expires_at__gt=now)


def _record(action: str, link: ReportLink, actor: Actor, now: datetime, **details: object) -> None:
    target = ("campaign", link.campaign_id)
    auditing.record(
        action=action,
        actor=actor,
        now=now,
        account_id=link.account_id,
        target=target,
        details={"link": link.pk, **details},
    )
