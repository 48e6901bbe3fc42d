"""Lists page by page, by key: the newest first, as far down as there are rows, in one query each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row")
Found = TypeVar("Found", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list, with the keys of its neighbours."""

    rows: Sequence[Row]
    before: int | None
    after: int | None


def newest_first(
    found: QuerySet[Found], *, after: int | None = None, before: int | None = None, size: int
) -> Page[Found]:
    """Return the page below the row `after`, or above the row `before`, or the first; it has `size` rows at most."""
    if before is not None:
        rows = list(reversed(found.filter(pk__gt=before).order_by("pk")[: size + 1]))
        more_before, more_after, rows = len(rows) > size, True, rows[-size:]
    else:
        rows = list((found.filter(pk__lt=after) if after else found).order_by("-pk")[: size + 1])
        more_before, more_after, rows = after is not None, len(rows) > size, rows[:size]
    return Page(
        rows=rows,
        before=rows[0].pk if rows and more_before else None,
        after=rows[-1].pk if rows and more_after else None,
    )
