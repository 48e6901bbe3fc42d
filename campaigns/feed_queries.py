"""Reading feeds."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Account
from campaigns.feed_models import Feed, FeedRun

PAGE_SIZE = 25


@dataclass(frozen=True)
class Runs:
    """One page of a feed's runs, with the keys of its neighbours."""

    rows: Sequence[FeedRun]
    before: int | None
    after: int | None


def feeds_of(account: Account) -> QuerySet[Feed]:
    """Return the account's feeds, by name, without what they hold."""
    return Feed.objects.filter(account=account).defer("items").order_by("name", "pk")


def run_page(feed: Feed, *, after: int | None = None, before: int | None = None) -> Runs:
    """Return runs with their campaigns, the newest first."""
    found = FeedRun.objects.filter(feed=feed).select_related("campaign")
    if before is not None:
        rows = list(reversed(found.filter(pk__gt=before).order_by("pk")[: PAGE_SIZE + 1]))
        more_before, more_after, rows = len(rows) > PAGE_SIZE, True, rows[-PAGE_SIZE:]
    else:
        rows = list((found.filter(pk__lt=after) if after else found).order_by("-pk")[: PAGE_SIZE + 1])
        more_before, more_after, rows = after is not None, len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return Runs(
        rows=rows,
        before=rows[0].pk if rows and more_before else None,
        after=rows[-1].pk if rows and more_after else None,
    )
