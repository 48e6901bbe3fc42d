"""The compiler against plain Python: whatever the tree, the database finds whom a loop over all contacts finds."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts import conditions
from contacts.conditions import Vocabulary
from contacts.models import Contact, ContactTag, CustomField, List, Subscription, Tag
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
NAMES = ["", "Zoë", "zoe", "AL", "al b", "50%", "a_b", 'q"q', "back\\slash"]
NUMBERS = [None, 0, 0.5, -3, 30, 10**12]
DAYS = [None, *(TODAY + timedelta(days=days) for days in (-400, -30, -1, 0, 1, 7, 300)), date(1992, 2, 29)]
SIZES = [None, "S", "M", 'L "big"']
LIKES = ["Rye", "Spelt", "Oat"]


def make_contacts(account):
    """Forty contacts of any mixture, always the same ones."""
    chance = random.Random(7)  # no secret
    for key, kind, choices in (
        ("name", "text", []), ("age", "number", []), ("since", "date", []), ("vegan", "boolean", []),
        ("size", "choice", SIZES[1:]), ("likes", "choices", LIKES),
    ):  # fmt: skip
        CustomField.objects.create(key=key, label=key.title(), type=kind, choices=choices)
    tags = [Tag.objects.create(name=name) for name in ("vip", "old")]
    lists = [List.objects.create(name=name) for name in ("News", "Offers")]
    for number in range(40):
        values = {
            "name": chance.choice(NAMES), "age": chance.choice(NUMBERS), "size": chance.choice(SIZES),
            "vegan": chance.choice([None, True, False]), "likes": chance.sample(LIKES, chance.randint(0, 3)),
            "since": (day := chance.choice(DAYS)) and day.isoformat(),
        }  # fmt: skip
        contact = Contact.objects.create(
            email=f"p{number}@example.org", email_hash=bytes([number]) * 32, first_name=chance.choice(NAMES),
            country=chance.choice(["", "DE", "FR"]), date_of_birth=chance.choice(DAYS), source="member",
            values={key: value for key, value in values.items() if value not in (None, "", [])},
            paused_until=chance.choice([None, NOW - timedelta(1), NOW + timedelta(1)]),
            created_at=NOW - timedelta(days=chance.randint(0, 60)),
        )  # fmt: skip
        for tag in chance.sample(tags, chance.randint(0, 2)):
            ContactTag.objects.create(contact=contact, tag=tag)
        for each in chance.sample(lists, chance.randint(0, 2)):
            state = chance.choice(["subscribed", "pending", "unsubscribed"])
            Subscription.objects.create(contact=contact, list=each, state=state, source="member")


# ── What each operator means, in Python ───────────────────────────────────────────────────────────────────────────────
def text(have, operator, want):
    have, want = have.upper(), want.upper()
    return {
        "is": have == want, "is_not": have != want, "contains": want in have, "contains_not": want not in have,
        "begins": have.startswith(want), "ends": have.endswith(want), "set": have != "", "empty": have == "",
    }[operator]  # fmt: skip


def number(have, operator, want):
    if operator in ("set", "empty"):
        return (have is not None) == (operator == "set")
    if have is None:
        return operator == "ne"
    have, want = Decimal(str(have)), Decimal(want)
    return {
        "eq": have == want, "ne": have != want, "lt": have < want, "le": have <= want, "gt": have > want,
        "ge": have >= want,
    }[operator]  # fmt: skip


def day(have, operator, days):
    if operator in ("set", "empty"):
        return (have is not None) == (operator == "set")
    if have is None:
        return False
    if operator == "anniversary":
        coming = [TODAY + timedelta(days=n) for n in range(days + 1)]
        return any(each == kept_on(have, each.year) for each in coming) or (
            (have.month, have.day) == (2, 29) and any((each.month, each.day) == (2, 29) for each in coming)
        )
    return {
        "last": TODAY - timedelta(days=days) <= have <= TODAY,
        "next": TODAY <= have <= TODAY + timedelta(days=days),
        "longer": have < TODAY - timedelta(days=days),
    }[operator]


def kept_on(born, year):
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def choice(have, operator, want):
    if operator in ("set", "empty"):
        return bool(have) == (operator == "set")
    return {"any_of": bool(have & want), "none_of": not have & want, "all_of": want <= have}[operator]


TEXTS = ["is", "is_not", "contains", "contains_not", "begins", "ends", "set", "empty"]
texts = st.tuples(st.sampled_from(TEXTS), st.sampled_from(["o", "ZOË", "al", "%", "_", '"', "\\", "x" * 9]))
numbers = st.tuples(
    st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "set", "empty"]),
    st.sampled_from(["0", "0.5", "-3", "29.99", "1e12"]),
)
days = st.tuples(
    st.sampled_from(["last", "next", "longer", "anniversary", "set", "empty"]), st.sampled_from([0, 1, 7, 29, 364, 365])
)


def some(pairs, operators=("any_of", "none_of", "set", "empty")):
    return st.tuples(st.sampled_from(operators), st.lists(st.sampled_from(pairs), min_size=1, unique=True))


def rules(facts):
    """Return a strategy of (condition as stored, function that tells whether a contact passes it)."""
    tags, lists = facts["tags"], facts["lists"]

    def own(contact, key):
        return contact.values.get(key)

    def made(condition, operator, values, test):
        return {"condition": condition, "operator": operator, "values": values}, test

    return st.one_of(
        texts.map(lambda o: made("first_name", o[0], {"value": o[1]}, lambda c: text(c.first_name, *o))),
        texts.map(lambda o: made("field:name", o[0], {"value": o[1]}, lambda c: text(own(c, "name") or "", *o))),
        numbers.map(lambda o: made("field:age", o[0], {"value": o[1]}, lambda c: number(own(c, "age"), *o))),
        days.map(lambda o: made("date_of_birth", o[0], {"days": o[1]}, lambda c: day(c.date_of_birth, *o))),
        days.map(
            lambda o: made(
                "field:since",
                o[0],
                {"days": o[1]},
                lambda c: day(own(c, "since") and date.fromisoformat(own(c, "since")), *o),
            )
        ),
        st.sampled_from(["yes", "no", "set", "empty"]).map(
            lambda o: made(
                "field:vegan",
                o,
                {},
                lambda c: {
                    "yes": own(c, "vegan") is True,
                    "no": own(c, "vegan") is False,
                    "set": own(c, "vegan") is not None,
                    "empty": own(c, "vegan") is None,
                }[o],
            )
        ),
        some(SIZES[1:]).map(
            lambda o: made(
                "field:size", o[0], {"choices": o[1]}, lambda c: choice({own(c, "size")} - {None}, o[0], set(o[1]))
            )
        ),
        some(LIKES, ("any_of", "all_of", "none_of", "set", "empty")).map(
            lambda o: made(
                "field:likes", o[0], {"choices": o[1]}, lambda c: choice(set(own(c, "likes") or ()), o[0], set(o[1]))
            )
        ),
        some(["DE", "FR", "IE"]).map(
            lambda o: made(
                "country", o[0], {"codes": ",".join(o[1])}, lambda c: choice({c.country} - {""}, o[0], set(o[1]))
            )
        ),
        some(facts["tag_ids"], ("any_of", "all_of", "none_of")).map(
            lambda o: made("tags", o[0], {"tags": o[1]}, lambda c: choice(tags[c.pk], o[0], set(o[1])))
        ),
        some(facts["list_ids"], ("on", "not_on")).map(
            lambda o: made("lists", o[0], {"lists": o[1]}, lambda c: bool(lists[c.pk] & set(o[1])) == (o[0] == "on"))
        ),
        st.booleans().map(
            lambda yes: made(
                "paused",
                "paused" if yes else "going",
                {},
                lambda c: bool(c.paused_until and c.paused_until > NOW) == yes,
            )
        ),
        st.integers(0, 70).map(
            lambda n: made("created", "last", {"days": n}, lambda c: NOW - timedelta(days=n) <= c.created_at <= NOW)
        ),
    )


def trees(facts):
    def group(parts):
        return st.tuples(st.sampled_from(["all", "any", "none"]), st.lists(parts, min_size=1, max_size=3)).map(joined)

    return st.recursive(rules(facts), group, max_leaves=6).map(lambda part: joined(("all", [part])))


def joined(group):
    match, parts = group
    tests = [test for _, test in parts]
    return {"match": match, "rules": [rule for rule, _ in parts]}, {
        "all": lambda c: all(test(c) for test in tests),
        "any": lambda c: any(test(c) for test in tests),
        "none": lambda c: not any(test(c) for test in tests),
    }[match]


def depth(tree):
    return 1 + max((depth(rule) for rule in tree["rules"] if "match" in rule), default=0)


def test_the_database_finds_whom_python_finds():
    alice, _, _ = make_cast()
    with account_scope(alice.account):
        make_contacts(alice.account)
        everybody = list(Contact.objects.all())
        standing = Subscription.objects.filter(state="subscribed")
        facts = {
            "tag_ids": [str(pk) for pk in Tag.objects.values_list("pk", flat=True)],
            "list_ids": [str(pk) for pk in List.objects.values_list("pk", flat=True)],
            "tags": {c.pk: {str(link.tag_id) for link in ContactTag.objects.filter(contact=c)} for c in everybody},
            "lists": {c.pk: {str(each.list_id) for each in standing.filter(contact=c)} for c in everybody},
        }
        vocabulary = Vocabulary(account_id=alice.account_id, now=NOW)

        @given(trees(facts))
        def compare(made):
            tree, test = made
            if depth(tree) > conditions.DEPTH:
                return
            found = conditions.matching(tree, account_id=alice.account_id, now=NOW, vocabulary=vocabulary)
            assert set(found.values_list("pk", flat=True)) == {c.pk for c in everybody if test(c)}
            assert conditions.describe(tree, vocabulary=vocabulary)

        compare()
