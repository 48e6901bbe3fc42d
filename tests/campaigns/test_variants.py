"""Tests of variants: who gets which, the winner, and the rest; with fake clocks to the end."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.services.auditing import SYSTEM
from campaigns import chances, queries, samples
from campaigns.chances import Tally
from campaigns.models import Campaign, Variant
from campaigns.services import deciding, drafting, following, following_up, sending, variants, versions
from campaigns.services.variants import Plan
from campaigns.timing import Timing
from contacts.models import Contact, Subscription
from delivery.models import Batch, Mailing, Message, Outcome
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.campaigns.conftest import make_people
from tests.campaigns.test_sending import make_ready
from tests.contacts.submitting import mails
from tests.factories import NOW
from tracking.models import MailingRollup

pytestmark = pytest.mark.django_db
LEFT = NOW + timedelta(minutes=5)
DECIDED = LEFT + timedelta(hours=4)
PLAN = Plan(50, "opens", 4, "first")


def make_test(alice, sender, news, *, plan=PLAN, subjects=("Bread is here",), people=40):
    """A draft with as many variants more as there are subjects."""
    draft = make_ready(alice, sender, news, people=people)
    with account_scope(alice.account):
        for subject in subjects:
            added = variants.add_variant(campaign=draft, now=NOW)
            words = {"subject": subject, "preheader": "Today", "from_name": "The bakers"}
            variants.set_variant(campaign=draft, name=added.name, **words, now=NOW)
        variants.set_plan(campaign=draft, plan=plan, now=NOW)
    return draft


@pytest.fixture
def draft(alice, sender, news):
    return make_test(alice, sender, news)


def tick(campaign, now):
    """Do what the scheduler does, and return the campaign's state."""
    for account_id, campaign_id in following.due(now=now):
        following.look_after(account_id=account_id, campaign_id=campaign_id, now=now)
    with account_scope(campaign.account_id):
        campaign.refresh_from_db()
    return campaign.state


def deliver(campaign, now):
    """Let everything that is queued be sent."""
    with account_scope(campaign.account_id):
        for mailing in Mailing.objects.filter(variants__campaign=campaign, state=Mailing.State.SENDING):
            queued = Message.objects.filter(mailing_id=mailing.pk, outcome=Outcome.QUEUED)
            count = queued.update(outcome=Outcome.SENT, settled_at=now)
            Batch.objects.filter(mailing_id=mailing.pk).update(state="done")
            Batch.objects.filter(mailing_id=mailing.pk, number=1).update(sent=count)
            Mailing.objects.filter(pk=mailing.pk).update(state="done", finished_at=now)
            MailingRollup.objects.get_or_create(mailing_id=mailing.pk)


def opened(campaign, **counts):
    """Have so many people of each variant open it."""
    with account_scope(campaign.account_id):
        for name, count in counts.items():
            mailing_id = Variant.objects.get(campaign=campaign, name=name).mailing_id
            MailingRollup.objects.filter(mailing_id=mailing_id).update(
                unique_opens_people=count, unique_clicks_people=count, unique_opens_machine=99
            )


def start(campaign):
    """Send it and bring it to where the sample is read."""
    with account_scope(campaign.account_id):
        sending.send_campaign(campaign=campaign, now=NOW, actor=SYSTEM)
    assert tick(campaign, NOW) == "sending"
    deliver(campaign, LEFT)
    return tick(campaign, LEFT)


def got(campaign):
    """Return the contacts of each variant's messages."""
    with account_scope(campaign.account_id):
        return {
            each.name: set(Message.objects.filter(mailing_id=each.mailing_id).values_list("contact_id", flat=True))
            for each in Variant.objects.filter(campaign=campaign).order_by("name")
        }


def test_the_winner_goes_to_everybody_else_once(draft, alice):
    with account_scope(alice.account):
        everybody = set(Contact.objects.values_list("pk", flat=True))
        counted = variants.sizes(campaign=draft, people=40, now=NOW)
    assert start(draft) == "testing"
    sample = got(draft)
    assert counted.parts == tuple((name, len(people)) for name, people in sample.items())
    assert min(len(people) for people in sample.values()) > 4
    opened(draft, A=1, B=4)

    assert tick(draft, DECIDED - timedelta(seconds=1)) == "testing"
    for _ in range(2):
        assert tick(draft, DECIDED) == "sending"
    deliver(draft, DECIDED)
    for _ in range(2):
        assert tick(draft, DECIDED) == "sent"
    parts = got(draft)
    assert list(parts) == ["A", "B", "R"]
    assert set.union(*parts.values()) == everybody
    assert sum(map(len, parts.values())) == 40
    assert len(parts["R"]) == counted.rest
    assert (draft.winner, "B is ahead of A" in draft.winner_why) == ("B", True)
    with account_scope(alice.account):
        rest = Mailing.objects.get(variants__name="R")
        assert rest.from_name == "The bakers"
        found = deciding.result(campaign=draft, now=DECIDED)
        assert ([n.openers for _, n in found.rows], found.rest.audience) == ([1, 4], counted.rest)


def test_who_joins_or_leaves_meanwhile_is_in_the_rest_or_not(draft, alice, news):
    start(draft)
    with account_scope(alice.account):
        joined = {each.pk for each in make_people(alice.account, news, 5, start=100)}
        left = next(iter(set(Contact.objects.values_list("pk", flat=True)) - joined - set.union(*got(draft).values())))
        Subscription.objects.filter(contact_id=left).update(state="unsubscribed")
    tick(draft, DECIDED)

    parts = got(draft)
    assert joined <= parts["R"]
    assert left not in parts["R"]
    assert not parts["R"] & (parts["A"] | parts["B"])


@pytest.mark.parametrize(("if_undecided", "state", "winner"), [("first", "sending", "A"), ("wait", "testing", "")])
def test_without_opens_it_is_said_and_a_goes_or_it_waits(alice, sender, news, if_undecided, state, winner):
    draft = make_test(alice, sender, news, plan=Plan(50, "opens", 4, if_undecided))
    start(draft)

    for _ in range(2):
        assert tick(draft, DECIDED) == state
    assert draft.winner == winner
    said = draft.winner_why if winner else draft.problem
    assert "Nobody opened it, so there is no winner." in said
    assert len(mails()) == (0 if winner else 1)


def test_by_hand_it_waits_until_one_is_chosen_once(alice, sender, news):
    draft = make_test(alice, sender, news, plan=Plan(50, "hand", 1, "first"))
    with account_scope(alice.account):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    tick(draft, NOW)
    choose = {"campaign": draft, "name": "B", "actor": SYSTEM, "now": DECIDED}
    with account_scope(alice.account), pytest.raises(deciding.CannotChoose):
        deciding.choose(**choose)
    deliver(draft, LEFT)

    assert tick(draft, LEFT) == "testing"
    assert tick(draft, LEFT + timedelta(days=9)) == "testing"
    with account_scope(alice.account):
        deciding.choose(**choose)
        with pytest.raises(deciding.CannotChoose):
            deciding.choose(**choose | {"name": "A"})
    tick(draft, DECIDED)
    deliver(draft, DECIDED)
    assert (tick(draft, DECIDED), draft.winner) == ("sent", "B")


def test_more_than_an_hour_late_the_rest_is_held_until_resumed(draft, alice):
    start(draft)
    late = DECIDED + timedelta(minutes=61)
    opened(draft, A=4, B=1)

    assert tick(draft, late) == "paused"
    assert tick(draft, late) == "paused"
    assert len(mails()) == 1
    with account_scope(alice.account):
        sending.resume(campaign=draft, now=late, actor=SYSTEM)
    assert tick(draft, late) == "testing"
    assert (tick(draft, late), draft.winner) == ("sending", "A")


def test_paused_between_nothing_goes_and_cancelled_the_rest_never_does(draft, alice):
    start(draft)
    with account_scope(alice.account):
        sending.pause(campaign=draft, now=LEFT, actor=SYSTEM)
    assert tick(draft, DECIDED) == "paused"
    with account_scope(alice.account):
        sending.resume(campaign=draft, now=DECIDED, actor=SYSTEM)
    assert tick(draft, DECIDED) == "testing"
    with account_scope(alice.account):
        sending.cancel(campaign=draft, now=DECIDED, actor=SYSTEM)

    assert tick(draft, DECIDED + timedelta(hours=5)) == "cancelled"
    assert list(got(draft)) == ["A", "B"]


def test_a_restored_backup_sends_no_rest_by_itself(draft, alice):
    start(draft)
    with platform_scope("test"):
        assert following.hold_restored(now=NOW) == 1

    assert tick(draft, DECIDED) == "paused"
    assert "Restored from a backup" in draft.problem


def test_a_rest_that_cannot_start_is_held_and_started_after_resuming(draft, alice):
    start(draft)
    type(alice.account).objects.filter(pk=alice.account_id).update(sending_quota=21)

    assert tick(draft, DECIDED) == "paused"
    assert "more messages in this 30-day window" in draft.problem
    assert len(mails()) == 1
    type(alice.account).objects.filter(pk=alice.account_id).update(sending_quota=1000)
    with account_scope(alice.account):
        sending.resume(campaign=draft, now=DECIDED, actor=SYSTEM)
    assert tick(draft, DECIDED) == "sending"
    assert len(set.union(*got(draft).values())) == 40


def test_where_nobody_is_left_for_the_rest_it_is_sent(draft, alice):
    start(draft)
    with account_scope(alice.account):
        Subscription.objects.update(state="unsubscribed")

    tick(draft, DECIDED)
    assert tick(draft, DECIDED) == "sent"


def test_a_sample_starts_as_a_whole_or_not_at_all(draft, alice):
    with account_scope(alice.account):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    type(alice.account).objects.filter(pk=alice.account_id).update(sending_quota=12)

    assert tick(draft, NOW) == "draft"
    with account_scope(alice.account):
        assert set(Mailing.objects.values_list("state", flat=True)) == {"compiled"}
        assert not Message.objects.exists()


def test_what_stands_in_the_way_of_a_test_is_said(alice, sender, news):
    draft = make_test(alice, sender, news, people=1, subjects=("Fresh bread", ""))
    with account_scope(alice.account):
        variants.set_variant(campaign=draft, name="B", subject="Fresh bread", preheader="Today", from_name="", now=NOW)
        draft.timing = Timing("local").kind
        said = [(each.level, each.sentence) for each in variants.check_variants(draft, 1, now=NOW)]

    blocking = " ".join(sentence for level, sentence in said if level == "blocking")
    for words in ("own clock", "Two variants are the same", "Write a subject for variant C", "Too few people"):
        assert words in blocking


def test_four_variants_at_most_and_the_first_stays(draft, alice):
    with account_scope(alice.account):
        for _ in range(2):
            variants.add_variant(campaign=draft, now=NOW)
        with pytest.raises(variants.TooMany):
            variants.add_variant(campaign=draft, now=NOW)
        for name in "BA":
            variants.remove_variant(campaign=draft, name=name, now=NOW)
        assert [each.name for each in queries.alternatives(draft)] == ["A", "C", "D"]
        drafting.set_envelope(campaign=draft, sender=None, reply_to="", subject="New", preheader="", now=NOW)
        assert [each.subject for each in queries.alternatives(draft)] == ["New", "Fresh bread", "Fresh bread"]


def test_a_removed_variant_comes_back_as_it_was_while_it_is_a_draft(client, draft, alice):
    base = f"/campaigns/{draft.pk}/variants"
    written = versions.Written("markdown", "# Warm rolls")
    with account_scope(alice.account):
        variants.begin_own_content(campaign=draft, name="B", author=None, now=NOW)
        versions.save_content(campaign=draft, written=written, origin=versions.Origin(), name="B", now=NOW)

    page = client.post(f"{base}/B/remove/", follow=True).content.decode()
    assert f'action="{base}/B/restore/"' in page
    with account_scope(alice.account):
        assert [each.name for each in queries.alternatives(draft)] == ["A"]
        assert (list(draft.variants.values_list("name", flat=True)), queries.variant(draft, "b")) == (["A"], None)
        variants.add_variant(campaign=draft, now=NOW)  # takes its name
    client.post(f"{base}/B/restore/")
    with account_scope(alice.account):
        back = queries.variant(draft, "C")
        assert (back.source, back.has_own_content, back.versions.count() > 1) == ("# Warm rolls", True, True)
        # One that says what A says is removed, A is written anew, and it says that when it comes back.
        variants.remove_variant(campaign=draft, name="B", now=NOW)
        versions.save_content(campaign=draft, written=written, origin=versions.Origin(), now=NOW)
        assert variants.restore_variant(campaign=draft, name="B", now=NOW) == "B"
        assert queries.variant(draft, "B").source == "# Warm rolls"
    assert "no longer kept" in client.post(f"{base}/B/restore/", follow=True).content.decode()

    client.post(f"{base}/B/remove/")
    with account_scope(alice.account):
        Campaign.objects.update(state="sent")
    assert client.post(f"{base}/B/restore/", follow=True).status_code == 200
    with account_scope(alice.account):
        assert [each.name for each in queries.alternatives(draft)] == ["A", "C"]


def test_a_copy_has_the_test_and_a_follow_up_the_winner_only(draft, alice):
    start(draft)
    opened(draft, A=0, B=2)
    tick(draft, DECIDED)
    deliver(draft, DECIDED)
    tick(draft, DECIDED)

    with account_scope(alice.account):
        copy = drafting.duplicate_campaign(campaign=draft, created_by=None)
        after = following_up.begin(campaign=draft, kind="joined", created_by=None, now=DECIDED)
        assert [each.name for each in queries.alternatives(copy)] == ["A", "B"]
        assert copy.sample_percent == 50
        assert [(each.name, each.subject) for each in queries.alternatives(after)] == [("A", "Bread is here")]
    assert Campaign.State.TESTING not in (copy.state, after.state)


def test_the_pages_from_adding_to_choosing(client, alice, sender, news, django_assert_max_num_queries):
    draft = make_test(alice, sender, news, subjects=())
    base = f"/campaigns/{draft.pk}"
    assert "How it is tried" not in client.get(f"{base}/variants/").content.decode()

    added = client.post(f"{base}/variants/add/")["Location"]
    assert added == f"{base}/variants/B/"
    assert client.post(added, {"subject": "Warm loaves", "preheader": "", "from_name": "Bad\x07"}).status_code == 422
    assert client.post(added, {"subject": "Warm loaves", "preheader": "", "from_name": "Bakers"}).status_code == 302
    plan = {"percent": 40, "winner_by": "hand", "hours": 2, "if_undecided": "wait"}
    assert client.post(f"{base}/variants/", plan | {"percent": 51, "hours": 0}).status_code == 422
    assert client.post(f"{base}/variants/", plan).status_code == 302
    page = client.get(f"{base}/variants/").content.decode()
    with account_scope(alice.account):
        draft.refresh_from_db()
        counted = variants.sizes(campaign=draft, people=40, now=NOW)
    assert f"then the winner to the other {counted.rest}." in " ".join(re.sub("<[^>]*>", "", page).split())
    assert "Warm loaves" in client.get(f"{base}/").content.decode()
    assert "Few people get each variant" in client.get(f"{base}/review/").content.decode()
    assert (client.get(f"{base}/variants/R/").status_code, client.post(f"{base}/variants/Z/remove/").status_code) == (
        404,
        302,
    )

    start(draft)
    with django_assert_max_num_queries(40):
        page = client.get(f"{base}/").content.decode()
    assert page.count("Send to the rest</") == 2
    assert "Choose what goes to the rest" in page
    assert client.get(f"{base}/variants/").status_code == 302
    client.post(f"{base}/variants/B/choose/")
    tick(draft, DECIDED)
    deliver(draft, DECIDED)
    tick(draft, DECIDED)
    report = client.get(f"{base}/report/").content.decode()
    assert ("Went to the rest" in report, "Chosen by hand." in report) == (True, True)


@given(
    campaign_id=st.integers(1, 10**12), percent=st.integers(10, 50), of=st.integers(2, 4), first=st.integers(1, 10**12)
)
def test_parts_hold_nobody_twice_and_about_their_share(alice, campaign_id, percent, of, first):
    ends = [samples.Part(campaign_id, percent, number, of).places() for number in range(of)]
    assert all(one[1] == two[0] for one, two in pairwise(ends))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ('x' || left(md5(%s || ':' || n), 8))::bit(32)::bigint FROM generate_series(%s, %s) n",
            [str(campaign_id), first, first + 1999],
        )
        places = [place for (place,) in cursor.fetchall()]
    counts = [sum(low <= place < high for place in places) for low, high in ends]
    expected = 2000 * percent / 100 / of
    assert (ends[0][0], abs(ends[-1][1] - 2**32 * percent / 100) < 1) == (0, True)
    assert all(abs(count - expected) < 6 * expected**0.5 for count in counts)


def test_significance_is_said_as_it_is():
    def judge(a, b, of=1000):
        return chances.judge([Tally("A", a, of), Tally("B", b, of)], did="opened it")

    assert judge(200, 212).sentence == (
        "No clear winner: B is ahead of A by 1.2 points, which can be chance (p = 0.51)."
    )
    assert judge(260, 200).sentence == "A is ahead of B by 6.0 points, which is hardly chance (p < 0.01)."
    assert (judge(0, 0).leader, judge(5, 5).leader, judge(0, 0, of=0).leader) == ("", "", "")
    # NIST/SEMATECH e-Handbook 7.3.3 gives z = 2.45 for 53 of 100 against 71 of 100 … checked by hand: 2.62.
    assert chances.p_value(Tally("A", 53, 100), Tally("B", 71, 100)) == pytest.approx(0.0088, abs=0.0003)
