"""Who is in a segment: exactly, about how many, and a few of them.

Read as `ec_segments`, whose policy lets PostgreSQL use every index (docs/adr/0010); so each query says the account
itself, in its first condition and in that of each table it looks into.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from psycopg.errors import QueryCanceled

from contacts.conditions import tree as trees
from contacts.conditions.registry import Vocabulary
from contacts.models import Contact
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import segment_scope
from privacy.models import Restriction

LONGEST_SECONDS = 8
# What one count may hold in memory, so that a set of a million is hashed rather than looked up one by one.
_MEMORY = "96MB"


class TooSlow(ExpectedError):
    """Counting was broken off."""

    def __init__(self) -> None:
        super().__init__(
            f"Counting took longer than {LONGEST_SECONDS} seconds and was stopped. The segment works all the same; "
            "the number is counted when it is used."
        )


def matching(
    tree: Mapping[str, Any], *, account_id: int, now: datetime, vocabulary: Vocabulary | None = None
) -> QuerySet[Contact]:
    """Return who is in the segment; people whose data is restricted are in none. Raises `BadSegment`."""
    vocabulary = vocabulary or Vocabulary(account_id=account_id, now=now)
    return Contact.objects.filter(account_id=account_id).filter(belongs(tree, vocabulary=vocabulary))


def belongs(tree: Mapping[str, Any], *, vocabulary: Vocabulary) -> Q:
    """Return the condition of being in the segment, to be put together with others. Raises `BadSegment`."""
    return trees.compile_tree(tree, vocabulary=vocabulary) & ~_restricted(vocabulary.at.account_id)


def count(tree: Mapping[str, Any], *, account_id: int, now: datetime, vocabulary: Vocabulary | None = None) -> int:
    """Return how many are in the segment just now. Raises `BadSegment`, `TooSlow`."""
    found = matching(tree, account_id=account_id, now=now, vocabulary=vocabulary)
    with segment_scope(), _limits():
        return found.count()


def sample(
    tree: Mapping[str, Any], *, account_id: int, now: datetime, limit: int = 10, vocabulary: Vocabulary | None = None
) -> list[Contact]:
    """Return the newest few of the segment. Raises `BadSegment`, `TooSlow`."""
    found = matching(tree, account_id=account_id, now=now, vocabulary=vocabulary)
    with segment_scope(), _limits():
        return list(found.order_by("-created_at", "-pk")[:limit])


def estimate(tree: Mapping[str, Any], *, account_id: int, now: datetime, vocabulary: Vocabulary | None = None) -> int:
    """Return about how many are in the segment, as PostgreSQL's planner thinks, without reading a contact.

    Raises `BadSegment`.
    """
    found = matching(tree, account_id=account_id, now=now, vocabulary=vocabulary)
    try:
        sql, params = found.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with segment_scope(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Plan Rows"])


def _restricted(account_id: int) -> Q:
    """Return who may only be stored, by key: they are few, and so no row is fetched for its address."""
    hashes = Restriction.objects.filter(account_id=account_id).values("address_hash")
    return Q(pk__in=Contact.objects.filter(account_id=account_id, email_hash__in=hashes).values("pk"))


@contextmanager
def _limits() -> Iterator[None]:
    """Bound what a count may take; afterwards the settings are what they were."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            before = _change(cursor, {"statement_timeout": f"{LONGEST_SECONDS}s", "work_mem": _MEMORY, "jit": "off"})
            yield
            _change(cursor, before)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from None
        raise


def _change(cursor: Any, settings: Mapping[str, str]) -> dict[str, str]:
    names = list(settings)
    columns = ", ".join(["current_setting(%s), set_config(%s, %s, true)"] * len(names))
    cursor.execute(f"SELECT {columns}", [each for name in names for each in (name, name, settings[name])])
    return dict(zip(names, cursor.fetchone()[::2], strict=True))
