"""The action table: what an enhanced status means for a person's address. Source: RFC 3463 §3, and docs/bounces.md.

What a status does not say for certain is never held against the person.
"""

import re
from enum import StrEnum

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\Z")

# No such mailbox, no such host, an address that can't be one, moved away without a new address, a domain that takes no mail.
HARD = {(1, 1), (1, 2), (1, 3), (1, 6), (1, 10)}
SECOND_STRIKE = {(2, 1)}  # disabled: some come back
# Too large, or the sender's own address; and all of subjects 6 (content) and 7 (policy).
_SENDERS_FAULT = {(2, 3), (3, 4), (1, 7), (1, 8)}
_SENDERS_FAULT_SUBJECTS = {6, 7}
# Exchange Online puts these over whatever the other server said. Source: "Email non-delivery reports", Microsoft Learn.
_VAGUE = {(0, 350), (1, 351), (4, 350)}

Code = tuple[int, int, int]


class Severity(StrEnum):
    """What a status means for the person's address."""

    HARD = "hard"
    STRIKE = "strike"
    SOFT = "soft"
    DEFERRED = "deferred"
    SENDERS_FAULT = "senders_fault"
    NONE = "none"


# From what harms the person least to what harms most: where two statuses contradict, the lesser one is believed.
_BY_HARM = (Severity.NONE, Severity.SENDERS_FAULT, Severity.DEFERRED, Severity.SOFT, Severity.STRIKE, Severity.HARD)


def read_status(text: str) -> Code | None:
    """Return an enhanced status as numbers; None where the text is none."""
    found = _STATUS.match(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def severity_of(code: Code) -> Severity:
    """Return what a failure with this status means."""
    kind, subject, detail = code
    if kind == 2:
        return Severity.NONE
    if kind == 4:
        # Put off for policy or the sender's standing: it says nothing of the mailbox, and is never a strike.
        return Severity.DEFERRED if subject in _SENDERS_FAULT_SUBJECTS else Severity.SOFT
    if (subject, detail) in HARD:
        return Severity.HARD
    if (subject, detail) in SECOND_STRIKE:
        return Severity.STRIKE
    if subject in _SENDERS_FAULT_SUBJECTS or (subject, detail) in _SENDERS_FAULT:
        return Severity.SENDERS_FAULT
    # Permanent, but for no reason that tells of the mailbox: counted like a temporary one, never at once.
    return Severity.SOFT


def severity(*, status: str, action: str) -> Severity:
    """Return what a bounce means. `delayed`, `relayed`, `expanded` and `delivered` are no bounces."""
    code = read_status(status)
    if action.lower() != "failed" or code is None:
        return Severity.NONE
    return severity_of(code)


def is_vague(code: Code) -> bool:
    """Tell whether a status says only that something failed, so that the words beside it may say more."""
    _, subject, detail = code
    if subject in _SENDERS_FAULT_SUBJECTS:
        return False
    return subject == 0 or detail == 0 or (subject, detail) in _VAGUE


def least_harmful(codes: list[Code]) -> Code:
    """Return the one of several contradicting statuses that harms the person least; the first of equals."""
    return min(codes, key=lambda code: _BY_HARM.index(severity_of(code)))
