"""Counting segments in one big account of fifty: as the product does it, under each row's policy, and without policies.

`BENCH_ROWS` says how big the account is (a million). The three ways run the same statement with the same settings.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import psycopg

from bench.measure import Comparison, Figure, rows

CONTACTS = rows(1_000_000)
RUNS = 5
_SETTINGS = "SET work_mem = '96MB'; SET jit = off"
_FILL = """
    INSERT INTO contacts_contact (account_id, email, email_hash, first_name, last_name, country, language, values, source,
        created_at, date_of_birth)
    SELECT %(account)s, 'reader' || n || '@example.org', decode(md5(%(account)s || ':' || n), 'hex'), 'Reader' || n %% 997,
        'Berg' || n %% 4999, (ARRAY['DE','FR','IE','ES','IT','NL','PL','AT','SE','PT'])[1 + n %% 10], 'en',
        jsonb_build_object('city', 'City ' || n %% 200, 'orders', n %% 50, 'size', (ARRAY['S','M','L'])[1 + n %% 3]),
        'import', now() - make_interval(mins => n %% 1000000), DATE '1950-01-01' + n %% 20000
    FROM generate_series(%(first)s, %(last)s) n
"""
_STANDING = """
    INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at, confirmed_at)
    SELECT account_id, %(list)s, id, CASE WHEN id %% 20 = 0 THEN 'unsubscribed' ELSE 'subscribed' END, 'import', now(), now()
    FROM contacts_contact WHERE account_id = %(account)s AND id %% 5 < 4;
    INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
    SELECT account_id, id, %(tag)s FROM contacts_contact WHERE account_id = %(account)s AND id %% 20 = 3;
    INSERT INTO tracking_contactactivity (account_id, contact_id, last_open, opens, clicks)
    SELECT account_id, id, now() - make_interval(days => (id %% 120)::int), 1, 0 FROM contacts_contact
    WHERE account_id = %(account)s AND id %% 3 = 0
"""
_TABLES = ("contacts_contact", "contacts_subscription", "contacts_contacttag", "tracking_contactactivity")


def compare() -> list[Comparison]:
    """Count four segments three ways, and estimate the largest."""
    account, list_id, tag_id = _fill()
    found = [
        _counted(f"Counting: {title}", account, {"match": "all", "rules": rules})
        for title, rules in _segments(list_id, tag_id)
    ]
    return [*found, _estimated(account, {"match": "all", "rules": _segments(list_id, tag_id)[-1][1]})]


def _segments(list_id: int, tag_id: int) -> list[tuple[str, list[dict[str, Any]]]]:
    country = {"condition": "country", "operator": "any_of", "values": {"codes": "DE"}}
    size = {"condition": "field:size", "operator": "any_of", "values": {"choices": ["M"]}}
    city = {"condition": "field:city", "operator": "is", "values": {"value": "city 7"}}
    compound = [
        country,
        {"condition": "lists", "operator": "on", "values": {"lists": [str(list_id)]}},
        {"condition": "opened", "operator": "lately", "values": {"days": "60"}},
        {"condition": "tags", "operator": "none_of", "values": {"tags": [str(tag_id)]}},
    ]
    return [
        ("simple, a country", [country]),
        ("simple, a choice of an own field", [size]),
        ("simple, a text of an own field", [city]),
        ("compound: country, list, opened, not tag", compound),
    ]


def _counted(title: str, account: int, tree: dict[str, Any]) -> Comparison:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from contacts import conditions
    from emailconcert.lib.tenancy import account_scope, segment_scope

    now = timezone.now()
    with account_scope(account):
        with CaptureQueriesContext(connection) as seen:
            people = conditions.count(tree, account_id=account, now=now)
        sql = next(each["sql"] for each in seen.captured_queries if "COUNT(*)" in each["sql"])
        whole = _least(lambda: conditions.count(tree, account_id=account, now=now))
        with segment_scope():
            ours = _timed(sql)
        policies = _timed(sql)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"]) as owner:
        owner.execute(_SETTINGS)
        if os.environ.get("BENCH_EXPLAIN"):
            print(title, *("  " + row[0] for row in owner.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}")), sep="\n")
        bare = _least(lambda: owner.execute(sql).fetchone())
    figures = (
        Figure("ours: as ec_segments", ours),
        Figure("the same statement without row-level security (owner)", bare),
        Figure("the same statement under each tenant's policy (ec_app)", policies),
        Figure("ours, from the stored tree to the number", whole),
    )
    return Comparison(
        title, "count", figures, f"{people:,} of {CONTACTS:,} contacts: the database works.", measured="µs wall"
    )


def _estimated(account: int, tree: dict[str, Any]) -> Comparison:
    from django.utils import timezone

    from contacts import conditions
    from emailconcert.lib.tenancy import account_scope

    now = timezone.now()
    with account_scope(account):
        about = conditions.estimate(tree, account_id=account, now=now)
        people = conditions.count(tree, account_id=account, now=now)
        figures = (
            Figure(
                "ours: the estimate that is shown first",
                _least(lambda: conditions.estimate(tree, account_id=account, now=now)),
            ),
            Figure("ours: the exact count", _least(lambda: conditions.count(tree, account_id=account, now=now))),
        )
    return Comparison(
        "Estimating the compound segment",
        "estimate",
        figures,
        f"about {about:,}, exactly {people:,}",
        measured="µs wall",
    )


def _timed(sql: str) -> float:
    """Return the least time of a statement in the role that is entered, with the settings of a count."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '96MB'; SET LOCAL jit = off")
        return _least(lambda: cursor.execute(sql))


def _least(work: Callable[[], object]) -> float:
    least = float("inf")
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - began)
    return least * 1_000_000


def _fill() -> tuple[int, int, int]:
    from accounts.models import Account
    from contacts.models import CustomField, List, Tag
    from emailconcert.lib import encryption
    from emailconcert.lib.tenancy import account_scope

    big = 0, 0, 0
    for number in range(50):
        slug = f"bench-segments-{number}"
        account = Account.objects.create(slug=slug, name="Bench", country="IE", sending_quota=0)
        _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
        account.save()
        with account_scope(account):
            for key, kind in (("city", "text"), ("orders", "number"), ("size", "choice")):
                choices = ["S", "M", "L"] if kind == "choice" else []
                CustomField.objects.create(key=key, label=key.title(), type=kind, choices=choices)
            list_id, tag_id = List.objects.create(name="News").pk, Tag.objects.create(name="vip").pk
        count = CONTACTS if number == 25 else CONTACTS // 200
        _as_owner(_FILL, {"account": account.pk, "first": 1, "last": count})
        for statement in _STANDING.split(";"):
            _as_owner(statement, {"account": account.pk, "list": list_id, "tag": tag_id})
        if number == 25:
            big = account.pk, list_id, tag_id
    for table in _TABLES:
        _as_owner(f"VACUUM ANALYZE {table}", None)
    return big


def _as_owner(statement: str, parameters: dict[str, int] | None) -> None:
    """Run it in a connection of its own: one that has checked keys of an empty table would go on reading all of it."""
    url = os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as owner:
        owner.execute(statement, parameters)
