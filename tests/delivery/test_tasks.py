from datetime import UTC, datetime

import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from delivery import queries, tasks
from delivery.models import Mailing
from delivery.services import turns
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue():
    """The real queues of slots, empty."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        names = ("sending", "urgent", "default", "ec:turn:waiting")
        client.delete(*names, *client.keys("ec:turn:*"))
        yield lambda name="sending": client.llen(name)
        client.delete(*names, *client.keys("ec:turn:*"))


def test_due_account_gets_its_slots_once(journals, queue):
    mailing = makers.make_started()

    assert tasks.wake_due() == 1
    assert tasks.wake_due() == 1

    assert queue() == turns.SLOTS
    assert turns.others(mailing.account_id) == []
    assert len(turns.others(0)) == turns.SLOTS


def test_further_slots_only_where_nobody_else_waits(journals, queue):
    makers.make_started()
    makers.make_started()

    assert tasks.wake_due() == 2

    assert queue() == 2


def test_slot_sends_all_of_an_account_and_leaves_nothing_behind(mailbox, journals, queue):
    account = AccountFactory()
    first, second = makers.make_started(account=account), makers.make_started(account=account, people=2, prefix="q")

    tasks.send_slot(account_id=account.pk, slot=0)

    assert len(mailbox.recipients) == 5
    assert (queries.ledger(first).sent, queries.ledger(second).sent) == (3, 2)
    assert queue() == 0
    assert tasks.wake_due() == 0


def test_doubled_task_ends_at_once(mailbox, journals, queue):
    mailing = makers.make_started(people=3)
    cache.add(tasks._lock(turns.Place(mailing.account_id, 0)), 1, timeout=10)

    tasks.send_slot(account_id=mailing.account_id, slot=0)

    assert mailbox.recipients == []


def test_slot_gives_way_to_an_account_that_has_no_worker_and_comes_back(mailbox, journals, queue, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 1)
    monkeypatch.setattr(turns, "QUANTUM", 0.0)
    monkeypatch.setattr(turns, "_LOOK_EVERY", 0.0)
    mailing, other = makers.make_started(people=3), AccountFactory()
    turns.wait(turns.Place(other.pk, 0))

    tasks.send_slot(account_id=mailing.account_id, slot=0)

    assert queries.ledger(mailing).sent < 3
    assert queue() == 1
    assert turns.others(other.pk) == [turns.Place(mailing.account_id, 0)]


def test_urgent_mail_has_a_slot_and_a_queue_of_its_own_and_only_one_slot_lets_go_for_it(mailbox, journals, queue):
    account = AccountFactory()
    campaign = makers.make_started(account=account)
    letter = makers.make_started(account=account, people=2, prefix="q")
    with account_scope(account):
        Mailing.objects.filter(pk=letter.pk).update(kind=Mailing.Kind.TRANSACTIONAL)

    tasks.wake_due()

    assert queue("urgent") == 1
    running = [turns.Turn(turns.Place(account.pk, slot), campaign.pk, 2, began=-1e9) for slot in range(2)]
    turns.arrive(turns.Place(account.pk, tasks.URGENT_SLOT, is_urgent=True))
    assert [turn._meets_others(5.0) for turn in running] == [False, False]
    turns.wait(turns.Place(account.pk, tasks.URGENT_SLOT, is_urgent=True))
    assert sorted(turn._meets_others(5.0) for turn in running) == [False, True]

    tasks.send_slot(account_id=account.pk, slot=tasks.URGENT_SLOT, urgent=True)

    assert sorted(mailbox.recipients) == ["q1@example.com", "q2@example.com"]
    assert turns.choose(account.pk, 0, queries.due_of(account.pk, now=datetime.now(UTC))) == campaign.pk


def test_mailings_of_an_account_take_turns_and_the_more_urgent_goes_first():
    account = AccountFactory()
    first, second, letter = turns.Due(1, 2), turns.Due(2, 2), turns.Due(3, 1)

    assert {turns.choose(account.pk, 0, [first, second]) for _ in range(2)} == {1, 2}
    assert turns.choose(account.pk, 0, [first, letter]) == 3
    chosen = turns.choose(account.pk, 1, [first, second])
    assert turns.choose(account.pk, 0, [first, second]) == 3 - chosen


def test_recovering_runs_without_anything_to_do(journals):
    assert tasks.recover_expired() == 0
