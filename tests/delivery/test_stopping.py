import threading
from datetime import UTC, datetime, time, timedelta

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Outbox
from accounts.services import auditing
from contacts.models import Contact
from delivery import queries
from delivery.limit_models import SendingRules, WarmUpDay
from delivery.models import Batch, Mailing
from delivery.services import claiming, domains, holding, sending, stopping, waiting, warming
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.delivery import makers, smtp_servers
from tests.factories import AccountFactory, make_cast

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


def run(mailing, *, batches=None):
    sending.run_slot(
        account_id=mailing.account_id, mailing_id=mailing.pk, seconds=20, should_yield=lambda: batches == 1
    )


def fresh(mailing):
    with account_scope(mailing.account_id):
        return Mailing.objects.get(pk=mailing.pk)


@pytest.mark.parametrize(
    ("bad", "of", "is_over"),
    [(1, 3, True), (5, 40, True), (5, 60, False), (30, 500, False), (40, 500, True), (60_000, 1_000_000, True)],
)
def test_share_is_at_least_what_chance_leaves(bad, of, is_over):
    assert (stopping.at_least(bad, of) > 0.05) is is_over
    assert 0 <= stopping.at_least(bad, of) < bad / of


def test_many_unknown_addresses_stop_a_mailing_and_tell_the_owner(journals, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 20)
    account = make_cast()[0].account
    mailing = makers.make_started(account=account, people=60)
    with account_scope(account):
        for number in range(1, 60, 2):
            Contact.objects.filter(email=f"p{number}@example.com").update(email=f"bad{number}@example.com")
    box = smtp_servers.PickyMailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        run(mailing, batches=1)
        first = queries.ledger(mailing)
        assert (fresh(mailing).state, first.adds_up) == ("paused", True)
        assert (first.sent, first.failed, first.queued) == (10, 10, 40)
        assert "addresses do not exist" in fresh(mailing).held_reason
        with platform_scope("test"):
            assert Outbox.objects.filter(topic="mailing_stopped").count() == 1

        with account_scope(account):
            for _ in range(3):  # agreed to 10, 20 and 40 %: now it does not stop any more
                assert fresh(mailing).state == "paused"
                holding.resume_mailing(mailing=mailing, now=datetime.now(UTC))
                stopping.note(account_id=account.pk, mailing_id=mailing.pk, hard_bounces=0, now=NOON)
        assert fresh(mailing).state == "sending"
        run(mailing)

    found = queries.ledger(mailing)
    assert (found.sent, found.failed, found.queued) == (30, 30, 0)


def test_complaints_stop_it_and_it_does_not_stop_again_for_the_same(mailbox, journals):
    mailing = makers.make_started(people=40)
    with account_scope(mailing.account_id):
        Batch.objects.update(sent=30)
    note = {"account_id": mailing.account_id, "mailing_id": mailing.pk, "now": NOON}

    stopping.note(complaints=2, **note)
    assert fresh(mailing).state == "sending"
    stopping.note(complaints=1, **note)
    assert "reported it as spam (10.0 %)" in fresh(mailing).held_reason

    with account_scope(mailing.account_id):
        holding.resume_mailing(mailing=mailing, now=NOON)
        SendingRules.objects.create(complaint_percent=4)  # an owner can't be more lenient than the platform
        assert stopping.thresholds(mailing.account_id) == (0.05, 0.003)
    stopping.note(hard_bounces=1, **note)
    assert fresh(mailing).state == "paused"  # thrice 0.3 % is still far below


def test_two_slots_that_both_meet_quiet_hours_do_not_wait_for_each_other(journals, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 2)
    mailing = makers.make_started(account=AccountFactory(time_zone="UTC"))
    with account_scope(mailing.account_id):
        SendingRules.objects.create(quiet_from=time(11), quiet_until=time(13))

    def claim():
        claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=NOON)
        connection.close()

    with account_scope(mailing.account_id):
        Batch.objects.select_for_update().get(number=2)  # as another slot, in the middle of its claim
        other = threading.Thread(target=claim, daemon=True)
        other.start()
        other.join(timeout=20)
        assert not other.is_alive()
        waits = dict(Batch.objects.values_list("number", "not_before"))
    assert (waits[1], waits[2] <= NOON) == (NOON.replace(hour=13), True)


def test_quiet_hours_are_by_the_accounts_clock_and_spare_transactional_mail(mailbox, journals):
    mailing = makers.make_started(account=AccountFactory(time_zone="America/New_York"))
    with account_scope(mailing.account_id):
        rules = SendingRules.objects.create(quiet_from=time(21), quiet_until=time(8, 30))
        ends = {hour: waiting.quiet_until(rules, now=NOON.replace(hour=hour)) for hour in (1, 3, 12, 13, 14)}
        found = fresh(mailing)
        found.kind = Mailing.Kind.TRANSACTIONAL
        assert waiting.closed_until(found, room=None, now=NOON) is None
    morning = NOON.replace(hour=13, minute=30)
    assert ends == {1: None, 3: morning, 12: morning, 13: morning, 14: None}

    claim = claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=NOON)

    with account_scope(mailing.account_id):
        assert (claim, Batch.objects.get().not_before) == (None, morning)
        Mailing.objects.update(state=Mailing.State.PAUSED)  # and it goes on at once when it is resumed
        waiting.release(account_id=mailing.account_id, until=morning, now=NOON)
        assert Batch.objects.get().not_before == NOON


def test_warm_up_lets_a_days_volume_leave_and_the_rest_wait_for_tomorrow(mailbox, journals, monkeypatch):
    monkeypatch.setattr(warming, "PLAN", (5, 8, 20))
    monkeypatch.setattr(settings, "BATCH_SIZE", 3)
    account, now = AccountFactory(), datetime.now(UTC)
    domain = domains.add_domain(account=account, domain="shop.example", actor=auditing.SYSTEM, now=now)
    mailing, a_list = makers.make_mailing(account=account, people=9)
    with account_scope(account):
        domain.verified_at = now
        domain.save()
        Mailing.objects.filter(pk=mailing.pk).update(domain=domain)
        warming.start_plan(domain=domain, actor=auditing.SYSTEM, now=now)
        assert warming.days_for(account_id=account.pk, domain_id=domain.pk, people=9, now=now) == 2
    makers.start(mailing, a_list)

    run(mailing)

    with account_scope(account):
        assert (len(mailbox.recipients), WarmUpDay.objects.get().volume) == (5, 5)
        waits = set(Batch.objects.filter(state="open").values_list("not_before", flat=True))
        assert waits == {waiting.tomorrow(now)}
        warming.give_back(account_id=account.pk, mailing_id=mailing.pk, messages=2, now=now)
        assert WarmUpDay.objects.get().volume == 3
        with pytest.raises(warming.CannotWarmUp):
            warming.start_plan(domain=domain, actor=auditing.SYSTEM, now=now)
        assert warming.planned(now.date(), now.date() + timedelta(days=4)) == 80
        warming.stop_plan(domain=domain, actor=auditing.SYSTEM, now=now)
    run(mailing)
    assert queries.ledger(mailing).sent == len(mailbox.recipients) == 9
