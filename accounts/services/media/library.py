"""Finding pictures in the library, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Media

PAGE = 48
# What the page's address says → what it is called, and the column.
SORTS: Mapping[str, tuple[str, str]] = {
    "-added": ("Newest first", "-id"),
    "added": ("Oldest first", "id"),
    "name": ("By name", "name"),
    "-size": ("Largest first", "-size"),
}
SHOWN: Mapping[str, str] = {"no-alt": "Without alternative text", "deleted": "Deleted"}


@dataclass(frozen=True)
class Page:
    """One page of pictures, how many there are in all, and the keys of the pages beside it."""

    rows: list[Media]
    total: int
    before: int | None
    after: int | None


def find(
    *, account_id: int, text: str = "", shown: str = "", sort: str = "-added",
    after: int | None = None, before: int | None = None, size: int = PAGE,
) -> Page:  # fmt: skip
    """Return one page; `after` and `before` are ids of pictures, and one that is gone gives the first page."""
    found = _matching(account_id, text, shown)
    total = found.count()
    order = SORTS.get(sort, SORTS["-added"])[1]
    column, down = order.removeprefix("-"), order.startswith("-")
    key = after or before
    anchor = Media.objects.filter(account_id=account_id, pk=key).values_list(column, "pk").first() if key else None
    back = anchor is not None and after is None
    if anchor is not None:
        found = found.filter(_beyond(column, anchor, smaller=down != back))
    sign = "-" if down != back else ""
    rows = list(found.order_by(f"{sign}{column}", f"{sign}pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    has_before, has_after = (more, True) if back else (anchor is not None, more)
    ends = (rows[0].pk, rows[-1].pk) if rows else (None, None)
    return Page(rows, total, ends[0] if has_before else None, ends[1] if has_after else None)


def has_file(*, account_id: int, file_name: str) -> bool:
    """Tell whether an account has a file of this name, of a picture deleted since, too."""
    media = Media.objects.filter(account_id=account_id, digest=file_name[:32]).first()
    return media is not None and file_name in media.file_names()


def latest(*, account_id: int, count: int) -> list[Media]:
    """Return the newest pictures."""
    return list(Media.objects.filter(account_id=account_id, deleted_at=None).order_by("-pk")[:count])


def _matching(account_id: int, text: str, shown: str) -> QuerySet[Media]:
    found = Media.objects.filter(account_id=account_id, deleted_at__isnull=shown != "deleted")
    if text.strip():
        found = found.filter(Q(name__icontains=text.strip()) | Q(alt_text__icontains=text.strip()))
    return found.filter(alt_text="") if shown == "no-alt" else found


def _beyond(column: str, anchor: tuple[object, int], *, smaller: bool) -> Q:
    side = "lt" if smaller else "gt"
    value, pk = anchor
    return Q(**{f"{column}__{side}": value}) | Q(**{column: value, f"pk__{side}": pk})
