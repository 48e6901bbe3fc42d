import pytest
import redis
from django.conf import settings
from django.core.cache import cache

from delivery import queries, tasks
from tests.delivery import makers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def queue():
    """The real queue of sender slots, empty."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("sending", "default")
        yield lambda: client.llen("sending")
        client.delete("sending", "default")


def test_due_mailing_wakes_each_slot_once(journals, queue):
    makers.make_started()

    assert tasks.wake_due() == 1
    assert tasks.wake_due() == 1

    assert queue() == tasks.SLOTS
    assert tasks.others_wait()


def test_slot_sends_and_leaves_nothing_behind(mailbox, journals, queue):
    mailing = makers.make_started(people=3)

    tasks.send_slot(account_id=mailing.account_id, mailing_id=mailing.pk, slot=0)

    assert len(mailbox.recipients) == 3
    assert queries.ledger(mailing).sent == 3
    assert queue() == 0
    assert tasks.wake_due() == 0


def test_doubled_task_ends_at_once(mailbox, journals, queue):
    mailing = makers.make_started(people=3)
    cache.add(tasks._lock(mailing.pk, 0), 1, timeout=10)

    tasks.send_slot(account_id=mailing.account_id, mailing_id=mailing.pk, slot=0)

    assert mailbox.recipients == []


def test_slot_that_has_more_to_do_wakes_the_next(mailbox, journals, queue, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", 1)
    monkeypatch.setattr(tasks, "others_wait", lambda: True)
    mailing = makers.make_started(people=3)

    tasks.send_slot(account_id=mailing.account_id, mailing_id=mailing.pk, slot=0)

    assert queries.ledger(mailing).sent == 1
    assert queue() == 1


def test_recovering_runs_without_anything_to_do(journals):
    assert tasks.recover_expired() == 0
