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
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW

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


def test_it_holds_for_a_day_and_is_not_tried_twice(draft, scope):
    assert look(draft).is_ready
    spoil(0)
    assert look(draft).is_ready
    assert not look(draft, at=NOW + timedelta(days=1)).is_ready


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


def test_a_worker_that_was_killed_is_gone_on_for(alice, draft, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 3)
    monkeypatch.setattr(rehearsing, "PIECE", 2)
    monkeypatch.setattr(rehearsing, "LARGEST_PIECE", 2)
    with account_scope(alice.account):
        spoil(0, 5)
        look(draft)
    asked = []
    whole = trying.try_piece

    def killed(**given):
        asked.append(given["after"])
        if len(asked) == 3:
            raise KeyboardInterrupt
        return whole(**given)

    monkeypatch.setattr(trying, "try_piece", killed)
    work = {"account_id": alice.account_id, "campaign_id": draft.pk}
    with pytest.raises(KeyboardInterrupt):
        rehearsing.run_slice(**work, clock=lambda: NOW)
    with account_scope(alice.account):
        assert (Rehearsal.objects.get().tried, Rehearsal.objects.get().failing) == (4, 1)
    assert rehearsing.due(now=NOW) == []
    assert not rehearsing.run_slice(**work, clock=lambda: NOW)  # its lease holds

    later = NOW + rehearsing.LEASE + timedelta(seconds=1)
    assert rehearsing.due(now=later) == [(alice.account_id, draft.pk)]
    assert not rehearsing.run_slice(**work, clock=lambda: later)
    with account_scope(alice.account):
        row = Rehearsal.objects.get()
        assert (row.state, row.tried, row.failing) == ("done", 6, 2)
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


def test_old_rehearsals_are_swept(alice, draft):
    with account_scope(alice.account):
        look(draft)
    assert rehearsing.sweep(NOW, dry_run=False) == 0
    assert rehearsing.sweep(NOW + timedelta(seconds=1), dry_run=True) == 1
    assert rehearsing.sweep(NOW + timedelta(seconds=1), dry_run=False) == 1
