"""One status out of all that a server said of a recipient: the code it gave, codes in its words, and the words.

Where these contradict, what harms the person least is believed: "5.1.1" beside "blocked using a blocklist" is a blocklist.
"""

import re
from dataclasses import dataclass

from delivery.statuses import phrases
from delivery.statuses.table import Code, Severity, is_vague, least_harmful, severity_of

# Not part of an address or a version: subjects end at 7 (RFC 3463 §3).
_IN_WORDS = re.compile(r"(?<![\d.])([245])\.([0-7])\.(\d{1,3})(?!\.?\d)")
_REPLY_CODE = re.compile(r"(?:^|[\s;:#<(])([45])[0-5]\d(?=[\s\-:#]|$)")


@dataclass(frozen=True, slots=True)
class Weighed:
    """The status believed, and what the server's words say, if they are known."""

    code: Code
    meaning: str = ""

    @property
    def status(self) -> str:
        """Return it as text, for example 5.1.1."""
        return ".".join(map(str, self.code))

    @property
    def severity(self) -> Severity:
        """Return what it means for the person."""
        return severity_of(self.code)


def weigh(*, words: str, given: Code | None = None, reply_code: int | None = None) -> Weighed | None:
    """Return what a failure means; None where nothing says whether it passes."""
    given = given if given and given[0] != 2 else None
    said = [each for each in (given, *_codes_in(words)) if each]
    clear = [each for each in said if not is_vague(each)]
    phrase = phrases.find_phrase(words)
    meaning = phrase.meaning if phrase else ""
    kind = _kind(clear, words, reply_code) or min((each[0] for each in said), default=None)
    if kind is None:
        return Weighed(phrases.code_of(phrase, kind=5), meaning) if phrase and phrase.is_enough else None
    candidates = [(kind, *each[1:]) for each in clear]
    if phrase and (phrase.is_mild or not candidates):
        candidates.append(phrases.code_of(phrase, kind=kind))
    if not candidates:
        candidates = [(kind, *each[1:]) for each in said] or [(kind, 0, 0)]
    return Weighed(least_harmful(candidates), meaning)


def _codes_in(words: str) -> list[Code]:
    return [(int(kind), int(subject), int(detail)) for kind, subject, detail in _IN_WORDS.findall(words) if kind != "2"]


def _kind(clear: list[Code], words: str, reply_code: int | None) -> int | None:
    """Return 4 where anything clear says that it passes, else 5; None where nothing is clear."""
    found = _REPLY_CODE.search(words)
    kinds = [each[0] for each in clear]
    kinds += [int(found[1])] if found else []
    kinds += [reply_code // 100] if reply_code else []
    return min(kinds, default=None)
