import time
from datetime import timedelta

import pytest
from django.test import Client

from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign, Rehearsal, RehearsalFailure
from campaigns.services import checking, drafting, rehearsing, scheduling, sending
from campaigns.timing import Timing
from contacts.models import Contact, CustomField
from delivery.services import rehearsing as trying
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from privacy.services import standing
from tests.campaigns.conftest import make_people
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW
from tests.forking import forking

pytestmark = pytest.mark.django_db
SOURCE = "# Hello\n\nYour share: {{ 100 | divided_by: contact.orders }} percent\n"


@pytest.fixture
def draft(alice, sender, news):
    draft = make_ready(alice, sender, news, people=6)
    with account_scope(alice.account):
        CustomField.objects.create(key="orders", label="Orders", type="number")
        Contact.objects.update(values={"orders": 4})
        draft.variants.update(source=SOURCE)
    return draft


@pytest.fixture
def scope(alice, draft):
    with account_scope(alice.account):
        yield


def people():
    return list(Contact.objects.order_by("pk"))


def look(draft, *, at=NOW, how=checking.Rehearse.BEGIN):
    campaign = Campaign.objects.select_related("account", "sender").get(pk=draft.pk)
    return checking.review(campaign=campaign, now=at, rehearse=how)


def spoil(*which):
    for each in which:
        Contact.objects.filter(pk=people()[each].pk).update(values={"orders": 0})


def test_who_it_fails_for_is_listed_and_sending_is_refused(draft, scope):
    spoil(1, 4)
    review = look(draft)

    assert "It can't be filled in for 2 people of 6." in [check.sentence for check in review.blocking]
    assert [each.contact_id for each in review.failures] == [people()[1].pk, people()[4].pk]
    first = review.failures[0]
    assert (first.part, first.line, first.column) == ("body", 3, 22)
    assert "divide" in first.message
    with pytest.raises(sending.CannotSend, match="2 people of 6"):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)


def test_mended_content_or_another_audience_is_tried_again(draft, scope, news):
    spoil(1)
    assert not look(draft).is_ready
    draft.variants.update(source=SOURCE.replace("contact.orders", "4"))
    assert look(draft).is_ready
    assert RehearsalFailure.objects.count() == 0
    draft.variants.update(source=SOURCE)
    assert not look(draft).is_ready

    before = Rehearsal.objects.get().fingerprint
    drafting.set_audience(campaign=draft, lists=[], now=NOW)
    assert rehearsing.look(campaign=draft, now=NOW) is None
    assert rehearsing.fingerprint(draft) != before


@pytest.mark.parametrize(("at_once", "life"), [(2_000, timedelta(minutes=1)), (3, timedelta(days=1))])
def test_it_holds_for_a_while_and_is_not_tried_twice(alice, draft, monkeypatch, at_once, life):
    """What is tried at once holds for a minute, what takes a worker's time for a day."""
    monkeypatch.setattr(rehearsing, "AT_ONCE", at_once)

    def ready(at):
        with account_scope(alice.account):
            look(draft, at=at)
        rehearsing.run_slice(account_id=alice.account_id, campaign_id=draft.pk, clock=lambda: at)
        with account_scope(alice.account):
            return look(draft, at=at).is_ready

    assert ready(NOW)
    with account_scope(alice.account):
        spoil(0)
    assert ready(NOW + life - timedelta(seconds=1))
    assert not ready(NOW + life)


@pytest.mark.parametrize("at_once", [2_000, 3])
def test_a_contact_that_was_mended_and_an_audience_that_has_grown_are_tried_again(
    alice, draft, news, monkeypatch, at_once
):
    monkeypatch.setattr(rehearsing, "AT_ONCE", at_once)
    moments = iter(NOW + timedelta(minutes=2 * n) for n in range(9))

    def failing():
        at = next(moments)
        with account_scope(alice.account):
            look(draft, at=at)
        rehearsing.run_slice(account_id=alice.account_id, campaign_id=draft.pk, clock=lambda: at)
        with account_scope(alice.account):
            return look(draft, at=at).rehearsal.failing

    with account_scope(alice.account):
        spoil(1)
    assert failing() == 1
    with account_scope(alice.account):
        Contact.objects.update(values={"orders": 4})
    assert failing() == 0
    with account_scope(alice.account):
        make_people(alice.account, news, 2, start=10)  # with no orders at all
    assert failing() == 2


def test_a_deleted_draft_is_not_tried_any_longer(alice, draft, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 3)
    with account_scope(alice.account):
        look(draft)
        drafting.delete_draft(campaign=draft, actor=SYSTEM, now=NOW)
    assert not rehearsing.run_slice(account_id=alice.account_id, campaign_id=draft.pk, clock=lambda: NOW)
    assert rehearsing.due(now=NOW) == []


def test_what_can_fail_for_nobody_is_tried_for_nobody(draft, scope):
    draft.variants.update(source="Hello {{ contact.first_name | default: 'friend' }}")
    sentences = [check.sentence for check in look(draft).checks]

    assert "Nothing in it can fail for one person." in sentences
    assert Rehearsal.objects.get().tried == 0


def test_people_who_get_no_mail_are_left_out(alice, draft, scope):
    spoil(0, 1, 2)
    found = people()
    standing.suppress(
        account_id=alice.account_id, address=found[0].email, reason=Suppression.Reason.COMPLAINED, now=NOW
    )
    standing.restrict(account_id=alice.account_id, address_hash=bytes(found[1].email_hash), now=NOW)
    Contact.objects.filter(pk=found[2].pk).update(paused_until=NOW + timedelta(days=3))

    assert look(draft).is_ready
    assert Rehearsal.objects.get().tried == 3


def test_a_large_audience_is_a_workers_and_the_review_waits(alice, draft, scope, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 3)
    monkeypatch.setattr(rehearsing, "PIECE", 2)
    spoil(5)
    review = look(draft)
    waiting = next(check for check in review.checks if check.level == "waiting")
    assert (waiting.sentence, waiting.live) == ("It is being tried for everybody: 0 of 6 so far.", "rehearsal")
    assert not review.is_ready
    with pytest.raises(sending.CannotSend, match="being tried"):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)


def main(account_id, campaign_id):
    """Go on with a rehearsal in pieces of two, and stay in the third for ever."""
    rehearsing.PIECE = rehearsing.LARGEST_PIECE = 2
    whole, asked = trying.try_piece, []

    def stuck(**given):
        asked.append(given["after"])
        if len(asked) == 3:
            time.sleep(600)
        return whole(**given)

    trying.try_piece = stuck
    rehearsing.run_slice(account_id=account_id, campaign_id=campaign_id, clock=lambda: NOW)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_was_killed_is_gone_on_for(alice, draft, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 3)
    with account_scope(alice.account):
        spoil(0, 5)
        look(draft)

    def row():
        with account_scope(alice.account):
            return Rehearsal.objects.get()

    with forking("tests.campaigns.test_rehearsing") as fork:
        worker, until = fork(alice.account_id, draft.pk), time.monotonic() + 60
        while row().tried < 4:
            assert time.monotonic() < until
            time.sleep(0.02)
        worker.kill()
    assert (row().state, row().tried, row().failing) == ("running", 4, 1)
    assert rehearsing.due(now=NOW) == []
    work = {"account_id": alice.account_id, "campaign_id": draft.pk}
    assert not rehearsing.run_slice(**work, clock=lambda: NOW)  # its lease holds

    later = NOW + rehearsing.LEASE + timedelta(seconds=1)
    assert rehearsing.due(now=later) == [(alice.account_id, draft.pk)]
    assert not rehearsing.run_slice(**work, clock=lambda: later)
    assert (row().state, row().tried, row().failing) == ("done", 6, 2)
    with account_scope(alice.account):
        assert RehearsalFailure.objects.count() == 2


def test_a_rehearsal_of_what_has_changed_stops(alice, draft, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 3)
    with account_scope(alice.account):
        look(draft)
        draft.variants.update(source="Something else {{ contact.email | upcase }}")
    assert not rehearsing.run_slice(account_id=alice.account_id, campaign_id=draft.pk, clock=lambda: NOW)
    with account_scope(alice.account):
        assert Rehearsal.objects.get().state == "failed"
        assert look(draft).blocking[0].level == "waiting"


@pytest.mark.parametrize(("spoilt", "state"), [((0, 3), "sending"), (range(6), "draft")])
def test_what_is_due_is_held_only_where_it_fails_for_all(alice, draft, scope, spoilt, state):
    due = NOW + timedelta(days=2)
    scheduling.set_timing(campaign=draft, timing=Timing("at", due.date(), due.time(), "UTC", 0), now=NOW)
    scheduling.send_or_schedule(campaign=draft, agreed=6, now=NOW, actor=SYSTEM)
    spoil(*spoilt)
    scheduling.start_due(campaign_id=draft.pk, now=due)

    draft.refresh_from_db()
    assert draft.state == state
    assert ("filled in for nobody" in draft.problem) is (state == "draft")


def test_the_review_lists_whom_it_fails_for(client: Client, alice, draft, monkeypatch):
    with account_scope(alice.account):
        spoil(2)
        failing = people()[2]
    page = client.get(f"/campaigns/{draft.pk}/review/")
    shown = page.content.decode()

    assert f'href="/contacts/{failing.pk}/"' in shown
    assert "line 3, column 22" in shown
    live = client.get(f"/campaigns/{draft.pk}/review/rehearsal/", headers={"HX-Request": "true"})
    assert live["HX-Refresh"] == "true"
    assert client.get(f"/campaigns/{draft.pk}/review/nothing/").status_code == 404
    with account_scope(alice.account):
        draft.variants.update(source="Somebody else has written this.")
    live = client.get(f"/campaigns/{draft.pk}/review/rehearsal/", headers={"HX-Request": "true"})
    assert (live.status_code, live["HX-Refresh"]) == (200, "true")


def test_old_rehearsals_are_swept(alice, draft):
    with account_scope(alice.account):
        look(draft)
    assert rehearsing.sweep(NOW, dry_run=False) == 0
    assert rehearsing.sweep(NOW + timedelta(seconds=1), dry_run=True) == 1
    assert rehearsing.sweep(NOW + timedelta(seconds=1), dry_run=False) == 1
