"""Which of several variants did best, and whether that can be chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt

# Below this, a difference this large or larger would be seen by chance less than once in twenty tests.
CLEAR = 0.05


@dataclass(frozen=True)
class Tally:
    """Of `of` people, `hits` did it."""

    name: str
    hits: int
    of: int

    @property
    def rate(self) -> float:
        """Return the share, 0 where there is nobody."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True)
class Verdict:
    """Who is ahead (empty: nobody) and a sentence that says how sure that is."""

    leader: str
    sentence: str
    p: float | None = None


def judge(tallies: Sequence[Tally], *, did: str) -> Verdict:
    """Compare the best with the second best; `did` is what people did, for example "opened it"."""
    ranked = sorted(tallies, key=lambda each: (-each.rate, each.name))
    if len(ranked) < 2 or not ranked[0].hits:
        return Verdict("", f"Nobody {did}, so there is no winner.")
    best, second = ranked[:2]
    if best.rate == second.rate:
        level = " and ".join(each.name for each in ranked if each.rate == best.rate)
        return Verdict("", f"No winner: {level} are level.")
    p = p_value(best, second)
    points = f"{(best.rate - second.rate) * 100:.1f}"
    said = f"{best.name} is ahead of {second.name} by {points} point{'' if points == '1.0' else 's'}"
    chance = "p < 0.01" if p < 0.01 else f"p = {p:.2f}"
    if p < CLEAR:
        return Verdict(best.name, f"{said}, which is hardly chance ({chance}).", p)
    return Verdict(best.name, f"No clear winner: {said}, which can be chance ({chance}).", p)


def p_value(one: Tally, two: Tally) -> float:
    """Return how often two shares that are the same in truth differ this much or more: a two-sided two-proportion z-test.

    Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3.
    """
    if not one.of or not two.of:
        return 1.0
    pooled = (one.hits + two.hits) / (one.of + two.of)
    error = sqrt(pooled * (1 - pooled) * (1 / one.of + 1 / two.of))
    return erfc(abs(one.rate - two.rate) / error / sqrt(2)) if error else 1.0
