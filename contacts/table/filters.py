"""What the table of contacts is narrowed to, as it stands in the page's address."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self
from urllib.parse import urlencode

from django.http import QueryDict

from contacts.models import Contact, Subscription

VALUE = "is."  # followed by a field's name: `is.country=IE`; without a text, anybody who has a value
STATES = {
    **{str(value): str(label) for value, label in Subscription.State.choices},
    "suppressed": "Never mailed",
    "restricted": "Left as it is",
    "none": "On no list",
}
WITHIN = (1, 7, 30, 90, 365)
_LONGEST = 100
_MANY = 10


@dataclass(frozen=True)
class Filters:
    """What must hold of a contact to be shown; nothing said means everybody."""

    text: str = ""
    anywhere: bool = False
    list_id: int | None = None
    state: str = ""
    tags: tuple[int, ...] = ()
    source: str = ""
    source_id: int | None = None
    within: int | None = None
    segment_id: int | None = None
    values: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether everybody is shown."""
        return self == Filters()

    def pairs(self) -> list[tuple[str, str]]:
        """Return the filters as pairs of a query string, always in the same order."""
        found: list[tuple[str, object]] = [
            ("q", self.text),
            ("anywhere", "1" if self.anywhere and self.text else ""),
            ("list", self.list_id),
            ("state", self.state),
            *(("tag", tag) for tag in self.tags),
            ("source", self.source),
            ("source_id", self.source_id),
            ("within", self.within),
            ("segment", self.segment_id),
        ]
        said = [(name, str(value)) for name, value in found if value]
        return said + [(VALUE + name, text) for name, text in self.values]

    def encode(self) -> str:
        """Return the filters as a query string."""
        return urlencode(self.pairs())

    def without(self, name: str, value: object = None) -> Self:
        """Return the filters without one of them; of tags and values, without that one."""
        if name == "tags":
            return replace(self, tags=tuple(each for each in self.tags if each != value))
        if name == "values":
            return replace(self, values=tuple(each for each in self.values if each != value))
        empty: dict[str, Any] = {each.name: each.default for each in fields(self)}
        also = {"text": ("anywhere",), "source": ("source_id",)}.get(name, ())
        return replace(self, **{each: empty[each] for each in (name, *also)})


def parse(query: QueryDict) -> Filters:
    """Read the filters from a page's address; what cannot be read is left out."""
    text = query.get("q", "").replace("\0", "").strip()[:_LONGEST]
    state, source = query.get("state", ""), query.get("source", "")
    source = source if source in Contact.Source.values else ""
    numbers = [found for each in query.getlist("tag") if (found := number(each)) is not None]
    within = number(query.get("within"))
    return Filters(
        text=text,
        anywhere=bool(text) and query.get("anywhere") == "1",
        list_id=number(query.get("list")),
        state=state if state in STATES else "",
        tags=tuple(dict.fromkeys(numbers))[:_MANY],
        source=source,
        source_id=number(query.get("source_id")) if source else None,
        within=min(within, 36500) if within else None,
        segment_id=number(query.get("segment")),
        values=_values(query),
    )


def number(text: str | None) -> int | None:
    """Return a number from a query string, None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def _values(query: QueryDict) -> tuple[tuple[str, str], ...]:
    found = [
        (key.removeprefix(VALUE), query.get(key, "").replace("\0", "").strip()[:_LONGEST])
        for key in query
        if key.startswith(VALUE) and len(key) < 80
    ]
    if field := query.get("field", "")[:80]:  # the form's two boxes
        found.append((field, query.get("value", "").replace("\0", "").strip()[:_LONGEST]))
    return tuple(dict.fromkeys(found))[:_MANY]
