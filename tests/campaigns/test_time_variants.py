"""Tests of variants that are tried at different times of day, with fake clocks to the end."""

from datetime import UTC, datetime, time, timedelta

import pytest

from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign, Variant
from campaigns.services import deciding, progress, sending, variants
from campaigns.services.variants import Plan
from campaigns.timing import next_time
from delivery.models import Batch, Mailing
from delivery.services import claiming
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.test_variants import deliver, got, make_test, tick
from tests.contacts.submitting import mails
from tests.factories import NOW
from tracking.models import MessageActivity

pytestmark = pytest.mark.django_db
# NOW is noon UTC on 1 March 2027, 13:00 in Vienna: so B at 17:00 is today, and A at 9:00 tomorrow.
B_LEAVES, A_LEAVES = NOW + timedelta(hours=4), NOW + timedelta(hours=20)
DECIDED = A_LEAVES + timedelta(minutes=1, hours=4)


@pytest.fixture
def draft(alice, sender, news):
    return make_timed(alice, sender, news)


def make_timed(alice, sender, news, rest_goes="clock", **plan):
    plan = Plan(
        **{"percent": 50, "winner_by": "opens", "hours": 4, "if_undecided": "first"} | plan, rest_goes=rest_goes
    )
    draft = make_test(alice, sender, news, plan=plan, subjects=("Fresh bread",))
    with account_scope(alice.account):
        type(alice.account).objects.filter(pk=alice.account_id).update(time_zone="Europe/Vienna")
        for name, hour in (("A", 9), ("B", 17)):
            words = {"subject": "Fresh bread", "preheader": "", "from_name": ""}
            variants.set_variant(campaign=draft, name=name, **words, clock=time(hour), now=NOW)
        return Campaign.objects.select_related("account").get(pk=draft.pk)


def send(draft):
    with account_scope(draft.account_id):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    assert tick(draft, NOW) == "sending"


def mailing(draft, name):
    with account_scope(draft.account_id):
        return Mailing.objects.get(variants__campaign=draft, variants__name=name)


def deliver_one(draft, name, now):
    """Let one variant's mails be sent, as nobody else's could be yet."""
    its = mailing(draft, name)
    with account_scope(draft.account_id):
        others = Mailing.objects.exclude(pk=its.pk).filter(state="sending")
        held = list(others.values_list("pk", flat=True))
        others.update(state="materialising")
        deliver(draft, now)
        Mailing.objects.filter(pk__in=held).update(state="sending")


def claims(draft, name, now):
    """Tell whether a worker finds something of a variant to send."""
    claim = claiming.claim_batch(account_id=draft.account_id, mailing_id=mailing(draft, name).pk, now=now)
    if claim:
        claim.journal.close()
    return claim is not None


def open_it(draft, name, *moments):
    its = mailing(draft, name)
    with account_scope(draft.account_id):
        MessageActivity.objects.bulk_create(
            MessageActivity(mailing_id=its.pk, sequence=n, first_open_people=moment)
            for n, moment in enumerate(moments, start=1)
        )


def try_sample(draft):
    send(draft)
    for name, at in (("B", B_LEAVES), ("A", A_LEAVES)):
        assert not claims(draft, name, at - timedelta(seconds=1))
        deliver_one(draft, name, at + timedelta(minutes=1))
        state = tick(draft, at + timedelta(minutes=1))
    return state


def test_each_leaves_at_its_time_and_the_rest_at_the_winners_next(draft, alice):
    send(draft)
    with account_scope(alice.account):
        assert [mailing(draft, name).start_at for name in "AB"] == [A_LEAVES, B_LEAVES]
        seen = progress.look(campaign=draft, now=NOW + timedelta(hours=1))
    assert (seen.waits_until, seen.pace) == (B_LEAVES, 0)
    assert not claims(draft, "B", B_LEAVES - timedelta(seconds=1))
    deliver_one(draft, "B", B_LEAVES)
    assert tick(draft, B_LEAVES) == "sending"
    deliver_one(draft, "A", A_LEAVES + timedelta(minutes=1))
    assert tick(draft, A_LEAVES + timedelta(minutes=1)) == "testing"
    assert draft.decide_at == DECIDED
    open_it(draft, "B", *[B_LEAVES + timedelta(hours=1)] * 5)
    open_it(draft, "A", A_LEAVES + timedelta(hours=1))

    assert tick(draft, DECIDED - timedelta(seconds=1)) == "testing"
    for _ in range(2):
        assert tick(draft, DECIDED) == "sending"
    rest = mailing(draft, "R")
    assert (draft.winner, rest.start_at, rest.is_timed) == ("B", B_LEAVES + timedelta(days=1), True)
    with account_scope(alice.account):
        assert progress.look(campaign=draft, now=DECIDED).waits_until == rest.start_at
    deliver(draft, rest.start_at)
    assert tick(draft, rest.start_at) == "sent"
    parts = got(draft)
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 40


def test_or_at_once(alice, sender, news):
    draft = make_timed(alice, sender, news, rest_goes="once")
    assert try_sample(draft) == "testing"
    open_it(draft, "A", A_LEAVES + timedelta(hours=1))
    assert tick(draft, DECIDED) == "sending"

    assert (draft.winner, mailing(draft, "R").start_at) == ("A", DECIDED)
    assert claims(draft, "R", DECIDED + timedelta(seconds=1))


def test_the_one_that_left_first_gets_no_longer_to_be_opened(draft, alice):
    assert try_sample(draft) == "testing"
    early, late = B_LEAVES + timedelta(hours=2), B_LEAVES + timedelta(hours=12)
    open_it(draft, "B", early, early, *[late] * 6)
    open_it(draft, "A", *[A_LEAVES + timedelta(hours=3)] * 4)

    with account_scope(alice.account):
        found = deciding.result(campaign=draft, now=A_LEAVES - timedelta(hours=1)).verdict
        assert "Nobody opened it" in found.sentence
    assert tick(draft, DECIDED) == "sending"
    assert draft.winner == "A"


def test_a_time_that_was_missed_is_held_and_the_owners_told(draft, alice):
    send(draft)
    late = B_LEAVES + timedelta(minutes=61)
    assert not claims(draft, "B", late)

    assert tick(draft, late) == "paused"
    assert len(mails()) == 1
    with account_scope(alice.account):
        sending.resume(campaign=draft, now=late, actor=SYSTEM)
        assert Batch.objects.filter(mailing=mailing(draft, "A")).get().not_before == A_LEAVES
    assert claims(draft, "B", late)
    assert not claims(draft, "A", late)


@pytest.mark.parametrize(
    ("clock", "after", "expected"),
    [  # Vienna's clocks skip 2:00 to 3:00 on 28 March 2027, and show it twice on 31 October
        (time(2, 30), datetime(2027, 3, 28, 0, 0, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        (time(2, 30), datetime(2027, 10, 31, 0, 0, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        (time(2, 30), datetime(2027, 10, 31, 0, 31, tzinfo=UTC), datetime(2027, 11, 1, 1, 30, tzinfo=UTC)),
        (time(9), datetime(2027, 3, 1, 8, 0, tzinfo=UTC), datetime(2027, 3, 1, 8, 0, tzinfo=UTC)),
        (time(9), datetime(2027, 3, 1, 8, 0, 1, tzinfo=UTC), datetime(2027, 3, 2, 8, 0, tzinfo=UTC)),
    ],
)
def test_the_next_time_of_day(clock, after, expected):
    assert next_time(clock, "Europe/Vienna", after=after) == expected


def test_the_page_says_when_each_leaves_and_where_one_has_no_time(client, draft, alice):
    base = f"/campaigns/{draft.pk}"
    page = client.get(f"{base}/variants/").content.decode()
    assert "at the winner’s time of day (Europe/Vienna)" in page
    assert 'name="rest_goes"' in page
    plan = {"percent": 40, "winner_by": "opens", "hours": 2, "if_undecided": "wait"}
    assert client.post(f"{base}/variants/", plan).status_code == 422
    assert client.post(f"{base}/variants/", plan | {"rest_goes": "once"}).status_code == 302
    with account_scope(alice.account):
        draft.refresh_from_db()
        draft.account.refresh_from_db()
        said = {each.level: each.sentence for each in variants.check_variants(draft, 40, now=NOW)}
        assert "B on Monday, 1 March, 17:00, A on Tuesday, 2 March, 09:00; the winner as soon" in said["ok"]
    given = {"subject": "Fresh bread", "preheader": "", "from_name": ""}
    assert client.post(f"{base}/variants/A/", given | {"clock": "25:00"}).status_code == 422
    assert client.post(f"{base}/variants/A/", given | {"clock": ""}).status_code == 302
    with account_scope(alice.account):
        said = [each.sentence for each in variants.check_variants(draft, 40, now=NOW) if each.level == "blocking"]
        assert said == ["Say at what time of day variant A is tried, or take the times of the others away."]
        Variant.objects.filter(name="B").delete()
    assert 'name="clock"' not in client.get(f"{base}/variants/A/").content.decode()
