"""Whether a campaign aims at people by what the law protects specially (GDPR Art. 9)."""

from collections.abc import Iterator, Mapping
from typing import Any

from campaigns.audiences import Chosen
from campaigns.checks.check import Check
from privacy.services import findings, lexicon
from privacy.services.lexicon import Category

STEP = "campaigns:audience"
_WHY = (
    "Choosing people by specially protected data needs their explicit consent for it (GDPR Art. 9), which no list shows. "
    "If it means something else, the Data Protection Officer can allow it."
)


def check_targeting(chosen: Chosen, *, account_id: int) -> Iterator[Check]:
    """Look at the names of what was chosen, and at the values that segments ask for; the first suspicion blocks.

    Who is left out is chosen as well: everybody but these is told by the same data.
    """
    lists, segments = (*chosen.lists, *chosen.without_lists), (*chosen.segments, *chosen.without_segments)
    names = [*(each.name for each in lists), *(each.name for each in segments)]
    asked = [text for each in segments for text in _texts(each.definition)]
    for text in (*names, *asked):
        category = _category(text)
        if category and not findings.is_allowed(account_id=account_id, name=text, category=category.key):
            yield Check("blocking", f"“{text[:60]}” looks like data about {category.title}.", STEP, why=_WHY)
            return


def _category(text: str) -> Category | None:
    told = lexicon.told(text)
    return lexicon.named(text, asks=False) or (told.category if told and not told.is_weak else None)


def _texts(rule: Mapping[str, Any]) -> Iterator[str]:
    """Yield every text that a segment compares with."""
    for inner in rule.get("rules") or ():
        yield from _texts(inner)
    values = rule.get("values")
    for value in values.values() if isinstance(values, Mapping) else ():
        yield from filter(None, (str(each) for each in (value if isinstance(value, list) else [value])))
