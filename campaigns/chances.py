"""Which of several variants did best, and whether that can be chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, sqrt

# Below this, a difference this large or larger would be seen by chance less than once in twenty tests.
CLEAR = 0.05
# Where fewer than this are expected anywhere, the approximation makes too much of a few people.
_FEW = 5


@dataclass(frozen=True)
class Tally:
    """Of `of` people, `hits` did it: never more of them, though some may open what nobody knows to have arrived."""

    name: str
    hits: int
    of: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "of", max(self.of, self.hits))

    @property
    def rate(self) -> float:
        """Return the share, 0 where there is nobody."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True)
class Verdict:
    """Who is ahead (empty: nobody, as those of `level` are) and a sentence that says how sure that is."""

    leader: str
    sentence: str
    p: float | None = None
    level: tuple[str, ...] = ()


def judge(tallies: Sequence[Tally], *, did: str) -> Verdict:
    """Compare the best with the second best; `did` is what people did, for example "opened it"."""
    ranked = sorted(tallies, key=lambda each: (-each.rate, each.name))
    level = tuple(each.name for each in ranked if each.rate == ranked[0].rate)
    if len(ranked) < 2 or not ranked[0].hits:
        return Verdict("", f"Nobody {did}, so there is no winner.", level=level)
    best, second = ranked[:2]
    if best.rate == second.rate:
        return Verdict("", f"No winner: {' and '.join(level)} are level.", level=level)
    p = p_value(best, second)
    points = f"{(best.rate - second.rate) * 100:.1f}"
    said = f"{best.name} is ahead of {second.name} by {points} point{'' if points == '1.0' else 's'}"
    chance = "p < 0.01" if p < 0.01 else f"p = {p:.2f}"
    if p < CLEAR:
        return Verdict(best.name, f"{said}, which is hardly chance ({chance}).", p)
    return Verdict(best.name, f"No clear winner: {said}, which can be chance ({chance}).", p)


def p_value(one: Tally, two: Tally) -> float:
    """Return how often two shares that are the same in truth differ this much or more.

    A two-sided two-proportion z-test, and Fisher's exact test where few people did it or did not.
    Sources: NIST/SEMATECH e-Handbook of Statistical Methods, 7.3.3; Fisher, The Design of Experiments, 1935.
    """
    if not one.of or not two.of:
        return 1.0
    pooled = (one.hits + two.hits) / (one.of + two.of)
    if min(one.of, two.of) * min(pooled, 1 - pooled) < _FEW:
        return _exact(one, two)
    error = sqrt(pooled * (1 - pooled) * (1 / one.of + 1 / two.of))
    return erfc(abs(one.rate - two.rate) / error / sqrt(2))


def _exact(one: Tally, two: Tally) -> float:
    """Return the share of all ways to deal out the hits that are as unlikely as this one, or more."""
    hits, people = one.hits + two.hits, one.of + two.of
    if hits * 2 > people:  # the same from the other side, with fewer ways
        one, two = Tally(one.name, one.of - one.hits, one.of), Tally(two.name, two.of - two.hits, two.of)
        hits = people - hits
    ways = {n: _ways(one.of, n) + _ways(two.of, hits - n) for n in range(max(0, hits - two.of), min(hits, one.of) + 1)}
    all_ways, seen = _ways(people, hits), ways[one.hits] + 1e-7
    return min(1.0, sum(exp(each - all_ways) for each in ways.values() if each <= seen))


def _ways(people: int, chosen: int) -> float:
    """Return the logarithm of the number of ways to choose so many people."""
    return lgamma(people + 1) - lgamma(chosen + 1) - lgamma(people - chosen + 1)
