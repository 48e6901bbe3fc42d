"""Feeds as members make and change them; `feed_runs` is what workers do with them."""

from dataclasses import dataclass
from datetime import datetime
from datetime import time as clock_time
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.models import Account, Membership, Role, User
from accounts.services import auditing, outbox
from accounts.services.auditing import Actor
from campaigns.feed_models import Feed, FeedItem
from campaigns.feeds import patterns, schedule
from campaigns.models import Campaign, Variant
from campaigns.services import checking, drafting
from emailconcert.lib import limits
from emailconcert.lib.errors import ExpectedError

MOST_FEEDS = 50
MOST_LOOKS_IN_AN_HOUR = 60
RESTORED = "Restored from a backup: some items may have been mailed after it was made. Check before you start it again."


class BadFeed(ExpectedError):
    """It can't be made, changed or started like this."""


@dataclass(frozen=True)
class Plan:
    """What a member chose about a feed, beside its mail."""

    name: str
    url: str
    every: str
    weekday: int
    month_day: int
    clock: clock_time
    zone: str
    most_items: int
    only_if_new: bool
    by_itself: bool


def create_feed(*, account: Account, plan: Plan, begin_with: int, created_by: User | None, now: datetime) -> Feed:
    """Make a feed that is paused, with a mail to begin from; a worker looks at the address. Raises `BadFeed`."""
    _check_url(plan.url)
    if Feed.objects.filter(account=account).count() >= MOST_FEEDS:
        raise BadFeed(f"An account has up to {MOST_FEEDS} feeds. Delete one that you do not need any more.")
    _count_look(account.pk)
    with transaction.atomic():
        name = f"Feed: {plan.name}"[:120]
        pattern = drafting.create_campaign(account=account, name=name, created_by=created_by, now=now)
        Campaign.objects.filter(pk=pattern.pk).update(state=Campaign.State.PATTERN)
        Variant.objects.filter(campaign=pattern).update(subject=patterns.SUBJECT, source=patterns.SOURCE)
        return Feed.objects.create(
            account=account, pattern=pattern, begin_with=begin_with, wanted_at=now, created_at=now, **vars(plan)
        )


def change_feed(*, feed: Feed, plan: Plan, actor: Actor, now: datetime) -> None:
    """Change a feed; another address begins anew, with nothing that is there already. Raises `BadFeed`."""
    _check_url(plan.url)
    with transaction.atomic():
        held = Feed.objects.select_for_update().get(pk=feed.pk)
        is_elsewhere = held.url != plan.url
        for name, value in vars(plan).items():
            setattr(held, name, value)
        if is_elsewhere:
            _count_look(held.account_id)
            held.etag = held.modified = held.title = held.link = held.problem = ""
            held.items, held.begun_at, held.begin_with, held.wanted_at, held.created_at = [], None, 0, now, now
            held.failures, held.retry_at = 0, None
        if held.state == Feed.State.ACTIVE:
            held.next_at = schedule.next_after(held, now)
        held.save()
        Campaign.objects.filter(pk=held.pattern_id).update(name=f"Feed: {plan.name}"[:120])
        _record("feed.changed", held, actor, now)


def start_feed(*, feed: Feed, actor: Actor, now: datetime) -> None:
    """Let it run by its schedule, from its next time on. Raises `BadFeed` where a mail of it could not be sent."""
    with transaction.atomic():
        held = Feed.objects.select_for_update(of=("self",)).select_related("pattern__account").get(pk=feed.pk)
        if held.begun_at is None:
            raise BadFeed(held.problem or "The feed has not been read yet. Wait until its items are shown here.")
        review = checking.review(campaign=held.pattern, now=now, rehearse=checking.Rehearse.SKIP)
        if review.blocking:
            raise BadFeed(" ".join(each.sentence for each in review.blocking))
        held.state, held.next_at = Feed.State.ACTIVE, schedule.next_after(held, now)
        held.problem, held.failures, held.retry_at = "", 0, None
        held.save()
        _record("feed.started", held, actor, now)


def pause_feed(*, feed: Feed, actor: Actor, now: datetime) -> None:
    """Let it run no more until it is started again; campaigns that it made stay as they are."""
    active = Feed.objects.filter(pk=feed.pk, state=Feed.State.ACTIVE)
    if active.update(state=Feed.State.PAUSED, next_at=None, retry_at=None):
        _record("feed.paused", feed, actor, now)


def delete_feed(*, feed: Feed, actor: Actor, now: datetime) -> None:
    """Remove a feed with its mail and its runs, for good; campaigns that it made stay."""
    with transaction.atomic():
        held = Feed.objects.select_for_update().filter(pk=feed.pk).first()
        if held is None:
            return
        _record("feed.deleted", held, actor, now)
        FeedItem.objects.filter(feed=held).delete()
        Campaign.objects.filter(pk=held.pattern_id, state=Campaign.State.PATTERN).delete()


def look_again(*, feed: Feed, now: datetime) -> None:
    """Have a worker look at the address. Raises `BadFeed` where that was asked for too often."""
    _count_look(feed.account_id)
    Feed.objects.filter(pk=feed.pk).update(wanted_at=now)


def hold_restored(*, now: datetime) -> int:
    """Pause whatever a restored backup would mail once more, and tell the owners; return how many. In the platform's scope."""
    held = list(Feed.objects.filter(state=Feed.State.ACTIVE))
    paused = {"state": Feed.State.PAUSED, "next_at": None, "retry_at": None, "problem": RESTORED}
    Feed.objects.filter(pk__in=[each.pk for each in held]).update(**paused)
    for feed in held:
        tell_owners(feed, "feed_held", path=reverse("feeds:detail", args=[feed.pk]), now=now, problem=RESTORED)
    return len(held)


def tell_owners(feed: Feed, template: str, *, path: str, now: datetime, **more: str) -> None:
    """Mail the account's owners about a feed."""
    owners = Membership.objects.select_related("user").filter(account_id=feed.account_id, role=Role.OWNER)
    for owner in owners:
        outbox.put_mail(
            template=template,
            to=owner.user.email,
            context={"name": owner.user.name, "feed": feed.name, "url": f"{settings.SITE_URL}{path}", **more},
            language=owner.user.language,
            account_id=feed.account_id,
            now=now,
        )


def _count_look(account_id: int) -> None:
    if not limits.hit("feed look", account_id, MOST_LOOKS_IN_AN_HOUR, 3600):
        raise BadFeed("Feeds were looked at very often this hour. Try again later.")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
    except ValueError:
        is_web = False
    if not is_web or any(each.isspace() for each in url):
        raise BadFeed("Write the whole address of the feed, as in https://example.com/feed.xml.")


def _record(action: str, feed: Feed, actor: Actor, now: datetime) -> None:
    auditing.record(action=action, actor=actor, now=now, account_id=feed.account_id, target=("feed", feed.pk))
