"""Charts as plain numbers for SVG templates: the server draws, tokens colour, nothing needs a script."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from emailconcert.shell.numbers import format_short

_NICE_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """The paper of a timeline in its own units, its margins, and how many words its time axis has room for."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    labels: int

    @property
    def end(self) -> int:
        """Return the x of the last moment."""
        return self.width - self.right

    @property
    def base(self) -> int:
        """Return the y of zero."""
        return self.height - self.bottom


WIDE = Frame(960, 280, 60, 12, 16, 32, labels=7)
# A drawing of its own for phones: the wide one made small would be flat, its words unreadable.
NARROW = Frame(340, 220, 44, 8, 14, 28, labels=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Counts over time, people apart from machines; `previous` is a pale line to compare with."""

    title: str
    labels: Sequence[str]
    people: Sequence[int]
    machines: Sequence[int] = ()
    previous: Sequence[int] = ()
    unit: str = ""
    previous_label: str = "Before"


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar chart."""

    label: str
    people: int
    machines: int = 0
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Horizontal bars, longest rows as given."""

    title: str
    rows: Sequence[Bar]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Steps of which each holds at most the one before; the first is the base."""

    title: str
    steps: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Tick:
    """One grid line."""

    text: str
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """One word on the time axis."""

    text: str
    x: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Spot:
    """One moment: a column to point at, with what it says."""

    x: float
    left: float
    width: float
    y: float
    label: str
    people: int
    machines: int | None
    previous: int | None


def axis_top(highest: int) -> int:
    """Return the end of an axis from zero to `highest`: a round number of four equal steps of whole numbers."""
    step = max(highest / _TICKS, 1)
    scale = 10 ** floor(log10(step))
    steps = (factor * scale for factor in _NICE_STEPS)
    return int(next(nice for nice in steps if nice >= step - 1e-9 and nice == int(nice))) * _TICKS


def path_of(points: Sequence[tuple[float, float]]) -> str:
    """Return a line through the points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""


def _area(points: Sequence[tuple[float, float]], *, base: float) -> str:
    if not points:
        return ""
    return f"{path_of(points)}L{points[-1][0]:.1f} {base:.1f}L{points[0][0]:.1f} {base:.1f}Z"


@dataclass(frozen=True, slots=True)
class Plane:
    """Where values fall on the drawing."""

    frame: Frame
    count: int
    top: float

    def x(self, index: int) -> float:
        """Return the x of the moment with this index; a single one stands in the middle."""
        span = self.frame.end - self.frame.left
        return self.frame.left + (span * index / (self.count - 1) if self.count > 1 else span / 2)

    def y(self, value: float) -> float:
        """Return the y of a value."""
        return self.frame.top + (self.frame.base - self.frame.top) * (1 - value / self.top)

    def points(self, values: Sequence[int]) -> list[tuple[float, float]]:
        """Return the points of a series."""
        return [(self.x(index), self.y(value)) for index, value in enumerate(values)]


def draw_timeline(chart: Timeline) -> dict[str, object]:
    """Lay out a timeline, wide and narrow: paths, ticks, labels and one spot per moment."""
    wide, narrow = _drawing(chart, WIDE), _drawing(chart, NARROW)
    return {
        "chart": chart,
        "drawings": [("wide", wide), ("narrow", narrow)],
        "spots": wide["spots"],
        "people_total": sum(chart.people),
        "machines_total": sum(chart.machines),
        "previous_total": sum(chart.previous),
    }


def _drawing(chart: Timeline, frame: Frame) -> dict[str, object]:
    series = (chart.people, chart.machines, chart.previous)
    highest = max((value for values in series for value in values), default=0)
    top, base = axis_top(highest), float(frame.base)
    plane = Plane(frame, len(chart.labels), top)
    return {
        "frame": frame,
        "people_line": path_of(plane.points(chart.people)),
        "people_area": _area(plane.points(chart.people), base=base),
        "machines_line": path_of(plane.points(chart.machines)),
        "machines_area": _area(plane.points(chart.machines), base=base),
        "previous_line": path_of(plane.points(chart.previous)),
        "ticks": [Tick(format_short(value), plane.y(value)) for value in range(0, top + 1, top // _TICKS)],
        "labels": labels_of(chart.labels, frame),
        "spots": _spots(chart, plane),
    }


def labels_of(labels: Sequence[str], frame: Frame) -> list[Label]:
    """Return as many words of the time axis as there is room for."""
    plane = Plane(frame, len(labels), 1)
    every = max(1, -(-len(labels) // frame.labels))
    last = len(labels) - 1
    shown = list(range(0, len(labels), every))
    return [
        Label(
            _short(labels[index], labels[shown[place - 1]]) if place else labels[index],
            plane.x(index),
            "end" if index == last and last else "middle",
        )
        for place, index in enumerate(shown)
    ]


def _short(label: str, before: str) -> str:
    """Leave out the day of "16:00, 19 Nov" where it is that of the label before."""
    moment, comma, day = label.partition(", ")
    return moment if comma and before.endswith(comma + day) else label


def _spots(chart: Timeline, plane: Plane) -> list[Spot]:
    width = (plane.frame.end - plane.frame.left) / max(len(chart.labels) - 1, 1)
    return [
        Spot(
            x=plane.x(index),
            left=plane.x(index) - width / 2,
            width=width,
            y=plane.y(chart.people[index]),
            label=label,
            people=chart.people[index],
            machines=chart.machines[index] if chart.machines else None,
            previous=chart.previous[index] if chart.previous else None,
        )
        for index, label in enumerate(chart.labels)
    ]


def draw_bars(chart: Bars) -> dict[str, object]:
    """Lay out bars as shares of the longest, in per cent of the width."""
    longest = max((row.people + row.machines for row in chart.rows), default=0) or 1
    return {
        "chart": chart,
        "has_machines": any(row.machines for row in chart.rows),
        "rows": [
            {
                "bar": row,
                "people": round(row.people * 100 / longest, 2),
                "machines": round(row.machines * 100 / longest, 2),
            }
            for row in chart.rows
        ],
    }


def draw_funnel(chart: Funnel) -> dict[str, object]:
    """Lay out the steps of a funnel as shares of the first."""
    base = chart.steps[0][1] if chart.steps else 0
    return {
        "title": chart.title,
        "base": base,
        "base_label": chart.steps[0][0].lower() if chart.steps else "",
        "steps": [
            {"label": label, "value": value, "width": round(value * 100 / base, 2) if base else 0, "is_base": not index}
            for index, (label, value) in enumerate(chart.steps)
        ],
    }


def draw_sparkline(values: Sequence[int], *, width: int = 120, height: int = 32) -> dict[str, object]:
    """Lay out a small line from zero."""
    top, last = max(values, default=0) or 1, len(values) - 1
    points = [
        (2 + (width - 4) * (index / last if last else 0.5), height - 2 - (height - 4) * value / top)
        for index, value in enumerate(values)
    ]
    end = points[-1] if points else (0.0, 0.0)
    return {
        "width": width,
        "height": height,
        "line": path_of(points),
        "area": _area(points, base=float(height - 2)),
        "end_x": round(end[0], 1),
        "end_y": round(end[1], 1),
        "values": values,
    }
