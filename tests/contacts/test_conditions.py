from datetime import timedelta

import pytest

from contacts import conditions
from contacts.conditions import BadSegment
from contacts.models import Contact, CustomField, List
from contacts.services import organising, people, subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.services import standing
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    """Zoe (DE, vip, on News, baker), Al (FR, vip) and Kim (DE, new today); Charlie's account has a Zoe too."""
    alice, _, charlie = make_cast()
    with account_scope(charlie.account):
        people.add_contact(
            account_id=charlie.account_id, email="zoe@example.org", country="DE", source="member", now=NOW
        )
    with account_scope(alice.account):
        CustomField.objects.create(key="job", label="Job")
        for name, country in (("zoe", "DE"), ("al", "FR"), ("kim", "DE")):
            people.add_contact(
                account_id=alice.account_id, email=f"{name}@example.org", first_name=name.title(), country=country,
                values={"job": "Baker"} if name == "zoe" else {}, source="member", now=NOW,
            )  # fmt: skip
        Contact.objects.exclude(email__startswith="kim").update(created_at=NOW - timedelta(days=30))
        tag = organising.create_tag(account_id=alice.account_id, name="vip")
        organising.tag_contacts(contacts=Contact.objects.exclude(email__startswith="kim"), tag=tag, now=NOW)
        zoe = Contact.objects.get(email__startswith="zoe")
        subscribing.subscribe(contact=zoe, list=List.objects.create(name="News"), source="member", now=NOW)
        yield alice.account


def rule(name, **values):
    if name == "tagged":
        values = {"tag": str(organising.create_tag(account_id=List.objects.get().account_id, name="vip").pk)}
    if name == "on_list":
        values = {"list": str(List.objects.get().pk), **values}
    return {"condition": name, "values": values}


def names(account, tree):
    found = conditions.matching(tree, account_id=account.pk, now=NOW)
    assert conditions.count(tree, account_id=account.pk, now=NOW) == len(found)
    return sorted(str(contact) for contact in found)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("field_is", {"field": "country", "value": "de"}, ["Kim", "Zoe"]),
        ("field_is", {"field": "values.job", "value": "baker"}, ["Zoe"]),
        ("field_contains", {"field": "email", "value": "IM@"}, ["Kim"]),
        ("tagged", {}, ["Al", "Zoe"]),
        ("on_list", {"state": "subscribed"}, ["Zoe"]),
        ("on_list", {"state": "unsubscribed"}, []),
        ("new_within", {"days": "7"}, ["Kim"]),
    ],
)
def test_condition_finds(account, name, values, expected):
    assert names(account, {"match": "all", "rules": [rule(name, **values)]}) == expected


@pytest.mark.parametrize(("match", "expected"), [("all", ["Zoe"]), ("any", ["Al", "Kim", "Zoe"]), ("none", [])])
def test_groups_join_their_rules(account, match, expected):
    german, vip = rule("field_is", field="country", value="DE"), rule("tagged")

    assert names(account, {"match": match, "rules": [german, vip]}) == expected


def test_groups_nest(account):
    nobody_tagged = {"match": "none", "rules": [rule("tagged")]}
    german = rule("field_is", field="country", value="DE")

    assert names(account, {"match": "all", "rules": [german, nobody_tagged]}) == ["Kim"]


def test_restricted_people_are_in_no_segment(account):
    kim = Contact.objects.get(email__startswith="kim")
    standing.restrict(account_id=account.pk, address_hash=bytes(kim.email_hash), now=NOW)

    assert names(account, {"match": "all", "rules": [rule("field_is", field="country", value="DE")]}) == ["Zoe"]


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"match": "all", "rules": []},
        {"match": "some", "rules": [{"condition": "new_within", "values": {"days": "1"}}]},
        {"match": "all", "rules": [{"condition": "nonsense", "values": {}}]},
        {"match": "all", "rules": [{"condition": "new_within", "values": {"days": "-1"}}]},
        {"match": "all", "rules": [{"condition": "new_within", "values": {"days": "²"}}]},
        {"match": "all", "rules": [{"condition": "tagged", "values": {"tag": "9" * 30}}]},
        {"match": "all", "rules": [{"condition": "tagged", "values": {"tag": "²"}}]},
        {"match": "all", "rules": [{"condition": "field_is", "values": {"field": "account_id", "value": "1"}}]},
        {"match": "all", "rules": [{"condition": "field_is", "values": {"field": "values.a__b", "value": "1"}}]},
        {"match": "all", "rules": [{"condition": "field_is", "values": {"field": "email", "value": "x" * 201}}]},
    ],
)
def test_tree_that_cannot_be_read_is_refused_in_words(account, tree):
    with pytest.raises(BadSegment):
        conditions.count(tree, account_id=account.pk, now=NOW)


def test_groups_that_are_too_deep_are_refused(account):
    tree = {"match": "all", "rules": [{"condition": "new_within", "values": {"days": "1"}}]}
    for _ in range(conditions.DEPTH):
        tree = {"match": "all", "rules": [tree]}

    with pytest.raises(BadSegment, match="too many"):
        conditions.count(tree, account_id=account.pk, now=NOW)


def test_segment_is_told_in_words(account):
    tree = {"match": "any", "rules": [rule("field_is", field="country", value="DE"), rule("tagged")]}

    assert conditions.describe(tree) == "field is Country DE or has tag vip"
