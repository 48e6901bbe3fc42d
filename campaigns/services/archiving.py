"""The archive: switching it on, and which campaigns are in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import Account
from accounts.services import auditing
from accounts.services.auditing import Actor
from campaigns import archive_queries
from campaigns.models import Archive, Campaign
from contacts.models import Form


@dataclass(frozen=True)
class Choices:
    """What an account says of its archive. With `includes_new` what is sent from now on is in it."""

    is_open: bool
    includes_new: bool
    is_indexed: bool
    intro: str
    form: Form | None


@dataclass(frozen=True)
class Standing:
    """Whether one campaign is, or will be, in an open archive, and since when it can be seen at `url`."""

    is_in: bool
    is_public: bool
    url: str


@dataclass(frozen=True)
class Overview:
    """What has gone out, each with whether strangers see it, and the keys of the pages beside."""

    is_open: bool
    address: str
    public: int
    rows: Sequence[tuple[Campaign, str, bool]]
    newer: int | None
    older: int | None


def address(account: Account) -> str:
    """Return the archive's public address."""
    return f"{settings.CONTENT_URL}/a/{account.slug}/"


def choices(account: Account) -> Choices:
    """Return what the account chose; until it does, nobody sees anything."""
    kept = archive_queries.archive_of(account)
    if kept is None:
        return Choices(is_open=False, includes_new=True, is_indexed=False, intro="", form=None)
    return Choices(kept.is_open, kept.includes_since is not None, kept.is_indexed, kept.intro, kept.form)


def keep(*, account: Account, chosen: Choices, actor: Actor, now: datetime) -> None:
    """Keep what the account chose. What was sent before it was switched on is in the archive only where it is added."""
    with transaction.atomic():
        archive, _ = Archive.objects.select_for_update().get_or_create(account=account, defaults={"updated_at": now})
        includes = chosen.is_open and chosen.includes_new
        if not includes and archive.includes_since is not None:
            _pin(archive, now)
        archive.includes_since = (archive.includes_since or now) if includes else None
        archive.is_open, archive.is_indexed = chosen.is_open, chosen.is_indexed
        archive.intro, archive.form, archive.updated_at = chosen.intro, chosen.form, now
        archive.save()
        details = {"open": chosen.is_open, "search_engines": chosen.is_indexed, "new_campaigns": chosen.includes_new}
        auditing.record(action="archive.changed", actor=actor, now=now, account_id=account.pk, details=details)


def standing(*, campaign: Campaign, now: datetime) -> Standing | None:
    """Return how a campaign stands to the archive; None where the archive is not open."""
    archive = archive_queries.archive_of(campaign.account)
    if archive is None or not archive.is_open:
        return None
    of_it = Campaign.objects.filter(pk=campaign.pk)
    is_in = of_it.filter(archive_queries.is_included(archive)).exists()
    is_public = is_in and archive_queries.shown(archive, now=now).filter(pk=campaign.pk).exists()
    return Standing(is_in, is_public, f"{address(campaign.account)}{campaign.pk}/")


def overview(*, account: Account, now: datetime, after: int | None = None, before: int | None = None) -> Overview:
    """Return what a member sees of the archive: campaigns that have gone out, with their subjects."""
    archive = archive_queries.archive_of(account) or Archive(account=account)
    found = archive_queries.gone_out(account, now=now)
    rows, newer, older = archive_queries.page_of(found, after=after, before=before)
    public = archive_queries.shown(archive, now=now)
    seen = set(public.filter(pk__in=[each.pk for each in rows]).values_list("pk", flat=True))
    subjects = {each.pk: each.subject for each in archive_queries.entries(rows, account=account)}
    told = [(each, subjects.get(each.pk, ""), each.pk in seen) for each in rows]
    return Overview(archive.is_open, address(account), public.count(), told, newer, older)


def include(*, campaign: Campaign, is_in: bool, actor: Actor, now: datetime) -> None:
    """Put a campaign into the archive, or take it out, whatever the setting says; again is harmless."""
    changed = Campaign.objects.filter(pk=campaign.pk).exclude(in_archive=is_in, in_archive__isnull=False)
    if not changed.update(in_archive=is_in):
        return
    action = "archive.added" if is_in else "archive.taken_out"
    target = ("campaign", campaign.pk)
    auditing.record(action=action, actor=actor, now=now, account_id=campaign.account_id, target=target)


def _pin(archive: Archive, now: datetime) -> None:
    """Keep what the setting put into the archive in it when the setting goes."""
    found = archive_queries.gone_out(archive.account, now=now).filter(archive_queries.is_included(archive))
    ids = list(found.filter(in_archive=None).values_list("pk", flat=True))
    Campaign.objects.filter(pk__in=ids).update(in_archive=True)
