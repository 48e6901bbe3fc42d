"""Reading an account's archive: what is in it, page by page, and what of each campaign was sent."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Account
from campaigns.models import Archive, Campaign, CampaignSegment, Variant
from campaigns.services.sending import GRACE
from delivery.services import publishing

PAGE_SIZE = 20
_GONE_OUT = (Campaign.State.SENDING, Campaign.State.SENT)


@dataclass(frozen=True)
class Entry:
    """A campaign as strangers may know it: never its name, which is the members' own."""

    pk: int
    subject: str
    preheader: str
    sent_at: datetime


@dataclass(frozen=True)
class Page:
    """One page of an archive, the newest first, with the keys of its neighbours."""

    entries: Sequence[Entry]
    newer: int | None
    older: int | None


def public_account(slug: str) -> Account | None:
    """Return the account behind an archive's address, before any scope is known; None where it may show nothing."""
    return Account.objects.filter(slug=slug, status=Account.Status.ACTIVE).first()


def archive_of(account: Account) -> Archive | None:
    """Return the account's archive with its form, None where there never was one."""
    return Archive.objects.select_related("form").filter(account=account).first()


def gone_out(account: Account, *, now: datetime) -> QuerySet[Campaign]:
    """Return the campaigns that left, and of which it is settled what most people got: what may be in an archive."""
    several = (
        Variant.objects.filter(campaign=OuterRef("pk"))
        .order_by()
        .values("campaign")
        .annotate(there=Count("pk"))
        .filter(there__gt=1)
    )
    sent = Campaign.objects.filter(account=account, deleted_at=None, state__in=_GONE_OUT, sent_at__lte=now - GRACE)
    return sent.exclude(Q(winner="") & Q(Exists(several)))


def is_included(archive: Archive) -> Q:
    """Return the condition of a campaign that is in the archive once it has gone out.

    By the setting those are that went to whole lists: what was meant for some is not for everybody.
    """
    if archive.includes_since is None:
        return Q(in_archive=True)
    to_some = Exists(CampaignSegment.objects.filter(campaign=OuterRef("pk"), excluded=False))
    by_default = Q(in_archive=None, follow_up_of=None) & ~Q(to_some)
    return Q(in_archive=True) | (by_default & (Q(sent_at=None) | Q(sent_at__gte=archive.includes_since)))


def shown(archive: Archive, *, now: datetime) -> QuerySet[Campaign]:
    """Return the campaigns that strangers see."""
    if not archive.is_open:
        return Campaign.objects.none()
    return gone_out(archive.account, now=now).filter(is_included(archive))


def page_of(
    found: QuerySet[Campaign], *, after: int | None = None, before: int | None = None, size: int = PAGE_SIZE
) -> tuple[list[Campaign], int | None, int | None]:
    """Return campaigns, the last sent first, and the keys of the pages with newer and older ones.

    `after` asks for those sent before that campaign, `before` for those sent after it; an unknown one for the first page.
    """
    beside = after or before
    edge = found.filter(pk=beside).values_list("sent_at", "pk").first() if beside else None
    if edge and before:
        rows = list(found.filter(_beside(*edge, "gt")).order_by("sent_at", "pk")[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        return rows, rows[0].pk if rows and more else None, rows[-1].pk if rows else None
    if edge:
        found = found.filter(_beside(*edge, "lt"))
    rows = list(found.order_by("-sent_at", "-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    return rows, rows[0].pk if rows and edge else None, rows[-1].pk if more else None


def entries(campaigns: Collection[Campaign], *, account: Account) -> list[Entry]:
    """Return campaigns as strangers know them, in their order; one that can't be filled without a person is left out."""
    written = sent_variants(campaigns)
    made = []
    for each in campaigns:
        variant = written.get(each.pk)
        if variant is None or each.sent_at is None:
            continue
        subject, preheader = publishing.lines_for_nobody(
            subject=variant.subject, preheader=variant.preheader, account=account, sent_at=each.sent_at
        )
        if subject:
            made.append(Entry(each.pk, subject, preheader, each.sent_at))
    return made


def public_page(archive: Archive, *, now: datetime, after: int | None = None, before: int | None = None) -> Page:
    """Return one page of what strangers see."""
    rows, newer, older = page_of(shown(archive, now=now), after=after, before=before)
    return Page(entries(rows, account=archive.account), newer, older)


def neighbours(campaign: Campaign, archive: Archive, *, now: datetime) -> tuple[Campaign | None, Campaign | None]:
    """Return what was sent after and before a campaign."""
    found = shown(archive, now=now)
    newer = found.filter(_beside(campaign.sent_at, campaign.pk, "gt")).order_by("sent_at", "pk").first()
    older = found.filter(_beside(campaign.sent_at, campaign.pk, "lt")).order_by("-sent_at", "-pk").first()
    return newer, older


def sent_variants(campaigns: Collection[Campaign], *, with_mailing: bool = False) -> dict[int, Variant]:
    """Return what each campaign's audience got, of a test the winner, by campaign; one query for all."""
    winners = {each.pk: each.winner for each in campaigns}
    rows = Variant.objects.filter(campaign_id__in=winners).exclude(mailing=None).order_by("name")
    found: dict[int, Variant] = {}
    for each in rows.select_related("mailing") if with_mailing else rows.defer("source", "text"):
        wanted = winners[each.campaign_id]
        if not wanted or each.name in (Variant.REST, wanted):
            found[each.campaign_id] = each
    return found


def _beside(sent_at: datetime | None, pk: int, side: str) -> Q:
    return Q(**{f"sent_at__{side}": sent_at}) | Q(**{"sent_at": sent_at, f"pk__{side}": pk})
