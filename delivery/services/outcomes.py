"""What the mail server's reply means for a message."""

from dataclasses import dataclass

from delivery.models import Outcome, Reason
from delivery.statuses.weighing import weigh
from delivery.wire.replies import enhanced_code

Enhanced = tuple[int, int, int]

# Source: RFC 3463 §3; the same table is used for bounces that arrive later (docs: DELIVERABILITY).
_UNKNOWN = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
_OWNERS_FAULT_SUBJECTS = {6, 7}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A final outcome; None as `outcome` means: try again later."""

    outcome: Outcome | None
    reason: Reason = Reason.NONE
    code: int | None = None
    enhanced: Enhanced | None = None

    @property
    def is_hard_bounce(self) -> bool:
        """Tell whether the mailbox does not exist (5.2.1 needs a second strike and is not among these)."""
        return self.reason == Reason.MAILBOX_UNKNOWN and self.enhanced != (5, 2, 1)

    @property
    def status(self) -> str:
        """Return the enhanced status as text, for example 5.1.1; empty where the server gave none."""
        return ".".join(map(str, self.enhanced)) if self.enhanced else ""


TAKEN = Verdict(Outcome.SENT, code=250)
UNCONFIRMED = Verdict(Outcome.UNCONFIRMED, Reason.CONNECTION_BROKE)
WORKER_ENDED = Verdict(Outcome.UNCONFIRMED, Reason.WORKER_ENDED)
HOST_GONE = Verdict(Outcome.UNCONFIRMED, Reason.HOST_GONE)
LATER = Verdict(None)


def judge(code: int, enhanced: Enhanced | None) -> Verdict:
    """Return what a reply means."""
    if code == 250:
        return TAKEN
    if 200 <= code < 300:
        return Verdict(Outcome.SENT, code=code)
    if code < 500:
        return Verdict(None, code=code, enhanced=enhanced)
    return Verdict(Outcome.FAILED, _reason(enhanced), code, enhanced)


def judge_text(code: int, text: str) -> Verdict:
    """Return what a reply means, its enhanced code being in its text."""
    return judge(code, status_of(code, text))


def status_of(code: int, text: str) -> Enhanced | None:
    """Return a reply's enhanced status, None for a success; a refusal's words are weighed against its code.

    As a report's are, so "550 5.1.1 blocked using a blocklist" suppresses nobody, and "550 No such user" is a mailbox that is
    unknown.
    """
    if code < 300:
        return None
    said = enhanced_code(text)
    if code < 500:
        return said
    weighed = weigh(words=text, reply_code=code)
    if weighed is None or (said is None and not weighed.meaning):
        return said
    return (5, *weighed.code[1:])


def _reason(enhanced: Enhanced | None) -> Reason:
    if enhanced is None or enhanced[0] != 5:
        return Reason.REJECTED
    subject, detail = enhanced[1:]
    if (subject, detail) in _UNKNOWN:
        return Reason.MAILBOX_UNKNOWN
    if (subject, detail) == (2, 2):
        return Reason.MAILBOX_FULL
    if subject in _OWNERS_FAULT_SUBJECTS or (subject, detail) in ((2, 3), (3, 4)):
        return Reason.POLICY
    return Reason.REJECTED
