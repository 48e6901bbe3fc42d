"""From what stands in a stored tree to values with a type, and back into words."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from contacts.conditions.registry import BadSegment, Condition, Input, Operator, Value, Vocabulary, split_codes
from emailconcert.lib.errors import ExpectedError

LONGEST_TEXT = 200
MOST_CHOICES = 100
MOST_DAYS = 36_500
_BIGGEST = Decimal(10) ** 15


def read_values(
    given: Mapping[str, Any], condition: Condition, operator: Operator, vocabulary: Vocabulary
) -> dict[str, Value]:
    """Return the operator's values; those that may be left out and were are not among them. Raises `BadSegment`."""
    found: dict[str, Value] = {}
    for asked in operator.inputs:
        raw = given.get(asked.name)
        texts = [str(each).strip() for each in (raw if isinstance(raw, list) else [raw]) if each is not None]
        texts = [each for each in texts if each]
        if texts:
            found[asked.name] = _read(texts, asked, condition, vocabulary)
        elif asked.required:
            raise BadSegment(f"“{condition.label}” needs {_article(asked.label)}.")
    return found


def show_values(given: Mapping[str, Any], operator: Operator, vocabulary: Vocabulary) -> str:
    """Return the values as they are read aloud after the operator's label."""
    words = []
    for asked in operator.inputs:
        raw = given.get(asked.name)
        texts = [str(each).strip() for each in (raw if isinstance(raw, list) else [raw]) if each not in (None, "")]
        if texts:
            labels = dict(vocabulary.choices(asked))
            if asked.kind == "codes":
                texts = [code for each in texts for code in read_codes(each, asked)]
            is_closed = asked.kind in {"choice", "choices"}
            shown = [labels.get(each, "(no longer there)" if is_closed else each) for each in texts]
            words += [asked.before, " or ".join(filter(None, [", ".join(shown[:-1]), shown[-1]])), asked.after]
    return " ".join(filter(None, words))


def read_codes(text: str, asked: Input) -> list[str]:
    """Return the codes that a text names; what names none stays as it was written."""
    found: list[str] = []
    for part in split_codes(text):
        try:
            read = asked.read(part) if asked.read else [part]
        except ExpectedError:
            read = [part]
        found += read if isinstance(read, list) else [part]
    return found


def _article(label: str) -> str:
    word = label[:1].lower() + label[1:]
    return word if word.endswith("s") else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _read(texts: list[str], asked: Input, condition: Condition, vocabulary: Vocabulary) -> Value:
    if asked.kind == "choices":
        return _chosen(texts, asked, condition, vocabulary)
    if asked.kind == "codes":
        texts = [", ".join(texts[:MOST_CHOICES])]
    if len(texts) > 1:
        raise BadSegment(f"“{condition.label}” takes one {asked.label.lower()}.")
    if asked.kind == "choice":
        return _chosen(texts, asked, condition, vocabulary)[0]
    longest = LONGEST_TEXT if asked.kind != "codes" else LONGEST_TEXT * 10
    if len(texts[0]) > longest or "\0" in texts[0]:
        raise BadSegment(f"The {asked.label.lower()} of “{condition.label}” is longer than {longest} characters.")
    try:
        return (asked.read or _READERS[asked.kind])(texts[0])
    except ExpectedError as error:
        raise BadSegment(f"{condition.label}: {error}") from None


def _chosen(texts: list[str], asked: Input, condition: Condition, vocabulary: Vocabulary) -> list[str]:
    known = {value for value, _ in vocabulary.choices(asked)}
    if any(each not in known for each in texts):
        raise BadSegment(f"“{condition.label}” names something that is no longer there. Choose again.")
    if len(texts) > MOST_CHOICES:
        raise BadSegment(f"“{condition.label}” takes at most {MOST_CHOICES} at a time.")
    return list(dict.fromkeys(texts))


def _number(text: str) -> Value:
    try:
        number = Decimal(text.replace(",", ".")) if text.isascii() and "_" not in text else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise BadSegment(f"“{text[:40]}” is not a number. Write it like 1234.5.")
    if abs(number) > _BIGGEST or number.as_tuple().exponent < -15:  # type: ignore[operator]  # a finite one has a number there
        raise BadSegment("This number is too large, or has too many decimals.")
    return number


def _days(text: str) -> Value:
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > MOST_DAYS:
        raise BadSegment(f"Days are a whole number from 0 to {MOST_DAYS:,}.")
    return int(text)


def _date(text: str) -> Value:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadSegment(f"“{text[:40]}” is not a date. Write it like 2026-11-30.") from None


_READERS: Mapping[str, Callable[[str], Value]] = {
    "text": str,
    "codes": str,
    "number": _number,
    "days": _days,
    "date": _date,
}
