"""The subject: what makes people, and the filters of mailbox providers, take a mail for spam."""

import re
from collections.abc import Iterator

from campaigns.checks.check import Check

STEP = "campaigns:envelope"
LONG = 70
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_REPLY = re.compile(r"(re|aw|fw|fwd|wg)\s*:", re.IGNORECASE)
_LURES = re.compile(
    r"\b(100% free|act now|buy now|cash bonus|click here|double your|earn money|free money|guaranteed|make money|"
    r"no risk|once in a lifetime|risk.free|urgent|winner|you have won|you.ve won)\b",
    re.IGNORECASE,
)
_MOST_SIGNS = 3
_FEW_LETTERS = 8
_SHOUTED = 0.7


def check_subject(subject: str, preheader: str) -> Iterator[Check]:
    """Look at the subject as it was written, Liquid left aside."""
    text = _LIQUID.sub("", subject).strip()
    if len(text) > LONG:
        yield Check(
            "notice",
            f"The subject has {len(text)} characters.",
            STEP,
            why="Phones show about 40 and desktops about 60: say what matters first.",
        )
    if subject.strip() and not preheader.strip():
        yield Check(
            "notice",
            "There is no preheader.",
            STEP,
            why="Inboxes show it after the subject; without one they show the mail's first words.",
        )
    faults = list(_faults(text))
    if faults:
        why = "People and filters know this from spam, so fewer will see the mail."
        yield Check("notice", f"The subject {' and '.join(faults)}.", STEP, why=why)


def _faults(text: str) -> Iterator[str]:
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) >= _FEW_LETTERS and sum(map(str.isupper, letters)) / len(letters) > _SHOUTED:
        yield "is written in capital letters"
    if text.count("!") >= _MOST_SIGNS or "!!" in text or "?!" in text:
        yield "has many exclamation marks"
    if _REPLY.match(text):
        yield f"begins with “{_REPLY.match(text)[0]}” as if it were an answer"  # type: ignore[index]  # it matched
    if found := _LURES.search(text):
        yield f"says “{found[0]}”"
