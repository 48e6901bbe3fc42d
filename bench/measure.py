"""CPU per unit: user and system time of this process and its children, the least of several runs.

Where PostgreSQL does a good part of the work, its own CPU stands beside (`server=True`): that of the postmaster and of all
its processes, those that have ended included.
"""

import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _CHILDREN_USER, _CHILDREN_SYSTEM_END = 1, 11, 13, 15


@dataclass(frozen=True)
class Figure:
    """One way of doing the work: microseconds per unit; of PostgreSQL's CPU and of wall time where they were taken."""

    way: str
    microseconds: float
    server: float | None = None
    wall: float | None = None

    @property
    def total(self) -> float:
        """Return what is compared: the client's share and PostgreSQL's."""
        return self.microseconds + (self.server or 0)


@dataclass(frozen=True)
class Comparison:
    """Ours beside others in the same run; `ours` is the first figure.

    `measured` says what the figures are.
    """

    title: str
    unit: str
    figures: tuple[Figure, ...]
    note: str = ""
    measured: str = "µs CPU"


def rows(default: int) -> int:
    """Return how many rows a module works on: BENCH_ROWS, or its own default."""
    return int(os.environ.get("BENCH_ROWS", default))


def cpu_seconds() -> float:
    """Return the CPU time spent so far, children that have ended included."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def server_seconds() -> float:
    """Return the CPU time that the embedded PostgreSQL has spent so far."""
    folder = Path(os.environ["VAR_DIR"]) / "postgres"
    postmaster = int((folder / "postmaster.pid").read_text(encoding="ascii").split()[0])
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has just ended, and counts with its parent's children
            continue
        if int(path.parent.name) == postmaster:
            ticks += sum(map(int, fields[_USER:_CHILDREN_SYSTEM_END]))
        elif int(fields[_PARENT]) == postmaster:
            ticks += sum(map(int, fields[_USER:_CHILDREN_USER]))
    return ticks / _TICKS


def figure(way: str, work: Callable[[], object], *, units: int, runs: int = 3, server: bool = False) -> Figure:
    """Measure `work`, which does `units` units each time it is called; the least of `runs` counts."""
    best: tuple[float, float, float] | None = None
    for _ in range(runs):
        other = server_seconds() if server else 0.0  # looking takes time of its own, which is not counted
        began, moment = cpu_seconds(), time.perf_counter()
        work()
        wall, spent = time.perf_counter() - moment, cpu_seconds() - began
        taken = (spent, (server_seconds() if server else 0.0) - other, wall)
        best = min(best or taken, taken, key=lambda each: each[0] + each[1])
    assert best is not None
    client, behind, wall = (each / units * 1_000_000 for each in best)
    return Figure(way, client, behind, wall) if server else Figure(way, client)


def show(comparison: Comparison) -> None:
    """Print a comparison as a table with ratios to ours."""
    ours = comparison.figures[0]
    has_server = any(each.server is not None for each in comparison.figures)
    what = "µs CPU, client + PostgreSQL," if has_server else comparison.measured
    print(f"\n{comparison.title}  ({what} per {comparison.unit})")
    for each in comparison.figures:
        text = f"{each.microseconds:10.1f}"
        if each.server is not None:
            text = f"{each.microseconds:8.1f} + {each.server:7.1f} = {each.total:8.1f}   wall {each.wall:8.1f}"
        ratio = "" if each is ours else f"   {each.total / ours.total:6.1f} × ours"
        if each is not ours and has_server:
            ratio += f", client {each.microseconds / ours.microseconds:.1f} ×"
        print(f"  {each.way:<58}{text}{ratio}")
    if comparison.note:
        print(f"  {comparison.note}")
