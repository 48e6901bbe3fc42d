"""What a mail that came back says of one recipient."""

from dataclasses import dataclass
from enum import StrEnum

from delivery.statuses.table import Severity
from delivery.statuses.weighing import Weighed


class Kind(StrEnum):
    """What sort of news it is."""

    HARD = "hard"
    SOFT = "soft"
    SENDER = "sender"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    NOT_A_BOUNCE = "not_a_bounce"
    UNKNOWN = "unknown"


class Act(StrEnum):
    """What follows for the person, by the action table of docs/bounces.md."""

    SUPPRESS = "suppress"
    SECOND_STRIKE = "suppress_at_second_strike"
    COUNT = "count"
    ALERT = "alert_owner"
    OPT_OUT = "opt_out"
    NONE = "none"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Finding:
    """One recipient's news. `event` is the report's own word, for example `failed`, `delayed` or `delivered`."""

    kind: Kind
    action: Act
    reason: str
    status: str = ""
    recipient: str = ""
    event: str = ""


_BY_SEVERITY = {
    Severity.HARD: (Kind.HARD, Act.SUPPRESS),
    Severity.STRIKE: (Kind.HARD, Act.SECOND_STRIKE),
    Severity.SOFT: (Kind.SOFT, Act.COUNT),
    Severity.DEFERRED: (Kind.SOFT, Act.NONE),
    Severity.SENDERS_FAULT: (Kind.SENDER, Act.ALERT),
    Severity.NONE: (Kind.UNKNOWN, Act.REVIEW),
}
_SAYING = {
    Severity.HARD: "The address takes no mail",
    Severity.STRIKE: "The mailbox is disabled",
    Severity.SOFT: "Not delivered, for a reason that may pass",
    Severity.DEFERRED: "Put off because of the sender, not the person",
    Severity.SENDERS_FAULT: "Refused because of the sender or the content, not the person",
    Severity.NONE: "Not understood",
}


def failure(weighed: Weighed, *, recipient: str) -> Finding:
    """Return the finding for a failure with this status."""
    kind, act = _BY_SEVERITY[weighed.severity]
    saying = _SAYING[weighed.severity]
    reason = f"{saying}: {weighed.meaning}." if weighed.meaning else f"{saying}."
    return Finding(kind, act, reason, weighed.status, recipient, "failed")


def unknown(reason: str, *, recipient: str = "", status: str = "") -> Finding:
    """Return the finding for what a person has to look at."""
    return Finding(Kind.UNKNOWN, Act.REVIEW, reason, status, recipient)
