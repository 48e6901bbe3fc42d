from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Outbox
from contacts.models import Contact
from delivery.models import Message
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import standing
from tests.factories import NOW
from tests.tracking.makers import HOME, LAPTOP, arrive, click, contact_of, make_mailing
from tracking import classification
from tracking.models import (
    ContactActivity,
    Event,
    HourlyRollup,
    Inbox,
    Kind,
    LinkRollup,
    MailingRollup,
    MessageActivity,
)
from tracking.services import emptying

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def rollup(mailing):
    with account_scope(mailing.account_id):
        return MailingRollup.objects.filter(mailing_id=mailing.pk).first()


def left():
    with platform_scope("tests: look"):
        return Inbox.objects.count()


def test_empty_inbox_counts_people_and_machines_apart():
    mailing = make_mailing(people=2)
    arrive(mailing, 1)
    arrive(mailing, 1, at=NOW + timedelta(minutes=5))
    arrive(mailing, 1, at=NOW + timedelta(minutes=6), agent="Mozilla/5.0")
    arrive(mailing, 2, agent="Mozilla/5.0")
    click(mailing, 1, 2, at=NOW + timedelta(minutes=7))

    assert emptying.empty_inbox(now=LATER) == 5

    found = rollup(mailing)
    assert (found.opens_people, found.unique_opens_people) == (2, 1)
    assert (found.opens_machine, found.unique_opens_machine) == (2, 2)
    assert (found.clicks_people, found.unique_clicks_people, found.clicks_machine) == (1, 1, 0)
    assert left() == 0
    with account_scope(mailing.account_id):
        activity = ContactActivity.objects.get(contact_id=contact_of(mailing).pk)
        event = Event.objects.get(kind=Kind.CLICK)
    assert (activity.opens, activity.clicks) == (2, 1)
    assert activity.last_open == NOW + timedelta(minutes=5)
    assert (event.agent, event.country, event.rule) == ("Chrome", "US", "")


def test_empty_inbox_again_changes_nothing():
    mailing = make_mailing()
    arrive(mailing)
    emptying.empty_inbox(now=LATER)

    assert emptying.empty_inbox(now=LATER) == 0
    assert rollup(mailing).opens_people == 1


def test_empty_inbox_waits_until_a_scanners_second_request_can_be_there():
    mailing = make_mailing()
    click(mailing, link=1)
    click(mailing, link=2, at=NOW + timedelta(seconds=1.5))

    assert emptying.empty_inbox(now=NOW + timedelta(seconds=2)) == 0
    assert emptying.empty_inbox(now=NOW + timedelta(seconds=3)) == 1
    assert emptying.empty_inbox(now=LATER) == 1

    found = rollup(mailing)
    assert (found.clicks_machine, found.clicks_people) == (2, 0)


def test_empty_inbox_drops_an_event_that_came_twice():
    mailing = make_mailing()
    arrive(mailing)
    arrive(mailing)
    emptying.empty_inbox(now=LATER)
    arrive(mailing)
    emptying.empty_inbox(now=LATER)

    assert rollup(mailing).opens_people == 1


def test_empty_inbox_discards_what_restricted_and_erased_people_did():
    mailing = make_mailing(people=3)
    with account_scope(mailing.account_id):
        held = contact_of(mailing, 1)
        standing.restrict(account_id=mailing.account_id, address_hash=bytes(held.email_hash), now=NOW)
        Message.objects.filter(mailing_id=mailing.pk, sequence=2).update(contact_id=None)
    for sequence in (1, 2, 3):
        arrive(mailing, sequence)

    assert emptying.empty_inbox(now=LATER) == 3

    assert rollup(mailing).opens_people == 1
    with account_scope(mailing.account_id):
        assert [event.sequence for event in Event.objects.all()] == [3]


def test_empty_inbox_discards_where_tracking_is_off_but_counts_the_opt_out():
    mailing = make_mailing(people=2)
    with account_scope(mailing.account_id):
        Contact.objects.filter(pk=contact_of(mailing, 1).pk).update(tracking_off=True)
    arrive(mailing, 1)
    arrive(mailing, 1, kind=Kind.UNSUBSCRIBE)
    arrive(mailing, 2)

    emptying.empty_inbox(now=LATER)

    assert (rollup(mailing).opens_people, rollup(mailing).unsubscribes) == (1, 1)


def test_empty_inbox_discards_opens_of_a_mailing_that_counts_clicks_only():
    mailing = make_mailing(tracks_opens=False)
    arrive(mailing)
    click(mailing, at=NOW + timedelta(seconds=30))

    emptying.empty_inbox(now=LATER)

    assert (rollup(mailing).opens_people, rollup(mailing).clicks_people) == (0, 1)


def test_empty_inbox_announces_one_click_opt_outs():
    mailing = make_mailing()
    arrive(mailing, kind=Kind.UNSUBSCRIBE, method="POST")

    emptying.empty_inbox(now=LATER)

    with platform_scope("tests: look"):
        assert list(Outbox.objects.values_list("topic", flat=True)) == ["contact.unsubscribed"]


def test_empty_inbox_clears_what_belongs_to_no_mailing():
    mailing = make_mailing()
    mailing.pk += 1
    arrive(mailing)

    assert emptying.empty_inbox(now=LATER) == 1
    assert left() == 0


def test_empty_inbox_rolls_everything_back_together(monkeypatch):
    mailing = make_mailing()
    arrive(mailing)
    monkeypatch.setattr(emptying, "_announce", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        emptying.empty_inbox(now=LATER)

    assert (left(), rollup(mailing)) == (1, None)


@pytest.mark.django_db(transaction=True)
def test_empty_inbox_lets_only_one_worker_at_it():
    import threading

    mailing = make_mailing()
    arrive(mailing)
    found = []

    def other():
        found.append(emptying.empty_inbox(now=LATER))
        connection.close()

    with platform_scope("tests: hold the lock"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(7313)")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()

    assert found == [0]
    assert emptying.empty_inbox(now=LATER) == 1


# ── Rollups equal a plain recount, however requests arrive and however the inbox is emptied ───────────────────────────
REQUESTS = st.lists(
    st.tuples(
        st.integers(1, 3),  # message
        st.sampled_from(
            [(Kind.OPEN, None), (Kind.CLICK, 0), (Kind.CLICK, 1), (Kind.CLICK, 2), (Kind.UNSUBSCRIBE, None)]
        ),
        st.integers(0, 12_000_000),  # microseconds
        st.sampled_from([LAPTOP, "Mozilla/5.0", "curl/8.5", ""]),
        st.sampled_from([HOME, "198.51.100.0"]),
        st.sampled_from(["GET", "GET", "GET", "HEAD"]),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda request: (request[0], request[1], request[2]),
)


@given(requests=REQUESTS, stops=st.lists(st.integers(0, 20_000_000), max_size=4), limit=st.integers(1, 30))
def test_rollups_equal_a_plain_recount(requests, stops, limit):
    mailing = make_mailing(people=3)
    pending = sorted(requests, key=lambda request: request[2])
    for stop in [*sorted(stops), None]:
        while pending and (stop is None or pending[0][2] <= stop):
            sequence, (kind, link), offset, agent, network, method = pending.pop(0)
            at = NOW + timedelta(microseconds=offset)
            arrive(mailing, sequence, kind=kind, link=link, at=at, agent=agent, network=network, method=method)
        now = LATER if stop is None else NOW + timedelta(microseconds=stop)
        while emptying.empty_inbox(now=now, limit=limit):
            pass

    expected = recount(requests)
    with account_scope(mailing.account_id):
        stored = MailingRollup.objects.filter(mailing_id=mailing.pk).values().get()
        hours = Counter()
        for row in HourlyRollup.objects.filter(mailing_id=mailing.pk):
            hours[row.kind, False] += row.people
            hours[row.kind, True] += row.machine
        links = {row.link: row.unique_clicks_people for row in LinkRollup.objects.filter(mailing_id=mailing.pk)}
        firsts = dict(
            MessageActivity.objects.filter(mailing_id=mailing.pk).values_list("sequence", "first_open_people")
        )
        events = Event.objects.filter(mailing_id=mailing.pk).count()
    assert {name: stored[name] for name in expected["mailing"]} == expected["mailing"]
    assert +hours == expected["hours"]
    assert {link: count for link, count in links.items() if count} == expected["links"]
    assert {sequence: at for sequence, at in firsts.items() if at} == expected["firsts"]
    assert events == len(requests)


def recount(requests):
    """Count the requests the plain way: each judged in the light of all, then summed."""
    seen = {}
    for sequence, (kind, link), offset, agent, network, method in requests:
        moment = NOW + timedelta(microseconds=offset)
        seen.setdefault(sequence, []).append(classification.Seen(kind, moment, link, network, agent, method))
    about = classification.About(began=NOW - timedelta(hours=1))
    judged = [
        (sequence, one, bool(classification.classify(one, [other for other in group if other is not one], about)))
        for sequence, group in seen.items()
        for one in group
    ]
    mailing = {}
    for kind, word in ((Kind.OPEN, "opens"), (Kind.CLICK, "clicks")):
        for machine, who in ((False, "people"), (True, "machine")):
            of_kind = [sequence for sequence, one, is_machine in judged if one.kind == kind and is_machine == machine]
            mailing[f"{word}_{who}"] = len(of_kind)
            mailing[f"unique_{word}_{who}"] = len(set(of_kind))
    mailing["unsubscribes"] = sum(one.kind == Kind.UNSUBSCRIBE for _, one, _ in judged)
    by_people = {(s, one.link) for s, one, machine in judged if one.kind == Kind.CLICK and not machine}
    opens = [(s, one.at) for s, one, machine in judged if one.kind == Kind.OPEN and not machine]
    return {
        "mailing": mailing,
        "hours": Counter((int(one.kind), machine) for _, one, machine in judged),
        "links": Counter(link for _, link in by_people),
        "firsts": {s: min(at for other, at in opens if other == s) for s, _ in opens},
    }
