"""Filters and orders in words that can be read aloud, each with the address of the page without it."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

from contacts.models import Contact
from contacts.table import paging
from contacts.table.columns import word_for
from contacts.table.filters import STATES, Filters
from contacts.table.names import Names


@dataclass(frozen=True)
class Chip:
    """One filter that is on; `query` is the address's query string without it."""

    label: str
    query: str


def chips(filters: Filters, names: Names) -> list[Chip]:
    """Return a chip for each filter."""
    return [Chip(label, without.encode() or "all=1") for label, without in _said(filters, names)]


def in_words(filters: Filters, names: Names) -> str:
    """Return what is filtered by in one line, for names of exports and questions."""
    return ", ".join(label for label, _ in _said(filters, names)) or "All contacts"


def sorts(query: QueryDict) -> list[tuple[str, str, bool]]:
    """Return each order as (words, query string, whether it is the present one)."""
    kept = [(name, text) for name in query for text in query.getlist(name) if name not in {"sort", "after", "before"}]
    known = query.get("sort", paging.DEFAULT)
    words = {
        "-added": "Newest first",
        "added": "Oldest first",
        "name": "Name, A to Z",
        "-name": "Name, Z to A",
        "email": "Address, A to Z",
        "-email": "Address, Z to A",
        "-changed": "Changed last first",
        "changed": "Changed longest ago first",
    }
    present = known if known in words else paging.DEFAULT
    return [(text, urlencode([*kept, ("sort", name)]), name == present) for name, text in words.items()]


def _said(filters: Filters, names: Names) -> list[tuple[str, Filters]]:
    said: list[tuple[str, Filters]] = []
    gone = "one that is gone"
    if filters.text:
        how = "Has “{}” anywhere" if filters.anywhere else "Begins with “{}”"
        said.append((how.format(filters.text), filters.without("text")))
    if filters.list_id:
        said.append((f"List: {names.lists.get(filters.list_id, gone)}", filters.without("list_id")))
    if filters.state:
        said.append((f"Standing: {STATES[filters.state].lower()}", filters.without("state")))
    said += [(f"Tag: {names.tags.get(tag, gone)}", filters.without("tags", tag)) for tag in filters.tags]
    if filters.segment_id:
        said.append((f"Segment: {names.segments.get(filters.segment_id, gone)}", filters.without("segment_id")))
    if filters.source:
        which = f" {filters.source_id}" if filters.source_id else ""
        said.append((f"Source: {Contact.Source(filters.source).label.lower()}{which}", filters.without("source")))
    if filters.within:
        days = "day" if filters.within == 1 else f"{filters.within:,} days"
        said.append((f"Added in the last {days}", filters.without("within")))
    for name, text in filters.values:
        label = names.fields.get(name, "A field that is gone")
        said.append((f"{label}: {word_for(name, text) or 'anything'}", filters.without("values", (name, text))))
    return said
