"""Campaigns that go later: at a time, on each person's own clock, spread; and what was missed."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest

from accounts.models import AuditEvent
from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign
from campaigns.services import drafting, following, rehearsing, scheduling, sending
from campaigns.services.holding import NotADraft
from campaigns.timing import BadTime, Timing
from contacts.models import Contact
from delivery.models import Batch, Mailing, Message, Outcome
from delivery.services import claiming, holding, materialising
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.test_sending import make_ready
from tests.contacts.submitting import mails
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SUNDAY = date(2027, 3, 7)
NINE_IN_DUBLIN = datetime(2027, 3, 7, 9, tzinfo=UTC)
AT_NINE = Timing("at", SUNDAY, time(9), "Europe/Dublin")


@pytest.fixture
def draft(alice, sender, news):
    return make_ready(alice, sender, news)


@pytest.fixture
def scope(alice):
    with account_scope(alice.account):
        yield


def schedule(campaign, timing=AT_NINE):
    scheduling.set_timing(campaign=campaign, timing=timing, now=NOW)
    scheduling.send_or_schedule(campaign=campaign, agreed=3, now=NOW, actor=SYSTEM)
    return campaign


def look(campaign, now):
    """Do what the scheduler does, and return the campaign's state."""
    for account_id, campaign_id in following.due(now=now):
        following.look_after(account_id=account_id, campaign_id=campaign_id, now=now)
    with account_scope(campaign.account_id):
        campaign.refresh_from_db()
    return campaign.state


def test_a_scheduled_campaign_waits_and_goes_at_its_time_once(draft, alice):
    with account_scope(alice.account):
        schedule(draft)

    assert look(draft, NINE_IN_DUBLIN - timedelta(seconds=1)) == "scheduled"
    for minutes in (0, 1):
        assert look(draft, NINE_IN_DUBLIN + timedelta(minutes=minutes)) == "sending"
    with account_scope(alice.account):
        mailing = Mailing.objects.get()
        assert (mailing.audience, mailing.start_at) == (3, NINE_IN_DUBLIN + sending.GRACE)


def test_whoever_joins_before_its_time_gets_it(draft, alice, news):
    from tests.campaigns.conftest import make_people

    with account_scope(alice.account):
        schedule(draft)
        make_people(alice.account, news, 2, start=10)

    look(draft, NINE_IN_DUBLIN)
    with account_scope(alice.account):
        assert Mailing.objects.get().audience == 5


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        (Timing("at", NOW.date(), time(11, 59), "UTC"), "has passed"),
        (Timing("at", None, time(9), "UTC"), "which day"),
        (Timing("local", SUNDAY, None, "UTC"), "at what time"),
        (Timing("at", SUNDAY, time(9), "Europe/Nowhere"), "time zone"),
        (Timing("at", SUNDAY + timedelta(days=400), time(9), "UTC"), "more than a year"),
        (Timing("at", date.min, time(0), "Asia/Tokyo"), "has passed"),
        (Timing("local", date.max, time(23, 59), "America/New_York"), "more than a year"),
    ],
)
def test_times_that_nobody_can_mean_are_refused(draft, scope, timing, words):
    with pytest.raises(BadTime, match=words):
        scheduling.set_timing(campaign=draft, timing=timing, now=NOW)


def test_a_time_that_passed_between_choosing_and_pressing_is_refused(draft, scope):
    scheduling.set_timing(campaign=draft, timing=AT_NINE, now=NOW)

    with pytest.raises(BadTime):
        scheduling.send_or_schedule(campaign=draft, agreed=3, now=NINE_IN_DUBLIN, actor=SYSTEM)
    assert Campaign.objects.get().state == "draft"


def test_what_somebody_changed_meanwhile_is_not_sent(client, draft, alice):
    """One has the review open; another writes something else, or chooses another time."""
    for change in (
        lambda: drafting.save_content(campaign=draft, kind="markdown", source="Else", now=NOW),
        lambda: Campaign.objects.update(timing="at", day=SUNDAY, clock=time(9), zone="UTC"),
    ):
        page = client.get(f"/campaigns/{draft.pk}/review/").content.decode()
        seen = re.search(r'name="seen" value="(\w{64})"', page)[1]
        with account_scope(alice.account):
            change()
        answer = client.post(f"/campaigns/{draft.pk}/send/", {"shown": 3, "typed": "3", "seen": seen})
        assert (answer.status_code, "was changed after" in answer.content.decode()) == (422, True)
        with account_scope(alice.account):
            assert Campaign.objects.get().state == "draft"
    seen = re.search(r'name="seen" value="(\w{64})"', answer.content.decode())[1]
    answer = client.post(f"/campaigns/{draft.pk}/send/", {"shown": 3, "typed": "3", "seen": seen})
    assert answer.status_code == 302


def test_what_is_not_ready_is_not_scheduled(draft, scope):
    drafting.save_content(campaign=draft, kind="markdown", source="", now=NOW)

    with pytest.raises(sending.CannotSend):
        schedule(draft)
    assert Campaign.objects.get().state == "draft"


@pytest.mark.parametrize(("minutes", "state"), [(59, "sending"), (61, "draft")])
def test_more_than_an_hour_late_it_is_held_and_its_owners_are_told(draft, alice, minutes, state):
    with account_scope(alice.account):
        schedule(draft)

    for _ in range(2):
        assert look(draft, NINE_IN_DUBLIN + timedelta(minutes=minutes)) == state
    assert [mail["to"] for mail in mails()] == ([alice.user.email] if state == "draft" else [])
    assert draft.problem == (scheduling.MISSED if state == "draft" else "")


def test_what_came_to_need_mending_is_held(draft, alice, sender):
    with account_scope(alice.account):
        schedule(draft)
        type(sender).objects.update(verified_at=None)

    assert look(draft, NINE_IN_DUBLIN) == "draft"
    assert "has not been verified" in draft.problem
    with account_scope(alice.account):
        assert not Mailing.objects.exists()
        assert AuditEvent.objects.filter(action="campaign.held").exists()


def test_a_scheduled_campaign_is_not_changed_and_can_be_taken_back(draft, scope):
    schedule(draft)
    with pytest.raises(NotADraft):
        drafting.save_content(campaign=draft, kind="markdown", source="Else", now=NOW)

    scheduling.unschedule(campaign=draft, now=NOW, actor=SYSTEM)

    drafting.save_content(campaign=draft, kind="markdown", source="Else", now=NOW)
    with pytest.raises(scheduling.NotScheduled):
        scheduling.unschedule(campaign=draft, now=NOW, actor=SYSTEM)


def test_it_can_go_at_once_instead(draft, scope):
    schedule(draft)

    scheduling.send_now_instead(campaign=draft, now=NOW, actor=SYSTEM)

    draft.refresh_from_db()
    assert (draft.state, draft.timing, draft.sent_at) == ("sending", "now", NOW)


def test_each_person_gets_it_by_their_own_clock(draft, alice):
    with account_scope(alice.account):
        Contact.objects.filter(email="reader0@example.com").update(time_zone="Asia/Tokyo")
        schedule(draft, Timing("local", SUNDAY, time(9), "Europe/Dublin"))
    begins = datetime(2027, 3, 6, 19, tzinfo=UTC)  # 09:00 on Kiritimati

    assert look(draft, begins - timedelta(seconds=1)) == "scheduled"
    assert look(draft, begins) == "sending"
    with account_scope(alice.account):
        due = list(Batch.objects.order_by("number").values_list("not_before", "first", "last"))
    assert due == [(NINE_IN_DUBLIN - timedelta(hours=9), 1, 1), (NINE_IN_DUBLIN, 2, 3)]


def test_it_goes_at_once_instead_though_its_rehearsal_has_run_out(draft, scope, monkeypatch):
    """A large audience is tried by a worker; sending at once must not wait for what only a review begins."""
    drafting.save_content(
        campaign=draft, kind="markdown", source="{{ 100 | divided_by: 5 }} {{ contact.email | upcase }}", now=NOW
    )
    schedule(draft)
    monkeypatch.setattr(rehearsing, "AT_ONCE", 2)
    two_days = NOW + timedelta(days=2)

    scheduling.send_now_instead(campaign=draft, now=two_days, actor=SYSTEM)

    draft.refresh_from_db()
    assert (draft.state, draft.sent_at) == ("sending", two_days)


def test_owners_are_told_of_what_becomes_a_draft_while_its_audience_is_gathered(draft, alice, monkeypatch):
    with account_scope(alice.account):
        schedule(draft)

    def refuse(**_given):
        raise materialising.NobodyLeft

    monkeypatch.setattr(materialising, "materialise", refuse)
    assert look(draft, NINE_IN_DUBLIN) == "draft"
    assert [mail["context"]["problem"] for mail in mails()] == [draft.problem]
    assert "Nobody would receive this" in draft.problem


def test_what_was_gathered_in_time_is_not_sent_hours_late_by_itself(draft, alice):
    with account_scope(alice.account):
        schedule(draft)
    look(draft, NINE_IN_DUBLIN)
    with account_scope(alice.account):
        mailing = Mailing.objects.get()
    late = NINE_IN_DUBLIN + timedelta(hours=2)

    assert claiming.claim_batch(account_id=alice.account_id, mailing_id=mailing.pk, now=late) is None
    assert look(draft, late) == "paused"
    assert [mail["context"]["problem"] for mail in mails()] == [holding.MISSED]


def test_unconfirmed_messages_of_a_spread_campaign_can_be_sent_once_more_days_later(draft, alice, settings):
    later = NOW + timedelta(days=2)
    with account_scope(alice.account):
        schedule(draft, Timing("now", spread_hours=3))
    look(draft, NOW)
    with account_scope(alice.account):
        Message.objects.update(outcome=Outcome.UNCONFIRMED, settled_at=NOW)
        Batch.objects.update(state="done", unconfirmed=1)
        Mailing.objects.update(state="done")
    assert look(draft, NOW + timedelta(hours=4)) == "sent"
    with account_scope(alice.account):
        assert sending.resend_unconfirmed(campaign=draft, now=later, actor=SYSTEM) == 3
        batch, mailing = Batch.objects.order_by("number")[0], Mailing.objects.get()
        assert not holding.is_missed(mailing=mailing, batch=batch, now=later)


def test_spread_over_hours(draft, alice):
    with account_scope(alice.account):
        schedule(draft, Timing("now", spread_hours=3))

    look(draft, NOW)
    with account_scope(alice.account):
        due = [batch.not_before - Mailing.objects.get().start_at for batch in Batch.objects.order_by("number")]
    assert due == [timedelta(hours=n) for n in range(3)]


def test_owners_are_told_of_a_campaign_that_is_held_on_its_way(draft, alice):
    with account_scope(alice.account):
        schedule(draft, Timing("now", spread_hours=3))
    look(draft, NOW)
    with account_scope(alice.account):
        Mailing.objects.update(state=Mailing.State.PAUSED, held_reason="The server is away.")

    for _ in range(2):
        assert look(draft, NOW) == "paused"
    assert [mail["context"]["problem"] for mail in mails()] == ["The server is away."]


def test_a_restored_backup_schedules_nothing(draft, alice):
    from emailconcert.lib.tenancy import platform_scope

    with account_scope(alice.account):
        schedule(draft)
    with platform_scope("test"):
        assert following.hold_restored(now=NOW) == 1

    assert look(draft, NINE_IN_DUBLIN) == "draft"
    assert draft.problem == scheduling.RESTORED
    assert [(mail["to"], mail["context"]["problem"]) for mail in mails()] == [(alice.user.email, scheduling.RESTORED)]


def test_the_pages_say_when(client, draft, alice):
    base = f"/campaigns/{draft.pk}"
    values = {"kind": "at", "day": "2027-03-07", "clock": "09:00", "zone": "Europe/Dublin", "spread_hours": "4"}

    assert client.post(f"{base}/when/", values | {"day": "2020-01-01"}).status_code == 422
    assert client.post(f"{base}/when/", values).status_code == 302
    page = client.get(f"{base}/review/").content.decode()
    assert "Sunday, 7 March 2027, 09:00, Europe/Dublin, spread over 4 hours" in " ".join(page.split())
    assert "Schedule" in page
    assert client.post(f"{base}/send/", {"shown": 3, "typed": "3"}).status_code == 302
    assert "Back to draft" in client.get(f"{base}/").content.decode()
    assert "Scheduled" in client.get("/campaigns/").content.decode()
    assert client.post(f"{base}/unschedule/").status_code == 302
    with account_scope(alice.account):
        assert Campaign.objects.get().state == "draft"
