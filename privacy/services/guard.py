"""The guard over special categories of personal data (GDPR Art. 9): names that ask for them are refused, values looked at.

What the Data Protection Officer has allowed for the account in scope passes there (`services.findings`).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import current_account_id
from privacy.services import findings, lexicon
from privacy.services.lexicon import Category

# So much of a column of values is enough to take it for one of a special category.
SHARE = 0.2
SAMPLE = 1000
# What holds values of people: here a single word ("Race", "Health") says enough. A list may be called "Health".
_HOLDS_VALUES = ("name", "field", "column")


class SpecialCategory(ExpectedError):
    """A name or a value is about what the law protects specially."""

    def __init__(self, category: Category, text: str = "") -> None:
        what = f"“{text[:60]}” looks" if text else "This value looks"
        mend = (
            "If it means something else, choose other words; otherwise ask the Data Protection Officer to allow it."
            if text
            else "Leave it out. The Data Protection Officer is told and can allow it."
        )
        super().__init__(
            f"{what} like data about {category.title}, which is specially protected and can't be kept here. {mend}"
        )
        self.category = category


def refuse_name(text: str, *, place: str = "name", now: datetime | None = None) -> None:
    """Raise `SpecialCategory` if a name, label, help text, choice or header asks for a special category.

    `place` says what it names: "field", "column", "choice", "tag", "list", "segment", "form". With `now` the attempt stands in the
    register, where the Data Protection Officer can allow it for the account in scope.
    """
    category = lexicon.named(text, asks=place in _HOLDS_VALUES)
    if category is None:
        return
    account_id = current_account_id()
    if account_id is not None:
        if findings.is_allowed(account_id=account_id, name=text, category=category.key):
            return
        if now is not None:
            findings.note_name(account_id=account_id, place=place, name=text, category=category.key, now=now)
    raise SpecialCategory(category, text)


def suspicious(values: Iterable[str]) -> Category | None:
    """Return the special category that sampled values of one field are about; empty ones don't count.

    A fifth of them is enough. Words that often mean something else count only beside one that does not: "black, white,
    blue" are colours. Asks nobody what has been allowed: see `refuse_values`.
    """
    filled, counts, sure = 0, Counter[Category](), set[Category]()
    for value in islice((value for value in values if value), SAMPLE):
        filled += 1
        if (told := lexicon.told(value)) is not None:
            counts[told.category] += 1
            if not told.is_weak:
                sure.add(told.category)
    for category, count in counts.most_common():
        if category in sure and count >= SHARE * filled:
            return category
    return None


def refuse_values(values: Iterable[str], *, place: str, name: str, now: datetime) -> None:
    """Raise `SpecialCategory` if values for the field `name` are about a special category, and write the finding down.

    They are not to be stored where they were going; owner and Data Protection Officer are told of the first. Call it
    outside the transaction that is undone by the refusal, for the account in scope.
    """
    given = list(islice(values, SAMPLE))
    category = suspicious(given)
    account_id = current_account_id()
    if category is None or account_id is None:
        return
    if findings.is_allowed(account_id=account_id, name=name, category=category.key):
        return
    findings.record_finding(
        account_id=account_id,
        place=place,
        name=name,
        category=category.key,
        sample=next((value for value in given if _tells(value, category)), ""),
        now=now,
    )
    raise SpecialCategory(category)


def _tells(value: str, category: Category) -> bool:
    told = lexicon.told(value)
    return told is not None and told.category == category
