"""Pages by key: a page is found where the one before it ended, however deep it lies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet, Value

from contacts.models import Contact
from contacts.table.finding import reading

PAGE = 50
# What the page's address says → the column. Each has an index with the id behind it.
SORTS: Mapping[str, str] = {"name": "search_key", "email": "email", "added": "created_at", "changed": "updated_at"}
LABELS = {"name": "Name", "email": "Address", "added": "Added", "changed": "Changed"}
DEFAULT = "-added"


class _Beyond(Func):
    """`(column, id) < (value, id)`: one comparison of rows, which an index answers from the right place on."""

    output_field = BooleanField()
    arity = 4

    def __init__(self, column: str, value: Any, pk: int, *, smaller: bool) -> None:
        key = Contact._meta.get_field(column)
        super().__init__(F(column), F("pk"), Value(value, output_field=key), Value(pk))  # type: ignore[arg-type]  # any field
        self.side = "<" if smaller else ">"

    def as_sql(self, compiler: Any, *_connection: Any, **_context: Any) -> Any:
        """Write the comparison."""
        parts = [compiler.compile(each) for each in self.get_source_expressions()]
        sql = "({}, {}) {side} ({}, {})".format(*(part for part, _ in parts), side=self.side)
        return sql, [value for _, values in parts for value in values]


@dataclass(frozen=True)
class Page:
    """One page of contacts, and the keys of the pages beside it."""

    rows: list[Contact]
    before: int | None
    after: int | None

    @property
    def is_all(self) -> bool:
        """Tell whether there is no other page."""
        return self.before is None and self.after is None


def sort_of(text: str) -> tuple[str, bool]:
    """Return the column and whether it runs down; the newest first where the address says nothing that is known."""
    known = text if text.removeprefix("-") in SORTS else DEFAULT
    return SORTS[known.removeprefix("-")], known.startswith("-")


def page(
    found: QuerySet[Contact], *, sort: str, after: int | None = None, before: int | None = None, size: int | None = None
) -> Page:
    """Return one page by key: `after` and `before` are ids of contacts; one that is gone gives the first page."""
    column, down = sort_of(sort)
    size = size or PAGE
    key = after or before
    anchor = Contact.objects.filter(pk=key).values_list(column, "pk").first() if key else None
    back = anchor is not None and after is None
    if anchor is not None:
        found = found.filter(_Beyond(column, *anchor, smaller=down != back))
    sign = "-" if down != back else ""
    ordered = found.order_by(f"{sign}{column}", f"{sign}pk")[: size + 1]
    rows = reading(lambda: list(ordered))
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    first, last = (rows[0].pk, rows[-1].pk) if rows else (None, None)
    has_before = more if back else anchor is not None
    has_after = True if back else more
    return Page(rows, first if has_before else None, last if has_after else None)
