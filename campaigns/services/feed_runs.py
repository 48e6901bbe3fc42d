"""What workers do with feeds: look at the address, and make a campaign of what is new when its time comes.

A worker holds a feed by a lease while it asks the address, outside any transaction. What comes of it is one transaction:
the items that were mailed, the campaign, the run and the next time are there together or not at all, so that a worker
killed at any point leaves the same run to another one, and no item is mailed twice.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from accounts.services.auditing import SYSTEM
from campaigns.feed_models import Feed, FeedItem, FeedRun
from campaigns.feeds import patterns, reading, schedule
from campaigns.feeds.reading import Item, News, NotAFeed, key_hash
from campaigns.models import Campaign
from campaigns.services import drafting, feeding, scheduling, sending
from delivery.content.problems import CannotCompile, Problem
from delivery.services.compiling import Content
from emailconcert.lib.tenancy import account_scope, platform_scope
from emailconcert.lib.web import CannotAsk
from emailconcert.lib.web_pages import Getter, Known
from privacy.services import ledger

Clock = Callable[[], datetime]
LEASE = timedelta(minutes=3)
RETRY_AFTER = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(minutes=45)
FAILURES = 3
KEPT_ITEMS = 50
_LONGEST_LINE = 250


@dataclass(frozen=True)
class Look:
    """What came of looking at an address: its news (None: as before), or what is the matter."""

    news: News | None = None
    known: Known = field(default_factory=Known)
    problem: str = ""


def due(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, feed) of those whose time has come, and of those that somebody waits for."""
    with platform_scope("campaigns: find feeds"):
        is_time = Q(state=Feed.State.ACTIVE, next_at__lte=now) & (Q(retry_at=None) | Q(retry_at__lte=now))
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        found = Feed.objects.filter(free, is_time | Q(wanted_at__isnull=False)).order_by("next_at", "pk")
        return list(found.values_list("account_id", "pk")[:100])


def look_after(*, account_id: int, feed_id: int, clock: Clock, getter: Getter | None = None) -> None:
    """Look at a feed, and run it if its time has come; nothing where another worker holds it, or during a restore."""
    if not ledger.may_serve():
        return
    claimed = _claim(account_id, feed_id, now=clock())
    if claimed is None:
        return
    look = _ask(claimed, getter or Getter(user_agent()))
    with account_scope(account_id):
        held = Feed.objects.select_for_update(of=("self",)).select_related("pattern__account")
        feed = held.filter(pk=feed_id, lease_until=claimed.lease_until, url=claimed.url).first()
        if feed is None:  # deleted, changed, or another worker has it now
            Feed.objects.filter(pk=feed_id, lease_until=claimed.lease_until).update(lease_until=None)
            return
        now = clock()
        _note(feed, look, now)
        if feed.state == Feed.State.ACTIVE and feed.next_at is not None and feed.next_at <= now:
            _run(feed, look, feed.next_at, now)
        feed.lease_until = None
        feed.save()


def user_agent() -> str:
    """Return how the product names itself to the servers it asks."""
    return f"EmailConcert-Feeds/1.0 (+{settings.SITE_URL})"


def _claim(account_id: int, feed_id: int, *, now: datetime) -> Feed | None:
    with account_scope(account_id):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        feed = Feed.objects.select_for_update(skip_locked=True).filter(free, pk=feed_id).first()
        if feed is None:
            return None
        is_time = feed.state == Feed.State.ACTIVE and feed.next_at is not None and feed.next_at <= now
        if feed.wanted_at is None and not (is_time and (feed.retry_at is None or feed.retry_at <= now)):
            return None  # another worker has just done it
        feed.lease_until = now + LEASE
        feed.save(update_fields=["lease_until"])
        return feed


def _ask(feed: Feed, getter: Getter) -> Look:
    try:
        page = getter.get(feed.url, Known(feed.etag, feed.modified))
        return Look(None if page.is_same else reading.read(page.body, base=feed.url), page.known)
    except CannotAsk as error:
        return Look(problem=f"The feed could not be read: {error}.")
    except NotAFeed as error:
        return Look(problem=str(error))


def _note(feed: Feed, look: Look, now: datetime) -> None:
    """Keep what the feed says; of the first look, note what is not to be mailed."""
    feed.looked_at, feed.wanted_at, feed.problem = now, None, look.problem[:300]
    if look.problem:
        return
    feed.etag, feed.modified = look.known.etag, look.known.modified
    if look.news is None:
        return
    feed.title, feed.link = look.news.title, look.news.url
    feed.items = [each.as_row() for each in look.news.items[:KEPT_ITEMS]]
    if feed.begun_at is None:
        feed.begun_at = now
        made = feed.created_at.isoformat()
        older = [each for each in look.news.items if not each.published or each.published <= made]
        _remember(feed, older[feed.begin_with :], None, now)


def _run(feed: Feed, look: Look, due_at: datetime, now: datetime) -> None:
    if look.problem and now - due_at < GIVE_UP_AFTER:
        feed.retry_at = now + RETRY_AFTER
        return
    feed.retry_at, feed.next_at = None, schedule.next_after(feed, now)
    run = FeedRun(feed=feed, due_at=due_at, ended_at=now, state=FeedRun.State.NOTHING)
    if look.problem:
        run.state, run.problem = FeedRun.State.FAILED, feed.problem
        run.save()
        _fail(feed, now)
        return
    feed.failures = 0
    fresh = patterns.new_items(feed)
    chosen = fresh[: feed.most_items]
    if chosen or not feed.only_if_new:
        run.state, run.items = FeedRun.State.MADE, len(chosen)
        run.campaign = _make_campaign(feed, chosen, due_at, now)
    run.save()
    mailed = {each["key"] for each in chosen}
    _remember(feed, [Item(**each) for each in chosen], run, now)
    rest = look.news.items if look.news else tuple(Item(**each) for each in fresh)
    _remember(feed, [each for each in rest if each.key not in mailed], None, now)


def _remember(feed: Feed, items: list[Item], run: FeedRun | None, now: datetime) -> None:
    seen = [
        FeedItem(feed=feed, key_hash=key_hash(each.key), title=each.title, url=each.url, seen_at=now, run=run)
        for each in items
    ]
    FeedItem.objects.bulk_create(seen, ignore_conflicts=run is None)


def _make_campaign(feed: Feed, items: list[dict[str, str]], due_at: datetime, now: datetime) -> Campaign:
    """Copy the pattern, filled; a draft, or scheduled for just now, when everything is checked as always."""
    local = due_at.astimezone(ZoneInfo(feed.zone))
    day = f"{local.day} {local:%B %Y}"
    made = drafting.duplicate_campaign(campaign=feed.pattern, created_by=None)
    made.name = f"{feed.name[:100]}, {day}"
    problem = _fill(feed, made, items)
    if not problem and now - due_at > scheduling.LATEST:
        problem = scheduling.MISSED
    if feed.by_itself and not problem:
        made.state, made.due_at = Campaign.State.SCHEDULED, due_at
        made.timing, made.day, made.clock, made.zone = Campaign.Timing.AT, local.date(), local.time(), feed.zone
    made.problem = problem[:300]
    made.save()
    sending.record("campaign.made_from_feed", made, SYSTEM, now, feed=feed.pk)
    path = reverse("campaigns:detail", args=[made.pk])
    if problem:
        scheduling.tell_owners(made, problem, now=now)
    elif not feed.by_itself:
        feeding.tell_owners(feed, "feed_draft", path=path, now=now, campaign=made.name)
    return made


def _fill(feed: Feed, made: Campaign, items: list[dict[str, str]]) -> str:
    """Fill a copy of the pattern; return what is the matter where that is not possible."""
    try:
        for variant in made.variants.order_by("name"):
            written = Content(variant.subject, variant.source, variant.kind, variant.preheader, variant.text)
            content = patterns.fill(written, feed, items)
            variant.subject, variant.preheader = _line(content.subject), _line(content.preheader)
            variant.source, variant.text = content.source, content.text
            variant.save()
    except CannotCompile as error:
        return str(error)
    return ""


def _line(text: str) -> str:
    if len(text) <= _LONGEST_LINE:
        return text
    if "{" in text:
        raise CannotCompile([Problem(f"Filled in, the subject is longer than {_LONGEST_LINE} characters.")])
    return f"{text[: _LONGEST_LINE - 1].rstrip()}…"


def _fail(feed: Feed, now: datetime) -> None:
    feed.failures += 1
    if feed.failures < FAILURES:
        return
    feed.state, feed.next_at = Feed.State.PAUSED, None
    path = reverse("feeds:detail", args=[feed.pk])
    feeding.tell_owners(feed, "feed_paused", path=path, now=now, problem=feed.problem)
