"""The calendar of what is planned and sent."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import planning
from campaigns.feed_models import Feed
from campaigns.models import Campaign
from campaigns.services import feeding
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.test_feeds import MONDAY, plan
from tests.factories import NOW

pytestmark = pytest.mark.django_db
MARCH, TODAY = date(2027, 3, 1), date(2027, 3, 2)
LATE = datetime(2027, 3, 10, 23, 30, tzinfo=UTC)  # the 11th in Berlin


def make(name, **given):
    return Campaign.objects.create(name=name, created_at=NOW, updated_at=NOW, **given)


@pytest.fixture
def account(alice):
    account = alice.account
    account.time_zone = "Europe/Berlin"
    with account_scope(account):
        account.save()
        yield account


def seen(account, first=MARCH):
    month = planning.month(account=account, first=first, today=TODAY)
    return [
        (f"{day.date:%m-%d} {each.at:%H:%M}", each.name, each.state, each.note)
        for day in month.days
        for each in day.entries
    ]


def test_everything_stands_on_its_day_by_the_accounts_clock(account):
    at = {"day": date(2027, 3, 15), "clock": time(9), "zone": "America/New_York"}
    make("Sent", state="sent", sent_at=LATE)
    make("Waits", state="scheduled", timing="at", **at, due_at=datetime(2027, 3, 15, 13, tzinfo=UTC), spread_hours=4)
    make("Own clocks", state="scheduled", timing="local", **at, due_at=datetime(2027, 3, 14, 19, tzinfo=UTC))
    make("Thought of", timing="at", **at)
    make("Tries", state="testing", sent_at=LATE, decide_at=LATE + timedelta(hours=4))
    make("Idea")
    make("Gone", state="sent", sent_at=LATE, deleted_at=NOW)
    make("Earlier", state="sent", sent_at=LATE - timedelta(days=60))
    feed = feeding.create_feed(account=account, plan=plan("https://x.test/"), begin_with=0, created_by=None, now=NOW)
    Feed.objects.filter(pk=feed.pk).update(state="active", next_at=MONDAY)

    assert seen(account) == [
        ("03-08 09:00", "Blog", "scheduled", "from its feed"),
        ("03-11 00:30", "Sent", "sent", ""),
        ("03-11 00:30", "Tries", "testing", ""),
        ("03-11 04:30", "Tries", "testing", "the winner is chosen"),
        ("03-15 09:00", "Blog", "scheduled", "from its feed"),
        ("03-15 09:00", "Own clocks", "scheduled", "on each person’s clock"),
        ("03-15 14:00", "Thought of", "draft", ""),
        ("03-15 14:00", "Waits", "scheduled", "over 4 hours"),
        ("03-22 09:00", "Blog", "scheduled", "from its feed"),
        ("03-29 09:00", "Blog", "scheduled", "from its feed"),
    ]
    assert [each.name for each in planning.undated(account)] == ["Idea"]
    assert planning.month(account=account, first=date(2028, 6, 1), today=TODAY).is_empty is False  # the feed goes on


def test_a_month_is_one_query_however_much_is_in_it(account):
    def count():
        with CaptureQueriesContext(connection) as found:
            seen(account)
        return sum("campaigns_campaign" in each["sql"] for each in found), len(found)

    counts = []
    for n in range(3):
        make(f"Sent {n}", state="sent", sent_at=LATE)
        feed = feeding.create_feed(
            account=account, plan=plan("https://x.test/"), begin_with=0, created_by=None, now=NOW
        )
        Feed.objects.filter(pk=feed.pk).update(state="active", next_at=MONDAY)
        counts.append(count())
    assert counts == [(1, 1)] * 3


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2027-05", date(2027, 5, 1)),
        ("", MARCH),
        ("2027-13", MARCH),
        ("0001-01", date(2000, 1, 1)),
        ("9999-12", date(2100, 12, 1)),
        ("x" * 99, MARCH),
    ],
)
def test_whatever_is_asked_for_is_a_month(text, month):
    assert planning.month_of(text, today=TODAY) == month


def test_the_page_leads_to_months_and_campaigns(client, account):
    sent = make("Spring <bread>", state="sent", sent_at=LATE)
    make("Idea")

    page = client.get("/campaigns/calendar/?month=2027-03").content.decode()
    for words in (
        f'href="/campaigns/{sent.pk}/"', "Spring &lt;bread&gt;", "Times in Europe/Berlin", "?month=2027-02",
        "?month=2027-04", "Drafts without a day", "Idea", "Thursday, 11 March",
    ):  # fmt: skip
        assert words in page
    assert "Nothing this month" in client.get("/campaigns/calendar/?month=2031-05").content.decode()
    for month in ("2100-12", "2000-01", "nonsense"):
        assert client.get("/campaigns/calendar/", {"month": month}).status_code == 200
