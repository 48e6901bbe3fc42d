"""What is different between two texts, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

MAX_LINES = 3_000
_AROUND = 2


@dataclass(frozen=True)
class Line:
    """One line: `sign` is + where it is only in the second text, - only in the first, blank in both, … where some are left out."""

    sign: str
    text: str


def difference(first: str, second: str) -> list[Line] | None:
    """Return the changed lines with some around them; None where the texts are too long to be compared quickly."""
    one, two = first.splitlines(), second.splitlines()
    if len(one) > MAX_LINES or len(two) > MAX_LINES:
        return None
    found: list[Line] = []
    for group in SequenceMatcher(None, one, two, autojunk=True).get_grouped_opcodes(_AROUND):
        if found or group[0][1]:
            found.append(Line("…", ""))
        for kind, start1, end1, start2, end2 in group:
            if kind == "equal":
                found += _lines(" ", one[start1:end1])
                continue
            found += _lines("-", one[start1:end1]) + _lines("+", two[start2:end2])
    return found


def _lines(sign: str, lines: Sequence[str]) -> list[Line]:
    return [Line(sign, text) for text in lines]
