"""Pages of the contacts table: by key beside OFFSET, searches by index beside a reading of every row.

`BENCH_ROWS` says how many contacts there are. Times are milliseconds from question to answer, the least of five, making
fifty contacts of the rows included.
"""

import time
from collections.abc import Callable
from typing import Any

from bench.measure import Comparison, Figure, rows

ROWS = rows(100_000)
# A million people have more last names than this; as many begin with "berg4".
_MAKE = """
    INSERT INTO contacts_contact (account_id, email, email_hash, first_name, last_name, country, source, created_at, updated_at)
    SELECT %(account)s, 'p' || n || '@example' || n %% 500 || '.org', sha256(n::text::bytea), 'Ada' || n %% 900,
           CASE WHEN n %% 10 > 0 THEN 'Berg' || n %% 7000 ELSE '' END, (ARRAY['IE', 'DE', 'FR', 'US'])[1 + n %% 4],
           CASE WHEN n %% 1000 = 0 THEN 'form' ELSE 'import' END, now() - n * interval '1 second', now() - n %% 977 * interval '1 hour'
      FROM generate_series(1, %(rows)s) n
"""
_LISTED = """
    INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at)
    SELECT account_id, %(list)s, id, CASE WHEN id %% 5 = 0 THEN 'unsubscribed' ELSE 'subscribed' END, 'import', now()
      FROM contacts_contact WHERE account_id = %(account)s AND id %% 3 = 0
"""


def compare() -> list[Comparison]:
    """Ask for pages at the beginning and deep down, with filters, sorts and searches."""
    from accounts.models import Account
    from emailconcert.lib import encryption
    from emailconcert.lib.tenancy import account_scope

    account = Account.objects.create(slug="bench-table", name="Bench", country="IE", sending_quota=0)
    _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
    account.save()
    with account_scope(account):
        list_id = fill(account.pk)
    work = _Work(account.pk, list_id)
    return [work.pages(), work.searches()]


def fill(account_id: int) -> int:
    """Make the contacts and a list with a third of them; return the list's id."""
    from django.db import connection

    from contacts.models import List

    made = List.objects.create(name="Bench")
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, {"account": account_id, "rows": ROWS})
        cursor.execute(_LISTED, {"account": account_id, "list": made.pk})
        cursor.execute("ANALYZE contacts_contact, contacts_subscription")
    return made.pk


class _Work:
    """Questions to one account."""

    def __init__(self, account_id: int, list_id: int) -> None:
        self.account_id = account_id
        self.list_id = list_id

    def pages(self) -> Comparison:
        """Compare pages by key, in every order and with filters, with OFFSET."""
        figures = [
            self._page("by key, the middle page, newest first", "-added"),
            self._page("by key, the middle page, by name", "name"),
            self._page("by key, the middle page, changed last", "-changed"),
            self._page(
                "by key, middle, one list and subscribed, by address", "email", list_id=self.list_id, state="subscribed"
            ),
            self._page("by key, the middle, from Ireland, by name", "name", values=(("country", "IE"),)),
            self._page("by key, the first page, a rare source", "-added", deep=False, source="form"),
            Figure("OFFSET, the middle page, newest first", self._offset("created_at")),
            Figure("OFFSET, the middle page, by name", self._offset("search_key")),
        ]
        note = f"{ROWS:,} contacts, row-level security on."
        return Comparison("Pages of the table", "page", tuple(figures), note, measured="ms")

    def searches(self) -> Comparison:
        """Compare what is found by an index with what every row is read for."""
        figures = [
            self._page("begins with (address, name, last name), newest first", "-added", deep=False, text="berg4"),
            self._page("begins with one whole address", "-added", deep=False, text="p777@example"),
            self._page("anywhere, found often", "-added", deep=False, text="erg4", anywhere=True),
            self._page("anywhere, found nowhere (every row is read)", "-added", deep=False, text="zzzz", anywhere=True),
        ]
        note = f"{ROWS:,} contacts, row-level security on."
        return Comparison("Searches in the table", "search", tuple(figures), note, measured="ms")

    def _page(self, way: str, sort: str, *, deep: bool = True, **what: Any) -> Figure:
        from django.utils import timezone

        from contacts.table import finding, paging
        from contacts.table.filters import Filters
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id):
            found = finding.matching(account_id=self.account_id, filters=Filters(**what), now=timezone.now())
            column, _ = paging.sort_of(sort)
            size = finding.reading(found.count)
            middle = finding.reading(
                lambda: list(found.order_by(column, "pk").values_list("pk", flat=True)[size // 2 : size // 2 + 1])
            )
            after = middle[0] if deep and middle else None
            return Figure(way, _least(lambda: paging.page(found, sort=sort, after=after)))

    def _offset(self, column: str) -> float:
        from contacts.models import Contact
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id):
            found = Contact.objects.filter(account_id=self.account_id).order_by(column, "pk")
            return _least(lambda: list(found[ROWS // 2 : ROWS // 2 + 51]))


def _least(work: Callable[[], object]) -> float:
    """Return the least of several runs, in milliseconds from question to answer on this machine."""
    least = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - began)
    return least * 1000
