"""Feeds whose news become campaigns, with a server of this machine and a clock that is set."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.services.auditing import SYSTEM
from campaigns.feed_models import Feed, FeedItem, FeedRun
from campaigns.feeds import schedule
from campaigns.models import Campaign
from campaigns.services import drafting, feed_runs, feeding, following, scheduling
from delivery.models import Mailing
from emailconcert.lib import limits
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.campaigns.conftest import make_people, signed_in
from tests.campaigns.feed_server import getter, rss, serving
from tests.contacts.submitting import mails
from tests.factories import NOW

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 3, 8, 8, tzinfo=UTC)  # 09:00 in Berlin, when it is due first
NEXT = MONDAY + timedelta(days=7)
HOUR = timedelta(hours=1)


def plan(url, **more):
    given = {"name": "Blog", "every": "week", "weekday": 0, "month_day": 1, "clock": time(9), "zone": "Europe/Berlin"}
    given |= {"most_items": 2, "only_if_new": True, "by_itself": True}
    return feeding.Plan(url=url, **given | more)


@pytest.fixture
def server():
    with serving() as server:
        server.body = rss("b", "a")
        yield server


@pytest.fixture
def make(alice, sender, news, server):
    """Make a feed that was looked at, and started."""

    def make(*, begin_with=0, people=3, **more):
        with account_scope(alice.account):
            feed = feeding.create_feed(
                account=alice.account, plan=plan(server.url, **more), begin_with=begin_with, created_by=None, now=NOW
            )
            if people:
                make_people(alice.account, news, people)
            drafting.set_audience(campaign=feed.pattern, lists=[news], now=NOW)
        work(server, NOW)
        with account_scope(alice.account):
            feeding.start_feed(feed=feed, actor=SYSTEM, now=NOW)
        return fresh(feed)

    return make


def fresh(feed):
    with account_scope(feed.account_id):
        return Feed.objects.select_related("pattern").get(pk=feed.pk)


def work(server, now):
    """Do what the scheduler does at a time."""
    for account_id, feed_id in feed_runs.due(now=now):
        feed_runs.look_after(account_id=account_id, feed_id=feed_id, clock=lambda: now, getter=getter(server.url))
    for account_id, campaign_id in following.due(now=now):
        following.look_after(account_id=account_id, campaign_id=campaign_id, now=now)


def made(alice):
    """Return state and subject of every campaign that came of feeds."""
    with account_scope(alice.account):
        found = Campaign.objects.exclude(state="pattern").order_by("pk")
        return [(each.state, each.variants.get().subject) for each in found]


def runs(feed):
    with account_scope(feed.account_id):
        return list(FeedRun.objects.order_by("pk").values_list("state", "items"))


def test_each_week_what_is_new_is_mailed_once(alice, make, server):
    feed = make()
    assert feed.next_at == MONDAY
    server.body = rss("c", "b", "a")
    work(server, MONDAY - timedelta(seconds=1))
    assert made(alice) == []

    for _ in range(2):
        work(server, MONDAY)
    assert made(alice) == [("sending", "News c")]
    with account_scope(alice.account):
        campaign = Campaign.objects.get(state="sending")
        assert (campaign.name, campaign.day, campaign.clock) == ("Blog, 8 March 2027", date(2027, 3, 8), time(9))
        source = campaign.variants.get().source
        assert ("https\\://blog\\.test/c" in source, "News b" in source) == (True, False)
        assert Mailing.objects.get().audience == 3

    server.body = rss("f", "e", "d", "c", "b")  # three new ones, of which two fit
    work(server, NEXT)
    work(server, NEXT + timedelta(days=7))
    assert made(alice)[1:] == [("sending", "News f")]
    assert runs(feed) == [("made", 1), ("made", 2), ("nothing", 0)]
    with account_scope(alice.account):
        mailed = FeedItem.objects.exclude(run=None).order_by("pk").values_list("title", "run__due_at")
        assert sorted(mailed) == [("News c", MONDAY), ("News e", NEXT), ("News f", NEXT)]


def test_the_first_mail_may_begin_with_what_is_there(alice, make, server):
    feed = make(begin_with=1)

    work(server, MONDAY)
    assert made(alice) == [("sending", "News b")]
    assert runs(feed) == [("made", 1)]


def test_where_nothing_is_new_a_mail_goes_only_if_wanted(alice, make, server):
    make(only_if_new=False, by_itself=False)

    work(server, MONDAY)
    assert made(alice) == [("draft", "The oven")]


def test_a_draft_is_made_and_the_owners_are_told(alice, make, server):
    make(by_itself=False)
    server.body = rss("c")

    work(server, MONDAY)
    assert made(alice) == [("draft", "News c")]
    [mail] = mails()
    assert (mail["to"], mail["context"]["campaign"]) == (alice.user.email, "Blog, 8 March 2027")


@pytest.mark.parametrize(("minutes", "state"), [(59, "sending"), (61, "draft")])
def test_what_was_missed_by_more_than_an_hour_is_held(alice, make, server, minutes, state):
    feed = make()
    server.body = rss("c")

    work(server, MONDAY + timedelta(minutes=minutes))
    assert made(alice) == [(state, "News c")]
    assert [mail["context"]["problem"] for mail in mails()] == ([scheduling.MISSED] if state == "draft" else [])
    assert fresh(feed).next_at == NEXT


def test_what_can_not_be_sent_is_held_by_the_checks(alice, make, server, sender):
    make()
    server.body = rss("c")
    with account_scope(alice.account):
        type(sender).objects.update(verified_at=None)

    work(server, MONDAY)
    assert made(alice) == [("draft", "News c")]
    assert "has not been verified" in mails()[0]["context"]["problem"]


def test_what_can_not_be_filled_in_is_held(alice, make, server):
    feed = make()
    server.body = rss("c")
    with account_scope(alice.account):
        source = "{% for item in feed.items %}{{ item.title | divided_by: 0 }}{% endfor %}"
        drafting.save_content(campaign=feed.pattern, kind="html", source=source, now=NOW)

    work(server, MONDAY)
    assert [state for state, _ in made(alice)] == ["draft"]
    assert "divided_by" in mails()[0]["context"]["problem"]


def test_trouble_is_told_tried_again_and_after_three_runs_it_is_paused(alice, make, server):
    feed = make()
    server.status = 404
    work(server, MONDAY)
    assert fresh(feed).problem == "The feed could not be read: it answers 404 Not Found."
    assert (fresh(feed).retry_at, feed_runs.due(now=MONDAY)) == (MONDAY + timedelta(minutes=15), [])
    server.status, server.body = 200, rss("c")
    work(server, MONDAY + timedelta(minutes=15))
    assert (made(alice), fresh(feed).problem) == ([("sending", "News c")], "")

    server.body = b"<html></html>"
    for week in (1, 2, 3):
        assert fresh(feed).state == "active"
        for minutes in (0, 15, 30, 45):
            work(server, MONDAY + timedelta(days=7 * week, minutes=minutes))
    found = fresh(feed)
    assert (found.state, found.next_at, found.failures) == ("paused", None, 3)
    assert found.problem == "What this address holds is not an RSS or Atom feed."
    assert runs(feed)[1:] == [("failed", 0)] * 3
    assert [mail["context"]["problem"] for mail in mails()] == [found.problem]


def test_a_feed_that_did_not_change_is_not_sent_again_and_its_items_still_are(alice, make, server):
    server.etag = '"1"'
    feed = make(begin_with=2)

    work(server, MONDAY)
    assert [each["If-None-Match"] for each in server.asked] == [None, '"1"']
    assert (made(alice), runs(feed)) == ([("sending", "News b")], [("made", 2)])


def test_another_address_begins_anew(alice, make, server):
    feed = make()
    server.body = rss("z")
    with account_scope(alice.account):
        changed = plan(server.url + "?else")
        feeding.change_feed(feed=feed, plan=changed, actor=SYSTEM, now=NOW)

    work(server, NOW)
    work(server, MONDAY)
    assert (made(alice), runs(feed)) == ([], [("nothing", 0)])


def test_a_worker_that_was_lost_is_followed_by_another_and_a_late_one_does_nothing(alice, make, server):
    feed = make()
    server.body = rss("c")
    work_of = {"account_id": alice.account_id, "feed_id": feed.pk}

    class Lost:
        def get(self, url, known):
            raise KeyboardInterrupt

    class Late:
        def get(self, url, known):
            work(server, MONDAY + feed_runs.LEASE + timedelta(seconds=1))
            return getter(server.url).get(url, known)

    with pytest.raises(KeyboardInterrupt):
        feed_runs.look_after(**work_of, clock=lambda: MONDAY, getter=Lost())
    assert feed_runs.due(now=MONDAY) == []
    with account_scope(alice.account):
        Feed.objects.update(lease_until=None)
    feed_runs.look_after(**work_of, clock=lambda: MONDAY, getter=Late())

    assert (made(alice), runs(feed)) == ([("sending", "News c")], [("made", 1)])


def test_a_restored_backup_mails_nothing(alice, make, server):
    feed = make()
    with platform_scope("test"):
        assert following.hold_restored(now=NOW) == 1

    work(server, MONDAY)
    assert (made(alice), fresh(feed).problem) == ([], feeding.RESTORED)
    assert [(mail["to"], mail["context"]["problem"]) for mail in mails()] == [(alice.user.email, feeding.RESTORED)]


@pytest.mark.parametrize(
    ("more", "after", "expected"),
    [
        ({"every": "day"}, MONDAY, MONDAY + timedelta(days=1)),
        ({"every": "day"}, MONDAY - timedelta(seconds=1), MONDAY),
        ({"every": "week", "weekday": 6}, MONDAY, datetime(2027, 3, 14, 8, tzinfo=UTC)),
        ({"every": "month", "month_day": 31}, datetime(2027, 4, 1, tzinfo=UTC), datetime(2027, 4, 30, 7, tzinfo=UTC)),
        ({"every": "month", "month_day": 1}, MONDAY, datetime(2027, 4, 1, 7, tzinfo=UTC)),
        # Clocks in Berlin skip 02:30 on 28 March 2027.
        (
            {"every": "day", "clock": time(2, 30)},
            datetime(2027, 3, 27, 12, tzinfo=UTC),
            datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        ),
        ({"every": "day", "zone": "Pacific/Kiritimati"}, MONDAY, datetime(2027, 3, 8, 19, tzinfo=UTC)),
    ],
)
def test_times(more, after, expected):
    feed = Feed(**vars(plan("https://x.test/", **more)))

    assert schedule.next_after(feed, after) == expected


def test_addresses_are_not_asked_as_often_as_one_likes(alice, monkeypatch):
    monkeypatch.setattr(feeding, "MOST_LOOKS_IN_AN_HOUR", 2)
    limits.forget("feed look", alice.account_id)
    with account_scope(alice.account):
        given = {"account": alice.account, "begin_with": 0, "created_by": None, "now": NOW}
        feed = feeding.create_feed(plan=plan("https://x.test/"), **given)
        feeding.look_again(feed=feed, now=NOW)
        with pytest.raises(feeding.BadFeed, match="very often"):
            feeding.change_feed(feed=feed, plan=plan("https://y.test/"), actor=SYSTEM, now=NOW)
        assert Feed.objects.get().url == "https://x.test/"


@pytest.mark.parametrize(
    "url", ["blog.test/feed", "file:///etc/passwd", "https://a b/", "https://u:p@blog.test/", "https://[x"]
)
def test_what_is_no_address_is_refused(alice, url):
    with account_scope(alice.account), pytest.raises(feeding.BadFeed, match="whole address"):
        feeding.create_feed(account=alice.account, plan=plan(url), begin_with=0, created_by=None, now=NOW)


def test_a_pattern_can_not_be_sent_nor_deleted_by_itself(alice, make, client):
    feed = make()
    base = f"/campaigns/{feed.pattern_id}"

    assert client.get(f"{base}/").url == f"/campaigns/feeds/{feed.pk}/"
    client.post(f"{base}/send/", {"shown": 3, "typed": "3"})
    client.post(f"{base}/delete/")
    client.post(f"{base}/unschedule/")
    assert fresh(feed).pattern.state == "pattern"
    with account_scope(alice.account):
        assert not Mailing.objects.exists()
        assert Campaign.objects.get().deleted_at is None
    assert "Feed: Blog" not in client.get("/campaigns/").content.decode()


def test_the_pages_make_show_start_pause_and_delete_a_feed(alice, client, server, sender, news, charlie):
    values = {"name": "Blog", "url": server.url, "every": "week", "weekday": 0, "month_day": 1, "clock": "09:00"}
    values |= {"zone": "Europe/Berlin", "most_items": 2, "only_if_new": "on", "by_itself": "no", "begin_with": 1}
    server.body = server.body.replace(b"2027", b"2020")  # the pages go by the real clock
    assert client.post("/campaigns/feeds/new/", values | {"url": "nowhere"}).status_code == 422
    page = client.post("/campaigns/feeds/new/", values).url
    assert "The feed is being read" in client.get(page).content.decode()
    work(server, NOW)

    shown = re.sub("<[^>]+>", "", client.get(page).content.decode())
    assert ("News b" in shown, "1 new" in shown, "Mondays, 09:00, Europe/Berlin" in shown) == (True, True, True)
    assert "Choose at least one list" in client.post(f"{page}start/", follow=True).content.decode()
    with account_scope(alice.account):
        make_people(alice.account, news, 1)
        drafting.set_audience(campaign=Campaign.objects.get(state="pattern"), lists=[news], now=NOW)
    assert "It runs from its next time on" in client.post(f"{page}start/", follow=True).content.decode()
    assert client.post(f"{page}edit/", values | {"name": "Our blog", "every": "day"}).status_code == 302
    listed = client.get("/campaigns/feeds/").content.decode()
    assert ("Our blog" in listed, "Every day" in listed) == (True, True)
    client.post(f"{page}look/")
    client.post(f"{page}pause/")
    with account_scope(alice.account):
        found = Feed.objects.get()
        assert (found.state, found.wanted_at is not None) == ("paused", True)
    assert signed_in(charlie).post(f"{page}delete/").status_code == 404
    assert "can’t be brought back" in client.get(f"{page}delete/").content.decode()
    client.post(f"{page}delete/")
    with account_scope(alice.account):
        assert (Feed.objects.exists(), Campaign.objects.exists(), FeedItem.objects.exists()) == (False, False, False)


def test_queries_of_the_pages_do_not_grow(alice, make, server, client):
    def count(path):
        with CaptureQueriesContext(connection) as found:
            client.get(path)
        return len(found)

    feed = make()
    counts = {}
    count("/")
    for week in (1, 2, 3):
        server.body = rss(f"new{week}")
        work(server, MONDAY + timedelta(days=7 * week))
        counts[week] = [count("/campaigns/feeds/"), count(f"/campaigns/feeds/{feed.pk}/")]
        make(people=0)
    assert counts[1] == counts[3]
