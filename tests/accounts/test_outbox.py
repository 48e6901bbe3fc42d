"""Handing entries over: each by one drain at a time, again after a failure, not for ever."""

from datetime import timedelta

import pytest

from accounts.models import Outbox
from accounts.services import outbox
from emailconcert.lib.tenancy import platform_scope
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed(monkeypatch):
    """The entries that the only handler saw."""
    seen = []
    monkeypatch.setitem(outbox._handlers, Outbox.Kind.MAIL, [seen.append])
    return seen


def put(number=1):
    for each in range(number):
        outbox.put_mail(template="hello", to=f"{each}@example.org", context={}, account_id=None, now=NOW)


def held():
    with platform_scope("test: look into the outbox"):
        return list(Outbox.objects.order_by("pk").values_list("due_at", "attempts", "failed_at", "error"))


class Clock:
    """Goes on only when told to."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def test_each_entry_is_handed_over_once_and_removed(handed):
    put(3)

    assert outbox.drain(now=NOW) == 3
    assert [each.payload["to"] for each in handed] == [f"{each}@example.org" for each in range(3)]
    assert held() == []


def test_another_drain_takes_no_entry_whose_handler_is_slow(monkeypatch):
    clock, seen = Clock(), []

    def slow(entry):
        seen.append(entry.id)
        clock.now += timedelta(seconds=140)
        if len(seen) < 10:
            outbox.drain(now=clock)

    monkeypatch.setitem(outbox._handlers, Outbox.Kind.MAIL, [slow])
    put(2)

    outbox.drain(now=clock, limit=1)

    # The second drain found the second entry, its own second look came 280 seconds after the first claim.
    assert len(seen) == len(set(seen)) == 2


def test_the_clock_is_read_for_each_entry(monkeypatch):
    clock, holds = Clock(), []

    def slow(entry):
        clock.now += timedelta(seconds=60)
        with platform_scope("test: look into the outbox"):
            holds.append(Outbox.objects.get(pk=entry.id).due_at - clock.now)

    monkeypatch.setitem(outbox._handlers, Outbox.Kind.MAIL, [slow])
    put(20)

    outbox.drain(now=clock)

    assert len(holds) == 20
    assert min(holds) >= timedelta(seconds=150)


def test_a_failure_is_tried_again_after_a_while_that_doubles(monkeypatch):
    def fails(entry):
        raise OSError

    monkeypatch.setitem(outbox._handlers, Outbox.Kind.MAIL, [fails])
    put()

    assert (outbox.drain(now=NOW), outbox.drain(now=NOW)) == (1, 0)
    assert held() == [(NOW + timedelta(seconds=20), 1, None, "OSError")]
    later = NOW + timedelta(seconds=20)
    outbox.drain(now=later)
    assert held() == [(later + timedelta(seconds=40), 2, None, "OSError")]


def test_an_entry_whose_process_died_is_taken_again_and_given_up_in_the_end(monkeypatch):
    class Died(BaseException):
        pass

    def dies(entry):
        raise Died

    monkeypatch.setitem(outbox._handlers, Outbox.Kind.MAIL, [dies])
    put()

    moment = NOW
    for _ in range(12):
        with pytest.raises(Died):
            outbox.drain(now=moment)
        assert outbox.drain(now=moment + timedelta(seconds=149)) == 0
        moment += timedelta(hours=1)
    assert outbox.drain(now=moment) == 1
    assert held()[0][2] == moment
    assert outbox.drain(now=moment + timedelta(days=1)) == 0
