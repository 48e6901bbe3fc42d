"""Counting an audience says what sending would do, whatever keeps people out."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Contact, List, Subscription
from delivery.services import counting, materialising
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope
from privacy.models import DomainSuppression, Suppression
from privacy.services import standing
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    member = make_cast()[0]
    with account_scope(member.account):
        yield member


def make_crowd(account, lists, *, seed, count=60):
    chance = random.Random(seed)
    people = []
    for n in range(count):
        email = f"p{n}@{'never' if n % 9 == 0 else 'often'}.example"
        person = Contact.objects.create(
            email=email,
            email_hash=addresses.address_hash(email, account_id=account.pk),
            country=chance.choice(["IE", "DE"]),
            paused_until=chance.choice([None, None, None, NOW + timedelta(days=1), NOW - timedelta(days=1)]),
            source="member",
        )
        people.append(person)
        for each in lists:
            if state := chance.choice(["", "subscribed", "subscribed", "unsubscribed", "pending"]):
                Subscription.objects.create(list=each, contact=person, state=state, source="member")
        if chance.random() < 0.1:
            standing.restrict(account_id=account.pk, address_hash=bytes(person.email_hash), now=NOW)
        elif chance.random() < 0.2:
            reason = chance.choice([Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.BOUNCED])
            Suppression.objects.create(address_hash=person.email_hash, reason=reason)
    DomainSuppression.objects.create(domain="never.example")


def test_it_counts_what_sending_counts(alice, monkeypatch):
    lists = [List.objects.create(name=name) for name in ("One", "Two", "Three")]
    make_crowd(alice.account, lists, seed=4)
    segment = Contact.objects.filter(account_id=alice.account_id, country="IE")
    on = {
        each.pk: Contact.objects.filter(subscriptions__list=each, subscriptions__state="subscribed") for each in lists
    }
    one, two, three = (each.pk for each in lists)
    for list_ids, to_segments, excluded in (
        ([one], None, None),
        ([one, two], None, None),
        ([one, two], None, on[three]),
        ([three, one, two], None, None),
        ([], segment, None),
        ([], segment, on[three]),
        ([two], segment | Contact.objects.filter(pk__in=on[two].values("pk")), None),
        ([two], segment | Contact.objects.filter(pk__in=on[two].values("pk")), on[one]),
    ):
        joined = Contact.objects.filter(subscriptions__list__in=list_ids, subscriptions__state="subscribed")
        audience = Contact.objects.filter(pk__in=joined.values("pk")) if to_segments is None else to_segments
        people, left_out = materialising.count_audience(
            account_id=alice.account_id,
            audience=audience,
            list_ids=list_ids,
            now=NOW,
            to_segments=to_segments is not None,
            excluded=excluded,
        )
        given = {"account_id": alice.account_id, "list_ids": list_ids, "to_segments": to_segments, "now": NOW}
        counted = counting.count_audience(**given, excluded=excluded)
        assert (counted.people, counted.left_out) == (people, left_out), (list_ids, to_segments, excluded)
        with monkeypatch.context() as large:
            large.setattr(counting, "_SLICED_FROM", 0)
            assert counting.count_audience(**given, excluded=excluded) == counted
        if excluded is on[three]:
            assert counting.count_audience(**given, excluded=None, without_list_ids=[three]) == counted
            assert counting.count_audience(**given, excluded=excluded, without_list_ids=[three]) == counted
        assert people
        assert left_out
        assert counted.subscribed == {pk: on[pk].count() for pk in list_ids}


def test_it_is_one_statement_however_many_lists(alice, monkeypatch):
    lists = [List.objects.create(name=str(n)) for n in range(3)]
    make_crowd(alice.account, lists, seed=1, count=20)
    monkeypatch.setattr(counting, "_SLICED_FROM", 0)
    for some, read in ((lists[:1], 0), (lists, 3 * 8)):
        with CaptureQueriesContext(connection) as seen:
            counting.count_audience(
                account_id=alice.account_id,
                list_ids=[each.pk for each in some],
                to_segments=None,
                excluded=None,
                now=NOW,
            )
        assert len(seen) == 3  # its settings and where to cut, the count, and a setting back
        assert seen[1]["sql"].count("FULL JOIN") == max(0, read - 8)
        assert seen[1]["sql"].count("contact_id AS l") == read  # each list once in each of eight slices
