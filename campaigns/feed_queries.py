"""Reading feeds."""

from django.db.models import QuerySet

from accounts.models import Account
from campaigns.feed_models import Feed, FeedRun
from campaigns.paging import Page, newest_first

PAGE_SIZE = 25


def feeds_of(account: Account) -> QuerySet[Feed]:
    """Return the account's feeds, by name, without what they hold."""
    return Feed.objects.filter(account=account).defer("items").order_by("name", "pk")


def run_page(feed: Feed, *, after: int | None = None, before: int | None = None) -> Page[FeedRun]:
    """Return runs with their campaigns, the newest first."""
    found = FeedRun.objects.filter(feed=feed).select_related("campaign")
    return newest_first(found, after=after, before=before, size=PAGE_SIZE)
