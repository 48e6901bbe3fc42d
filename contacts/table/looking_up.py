"""Looking somebody up: by the beginning of names and address first, which is quick, then anywhere in them."""

from dataclasses import dataclass, replace
from datetime import datetime

from contacts.models import Contact
from contacts.table import finding, paging
from contacts.table.filters import Filters
from contacts.table.paging import Page


@dataclass(frozen=True)
class Found:
    """One page; `filters` are those that found it, `total` is exact unless more than are counted match."""

    page: Page
    filters: Filters
    total: int
    is_exact: bool


def look_up(
    *, account_id: int, filters: Filters, sort: str, now: datetime, after: int | None = None, before: int | None = None
) -> Found:
    """Return a page of who matches. Where nobody begins with the text, everybody who has it anywhere is shown."""
    found = finding.matching(account_id=account_id, filters=filters, now=now)
    page = paging.page(found, sort=sort, after=after, before=before)
    if filters.text and not filters.anywhere and not page.rows:
        filters = replace(filters, anywhere=True)
        found = finding.matching(account_id=account_id, filters=filters, now=now)
        page = paging.page(found, sort=sort, after=after, before=before)
    total, is_exact = (len(page.rows), True) if page.is_all else finding.count(found)
    return Found(page, filters, total, is_exact)


def find_people(*, account_id: int, text: str, limit: int, now: datetime) -> list[Contact]:
    """Return the newest few whom a text finds, for the search over everything."""
    for anywhere in (False, True):
        filters = Filters(text=text, anywhere=anywhere)
        found = finding.matching(account_id=account_id, filters=filters, now=now)
        if rows := paging.page(found, sort=paging.DEFAULT, size=limit).rows:
            return rows
    return []
