import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign
from campaigns.numbers import numbers_of
from campaigns.queries import only_variant
from campaigns.services import drafting, following, sending
from contacts.models import Contact, Subscription
from delivery.models import Batch, Mailing
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.conftest import BODY, make_people
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(seconds=11)


def make_ready(membership, sender, news, people=3):
    with account_scope(membership.account):
        draft = drafting.create_campaign(account=membership.account, name="Spring", created_by=None, now=NOW)
        if people:
            make_people(membership.account, news, people)
        drafting.set_audience(campaign=draft, lists=[news], now=NOW)
        drafting.set_envelope(
            campaign=draft, sender=sender, reply_to="", subject="Fresh bread", preheader="Today", now=NOW
        )
        drafting.save_content(campaign=draft, kind="markdown", source=BODY, now=NOW)
    return draft


@pytest.fixture
def draft(alice, sender, news):
    return make_ready(alice, sender, news)


@pytest.fixture
def scope(alice):
    with account_scope(alice.account):
        yield


def test_sending_makes_one_message_for_each_person(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM, agreed=3)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)

    numbers = numbers_of([draft.pk])[draft.pk]
    draft.refresh_from_db()
    assert (draft.state, numbers.audience, numbers.queued, numbers.adds_up) == ("sending", 3, 3, True)


def test_nothing_leaves_within_ten_seconds(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW + timedelta(seconds=1))

    assert Mailing.objects.get().start_at == NOW + timedelta(seconds=10)


def test_a_second_click_sends_nothing(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    with pytest.raises(sending.AlreadySent):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    for _ in range(2):
        sending.start_mailings(campaign_id=draft.pk, now=NOW)

    assert (Mailing.objects.count(), numbers_of([draft.pk])[draft.pk].audience) == (1, 3)


def test_undo_within_ten_seconds_makes_a_draft_of_it_again(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    sending.undo_send(campaign=draft, now=NOW + timedelta(seconds=9), actor=SYSTEM)

    draft.refresh_from_db()
    assert (draft.state, draft.sent_at, only_variant(draft).mailing_id) == ("draft", None, None)
    assert Mailing.objects.get().state == "cancelled"


def test_undo_before_the_audience_was_gathered_leaves_nothing_to_start(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.undo_send(campaign=draft, now=NOW + timedelta(seconds=2), actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=LATER)

    assert Mailing.objects.get().state == "compiled"


def test_a_campaign_that_was_undone_can_be_sent_again(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.undo_send(campaign=draft, now=NOW, actor=SYSTEM)
    sending.send_campaign(campaign=draft, now=LATER, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=LATER)

    assert numbers_of([draft.pk])[draft.pk].audience == 3


def test_undo_is_refused_after_ten_seconds(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    with pytest.raises(sending.CannotHold):
        sending.undo_send(campaign=draft, now=NOW + timedelta(seconds=10), actor=SYSTEM)

    assert Campaign.objects.get().state == "sending"


@pytest.mark.parametrize("begun", [{"state": "leased"}, {"state": "done", "sent": 3}])
def test_undo_that_had_to_wait_is_refused_once_a_worker_has_begun(draft, scope, begun):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    Batch.objects.update(**begun)
    with pytest.raises(sending.CannotHold):
        sending.undo_send(campaign=draft, now=NOW + timedelta(seconds=9), actor=SYSTEM)

    assert (Campaign.objects.get().state, Mailing.objects.get().state) == ("sending", "sending")


def test_pause_and_resume_hold_the_mailing(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    sending.pause(campaign=draft, now=LATER, actor=SYSTEM)
    paused = (Campaign.objects.get().state, Mailing.objects.get().state)
    sending.resume(campaign=draft, now=LATER, actor=SYSTEM)

    assert paused == ("paused", "paused")
    assert (Campaign.objects.get().state, Mailing.objects.get().state) == ("sending", "sending")


def test_a_campaign_paused_before_it_was_gathered_waits_for_being_resumed(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.pause(campaign=draft, now=NOW, actor=SYSTEM)
    following.look_after(account_id=draft.account_id, campaign_id=draft.pk, now=LATER)
    waiting = (Campaign.objects.get().state, Mailing.objects.get().state)
    sending.resume(campaign=draft, now=LATER, actor=SYSTEM)
    following.look_after(account_id=draft.account_id, campaign_id=draft.pk, now=LATER)

    assert waiting == ("paused", "compiled")
    assert (Campaign.objects.get().state, Mailing.objects.get().state) == ("sending", "sending")


def test_cancelling_skips_the_rest_and_cannot_be_undone(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    sending.cancel(campaign=draft, now=LATER, actor=SYSTEM)

    numbers = numbers_of([draft.pk])[draft.pk]
    draft.refresh_from_db()
    assert (draft.state, numbers.skipped, numbers.left, numbers.adds_up) == ("cancelled", 3, 0, True)
    for again in (sending.cancel, sending.pause, sending.resume, sending.undo_send):
        with pytest.raises(sending.CannotHold):
            again(campaign=draft, now=LATER, actor=SYSTEM)


def test_a_draft_cannot_be_held(draft, scope):
    for hold in (sending.pause, sending.resume, sending.cancel, sending.undo_send, sending.resend_unconfirmed):
        with pytest.raises(sending.CannotHold):
            hold(campaign=draft, now=NOW, actor=SYSTEM)

    assert Campaign.objects.get().state == "draft"


@pytest.mark.parametrize(("agreed", "works"), [(3, True), (8, True), (9, False), (300, False)])
def test_an_audience_that_changed_much_is_shown_again(draft, scope, agreed, works):
    if works:
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM, agreed=agreed)
    else:
        with pytest.raises(sending.AudienceChanged):
            sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM, agreed=agreed)

    assert Campaign.objects.get().state == ("sending" if works else "draft")


def test_an_audience_that_vanished_makes_a_draft_of_it_again_and_says_why(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    Subscription.objects.update(state="unsubscribed")
    sending.start_mailings(campaign_id=draft.pk, now=NOW)

    draft.refresh_from_db()
    assert (draft.state, "Nobody would receive this" in draft.problem) == ("draft", True)


def test_people_who_left_between_click_and_start_are_not_mailed(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    Subscription.objects.filter(contact=Contact.objects.earliest("pk")).update(state="unsubscribed")
    sending.start_mailings(campaign_id=draft.pk, now=NOW)

    assert numbers_of([draft.pk])[draft.pk].audience == 2


def test_the_campaign_is_sent_when_its_mailing_is_done(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    Mailing.objects.update(state="done")
    following.follow_mailing(account_id=draft.account_id, mailing_id=Mailing.objects.get().pk, now=LATER)

    draft.refresh_from_db()
    assert (draft.state, draft.finished_at) == ("sent", LATER)


def test_a_mailing_held_from_below_shows_as_paused(draft, scope):
    sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    sending.start_mailings(campaign_id=draft.pk, now=NOW)
    Mailing.objects.update(state="paused", held_reason="Too many bounces")
    following.look_after(account_id=draft.account_id, campaign_id=draft.pk, now=LATER)

    assert Campaign.objects.get().state == "paused"


def test_what_is_due_is_found_in_every_account(draft, alice):
    with account_scope(alice.account):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)

    assert following.due(now=NOW) == [(alice.account_id, draft.pk)]


def until_somebody_waits():
    """Wait until another connection waits for a lock, as one does that comes second to a row."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(3000):
        with connection.cursor() as cursor:
            cursor.execute(asked)
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()")
    raise AssertionError("Nobody came.")


def race(account, first, second, *, waits):
    """Do one thing, and while it is not committed the other, in connections of their own; return what was refused."""
    refused, is_done, is_over = [], threading.Event(), threading.Event()

    def act(what):
        try:
            with account_scope(account), transaction.atomic():
                what()
                if what is first:
                    is_done.set()
                    until_somebody_waits() if waits else is_over.wait(30)
        except sending.CannotHold as error:
            refused.append(str(error))
        finally:
            (is_done if what is first else is_over).set()
            connection.close()

    one, other = (threading.Thread(target=act, args=(what,)) for what in (first, second))
    one.start()
    is_done.wait(30)
    other.start()
    one.join(60)
    other.join(60)
    return refused


@pytest.mark.django_db(transaction=True)
def test_of_send_and_cancel_pressed_at_once_either_way_one_state_comes(alice, sender, news):
    account = alice.account
    make_ready(alice, sender, news)  # its people are those of the others, too
    found = []
    for order in ("send, cancel", "start, cancel", "cancel, start"):
        draft = make_ready(alice, sender, news, people=0)
        send, cancel, start = (
            lambda draft=draft: sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM),
            lambda draft=draft: sending.cancel(campaign=Campaign.objects.get(pk=draft.pk), now=NOW, actor=SYSTEM),
            lambda draft=draft: sending.start_mailings(campaign_id=draft.pk, now=NOW),
        )
        if order == "send, cancel":
            refused = race(account, send, cancel, waits=False)
        else:
            with account_scope(account):
                send()
            both = (start, cancel) if order == "start, cancel" else (cancel, start)
            refused = race(account, *both, waits=True)
        with account_scope(account):
            start()  # as another worker would
            draft.refresh_from_db()
            mailing = Mailing.objects.get(variants__campaign=draft)
            numbers = numbers_of([draft.pk])[draft.pk]
            found.append((order, len(refused), draft.state, mailing.state, numbers.queued, numbers.adds_up))

    assert found == [
        ("send, cancel", 1, "sending", "sending", 3, True),
        ("start, cancel", 0, "cancelled", "cancelled", 0, True),
        ("cancel, start", 0, "cancelled", "compiled", 0, True),
    ]
