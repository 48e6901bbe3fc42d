"""Workers on feeds are killed with SIGKILL at random: each run is made once, and no item is mailed twice."""

import random
import time
from datetime import datetime, timedelta

import pytest

from campaigns.feed_models import Feed, FeedItem, FeedRun
from campaigns.models import Campaign
from campaigns.services import feed_runs
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.feed_server import getter, rss
from tests.campaigns.test_feeds import MONDAY, make, server  # noqa: F401  # fixtures
from tests.forking import forking

pytestmark = pytest.mark.django_db(transaction=True)
DAYS, KILLS = 4, 3


def main(account_id, feed_id, url, now):
    """What a killed process does."""
    at = datetime.fromisoformat(now)
    feed_runs.look_after(account_id=account_id, feed_id=feed_id, clock=lambda: at, getter=getter(url))


def test_killing_workers_makes_each_run_once(alice, make, server):  # noqa: F811  # fixtures
    feed = make(every="day", by_itself=True)
    with account_scope(alice.account):
        Feed.objects.update(next_at=MONDAY)
    chance, kills = random.Random(7), 0
    with forking("tests.campaigns.test_feed_kills") as fork:
        for day in range(DAYS):
            server.body = rss(*(f"n{n}" for n in range(day, -1, -1)))
            due = now = MONDAY + timedelta(days=day)
            for attempt in range(KILLS + 1):
                worker = fork(alice.account_id, feed.pk, server.url, now.isoformat())
                if attempt < KILLS:
                    time.sleep(chance.uniform(0, 0.12))
                    kills += worker.runs()
                    worker.kill()
                worker.wait()
                now += feed_runs.LEASE + timedelta(seconds=1)
            with account_scope(alice.account):
                assert Feed.objects.get().next_at == due + timedelta(days=1)

    with account_scope(alice.account):
        found = FeedRun.objects.order_by("due_at").values_list(
            "due_at", "state", "items", "campaign__variants__subject"
        )
        mailed = FeedItem.objects.exclude(run=None).order_by("pk").values_list("title", flat=True)
        expected = [(MONDAY + timedelta(days=n), "made", 1, f"News n{n}") for n in range(DAYS)]
        assert list(found) == expected
        assert list(mailed) == [f"News n{n}" for n in range(DAYS)]
        assert Campaign.objects.exclude(state="pattern").count() == DAYS
    assert kills >= DAYS
