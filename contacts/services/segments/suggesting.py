"""Segments that most businesses want, ready to be taken over."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Suggestion:
    """A segment that can be made with one click."""

    slug: str
    name: str
    why: str
    definition: dict[str, Any]


def _rule(condition: str, operator: str, **values: object) -> dict[str, Any]:
    return {"condition": condition, "operator": operator, "values": values}


def _all(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"match": "all", "rules": list(rules)}


SUGGESTIONS = (
    Suggestion(
        "new",
        "New in the last month",
        "Welcome them, and tell them what to expect.",
        _all(_rule("created", "last", days="30")),
    ),
    Suggestion(
        "keen",
        "Clicked in the last 30 days",
        "Your keenest readers: ask them first.",
        _all(_rule("clicked", "lately", days="30")),
    ),
    Suggestion(
        "asleep",
        "Opened nothing for 90 days",
        "They get your mail and leave it. Write to them once more, or leave them out.",
        _all(
            _rule("campaign", "sent_lately", days="90"),
            _rule("opened", "not_lately", days="90"),
            _rule("created", "longer", days="90"),
        ),
    ),
    Suggestion(
        "birthday",
        "Birthday within 7 days",
        "A small present at the right moment.",
        _all(_rule("date_of_birth", "anniversary", days="7")),
    ),
)


def find_suggestion(slug: str) -> Suggestion | None:
    """Return the suggestion of this name."""
    return next((each for each in SUGGESTIONS if each.slug == slug), None)
