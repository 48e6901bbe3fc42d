"""Charts drawn on the server."""

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from django import template

from emailconcert.shell import charts, rate_charts

register = template.Library()


@register.inclusion_tag("components/charts/timeline.html")
def timeline(chart: charts.Timeline) -> dict[str, Any]:
    """Render counts over time, people solid and machines hatched, with a table one click away."""
    # The pattern's id must differ between charts of one page; the title tells them apart.
    return {**charts.draw_timeline(chart), "uid": f"hatch-{crc32(chart.title.encode())}"}


@register.inclusion_tag("components/charts/rates.html")
def rates(chart: rate_charts.Rates) -> dict[str, Any]:
    """Render rates over time against their limits, with a table one click away."""
    return rate_charts.draw_rates(chart)


@register.inclusion_tag("components/charts/bars.html")
def bars(chart: charts.Bars) -> dict[str, Any]:
    """Horizontal bars with the number beside each; people solid, machines hatched."""
    return {**charts.draw_bars(chart), "uid": f"hatch-{crc32(chart.title.encode())}"}


@register.inclusion_tag("components/charts/funnel.html")
def funnel(chart: charts.Funnel) -> dict[str, Any]:
    """Render steps with their share of the first."""
    return charts.draw_funnel(chart)


@register.inclusion_tag("components/charts/sparkline.html")
def sparkline(values: Sequence[int], label: str) -> dict[str, Any]:
    """Render a small line beside a number; `label` says what it shows."""
    return {**charts.draw_sparkline(values), "label": label}
