"""What figures of how mail is received come to, in words: how it stands, and what to do.

The lines for complaints are Gmail's and Yahoo's for whoever sends in bulk (docs/deliverability.md). A few are chance:
nothing is said of fewer complaints or bounces than would stop a mailing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from django.conf import settings

from delivery.services.reputation_reports import Report, Share
from delivery.services.stopping import FEWEST_BOUNCES, FEWEST_COMPLAINTS

COMPLAINTS_WATCH, COMPLAINTS_ACT = 0.1, 0.3  # per cent
BOUNCES_WATCH = 2.0
_REFUSED_WATCH, _FEWEST_REFUSED = 5.0, 10


class Level(IntEnum):
    """How it stands, from best to worst."""

    UNKNOWN = 0
    GOOD = 1
    WATCH = 2
    ACT = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that is not as it should be, and what to do."""

    level: Level
    what: str
    do: str


def bounces_act() -> float:
    """Return the share of hard bounces, in per cent, at which the platform stops a mailing."""
    return settings.STOP_AT_BOUNCES_PER_1000 / 10


def judge(report: Report) -> tuple[Level, Sequence[Advice]]:
    """Return how it stands, and what to do, the worst first."""
    if not report.total.bounced.is_told:
        return Level.UNKNOWN, ()
    total = report.total
    found = [*_of_complaints(total.complained), *_of_bounces(total.bounced)]
    for row in report.providers:
        found += _of_refusals(row.label, row.figures.refusals)
    found.sort(key=lambda each: -each.level)
    return max((each.level for each in found), default=Level.GOOD), found


def _of_complaints(share: Share) -> list[Advice]:
    level = _level(share, FEWEST_COMPLAINTS, COMPLAINTS_WATCH, COMPLAINTS_ACT)
    if level == Level.GOOD:
        return []
    do = "Write only to people who asked for your mail, and leave out who has not opened for half a year."
    if level == Level.ACT:
        do = f"Gmail and Yahoo refuse mail above 0.3 %. Pause your next campaign. {do}"
    return [Advice(level, f"{share.words} of your messages were reported as spam ({share.part:,} people).", do)]


def _of_bounces(share: Share) -> list[Advice]:
    level = _level(share, FEWEST_BOUNCES, BOUNCES_WATCH, bounces_act())
    if level == Level.GOOD:
        return []
    do = "Look where these addresses come from: an old list, or a form without a confirmation mail."
    return [Advice(level, f"{share.words} of your messages went to addresses that do not exist ({share.part:,}).", do)]


def _of_refusals(provider: str, share: Share) -> list[Advice]:
    if not share.is_told or share.part < _FEWEST_REFUSED or share.percent < _REFUSED_WATCH:
        return []
    do = "Check your domain’s records under Sending, and send less at once for some days."
    return [
        Advice(Level.WATCH, f"{provider} refused {share.words} of your messages for its policy ({share.part:,}).", do)
    ]


def _level(share: Share, fewest: int, watch: float, act: float) -> Level:
    if not share.is_told or share.part < fewest or share.percent < watch:
        return Level.GOOD
    return Level.ACT if share.percent >= act else Level.WATCH
