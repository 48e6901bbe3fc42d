"""CPU per unit: user and system time of this process and its children, the least of several runs."""

import resource
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One way of doing the work: microseconds of CPU per unit."""

    way: str
    microseconds: float


@dataclass(frozen=True)
class Comparison:
    """Ours beside others in the same run; `ours` is the first figure."""

    title: str
    unit: str
    figures: tuple[Figure, ...]
    note: str = ""


def cpu_seconds() -> float:
    """Return the CPU time spent so far, children that have ended included."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def figure(way: str, work: Callable[[], object], *, units: int, runs: int = 3) -> Figure:
    """Measure `work`, which does `units` units each time it is called; the least of `runs` counts."""
    least = float("inf")
    for _ in range(runs):
        began = cpu_seconds()
        work()
        least = min(least, cpu_seconds() - began)
    return Figure(way, least / units * 1_000_000)


def show(comparison: Comparison) -> None:
    """Print a comparison as a table with ratios to ours."""
    ours = comparison.figures[0].microseconds
    print(f"\n{comparison.title}  (µs CPU per {comparison.unit})")
    for each in comparison.figures:
        ratio = "" if each is comparison.figures[0] else f"   {each.microseconds / ours:6.1f} × ours"
        print(f"  {each.way:<58}{each.microseconds:10.1f}{ratio}")
    if comparison.note:
        print(f"  {comparison.note}")
