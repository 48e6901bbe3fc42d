"""Rates over time against lines that they should stay below; moments with too few to tell are left open."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, log10

from emailconcert.shell.charts import NARROW, WIDE, Frame, Plane, labels_of, path_of
from emailconcert.shell.numbers import format_percent

_TICKS = 4
_NICE_STEPS = (1, 2, 5, 10)
_SMALLEST_STEP = 0.1  # per cent; what is below is nothing to worry about, and its words are short
_ROOM = 1.15  # above the highest line, for its words


@dataclass(frozen=True, slots=True)
class Line:
    """A limit in per cent, and what passing it means: `warning` or `danger`."""

    percent: float
    label: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of how many (`bases`) something happened to how many (`parts`), by moment; None where too few to tell."""

    title: str
    labels: Sequence[str]
    parts: Sequence[int | None]
    bases: Sequence[int]
    lines: Sequence[Line] = ()
    of: str = "sent"


def draw_rates(chart: Rates) -> dict[str, object]:
    """Lay out rates, wide and narrow: pieces of the line, limits, ticks, labels and one spot per moment."""
    values = [
        None if part is None or not base else 100 * part / base
        for part, base in zip(chart.parts, chart.bases, strict=True)
    ]
    told = [value for value in values if value is not None]
    return {
        "chart": chart,
        "drawings": [(name, _drawing(chart, values, frame)) for name, frame in (("wide", WIDE), ("narrow", NARROW))],
        "rows": [
            (label, "Too few" if part is None else format_percent(part, base, digits=2), base)
            for label, part, base in zip(chart.labels, chart.parts, chart.bases, strict=True)
        ],
        "is_told": bool(told),
        "highest": f"{max(told, default=0):.2f} %",
    }


def top_of(highest: float) -> float:
    """Return the end of an axis from zero to `highest` per cent, of four equal round steps."""
    step = max(highest / _TICKS, _SMALLEST_STEP)
    scale = 10.0 ** floor(log10(step))
    return float(next(nice * scale for nice in _NICE_STEPS if nice * scale >= step - 1e-9) * _TICKS)


def _drawing(chart: Rates, values: Sequence[float | None], frame: Frame) -> dict[str, object]:
    highest = max(
        [*(value for value in values if value is not None), *(line.percent for line in chart.lines)], default=0
    )
    plane = Plane(frame, len(chart.labels), top_of(highest * _ROOM))
    pieces = _pieces(values, plane)
    return {
        "frame": frame,
        "pieces": [path_of(piece) for piece in pieces if len(piece) > 1],
        "dots": [piece[0] for piece in pieces if len(piece) == 1],
        "ticks": [(f"{plane.top * n / _TICKS:.3g} %", plane.y(plane.top * n / _TICKS)) for n in range(_TICKS + 1)],
        "lines": [(line, plane.y(line.percent)) for line in chart.lines],
        "labels": labels_of(chart.labels, frame),
        "spots": _spots(chart, values, plane),
    }


def _pieces(values: Sequence[float | None], plane: Plane) -> list[list[tuple[float, float]]]:
    pieces = []
    for is_told, group in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        points = [(plane.x(index), plane.y(value)) for index, value in group if value is not None]
        if is_told:
            pieces.append(points)
    return pieces


def _spots(chart: Rates, values: Sequence[float | None], plane: Plane) -> list[dict[str, object]]:
    width = (plane.frame.end - plane.frame.left) / max(len(values) - 1, 1)
    return [
        {
            "x": plane.x(index),
            "left": plane.x(index) - width / 2,
            "width": width,
            "y": plane.y(value),
            "words": f"{chart.labels[index]}: {format_percent(chart.parts[index] or 0, chart.bases[index], digits=2)} "
            f"of {chart.bases[index]:,} {chart.of}",
        }
        for index, value in enumerate(values)
        if value is not None
    ]
