"""The tone and icon of every state word, so that one state looks the same on every page."""

from typing import NamedTuple


class Tone(NamedTuple):
    """What a state pill looks like; colour never stands alone."""

    name: str
    icon: str


NEUTRAL = Tone("neutral", "circle-dashed")
_WAITING = Tone("info", "clock")
_BUSY = Tone("info", "loader")
_GOOD = Tone("success", "circle-check")
_CARE = Tone("warning", "triangle-alert")
_BAD = Tone("danger", "circle-x")
_OFF = Tone("neutral", "ban")

TONES: dict[str, Tone] = {
    "draft": Tone("neutral", "pencil"),
    "paused": Tone("warning", "pause"),
    "archived": _OFF,
    "review": Tone("accent", "eye"),
    **dict.fromkeys(("with_controller", "id_info_asked", "clarifying", "lift_notified"), _WAITING),
    "executing": _BUSY,
    "approved": _GOOD,
    "partly_done": _CARE,
    **dict.fromkeys(("lapsed", "lifted"), _OFF),
    **dict.fromkeys(
        (
            "scheduled",
            "queued",
            "pending",
            "received",
            "unverified",
            "invited",
            "waiting",
            "uploaded",
            "checked",
            "testing",
        ),
        _WAITING,
    ),
    **dict.fromkeys(
        (
            "sending",
            "running",
            "in_progress",
            "preparing",
            "importing",
            "processing",
            "verifying",
            "checking",
            "undoing",
        ),
        _BUSY,
    ),
    **dict.fromkeys(
        ("sent", "delivered", "done", "completed", "subscribed", "verified", "active", "confirmed", "imported"), _GOOD
    ),
    **dict.fromkeys(("unconfirmed", "due_soon", "soft_bounced", "extended", "partial", "restricted"), _CARE),
    **dict.fromkeys(
        ("failed", "refused", "rejected", "overdue", "hard_bounced", "bounced", "complained", "suspended", "expired"),
        _BAD,
    ),
    **dict.fromkeys(
        (
            "cancelled",
            "skipped",
            "unsubscribed",
            "suppressed",
            "closed",
            "withdrawn",
            "erased",
            "manual",
            "objected",
            "undone",
        ),
        _OFF,
    ),
}


def tone_of(state: str) -> Tone:
    """Return the tone of a state word; unknown ones are neutral."""
    return TONES.get(str(state).lower().replace("-", "_").replace(" ", "_"), NEUTRAL)
