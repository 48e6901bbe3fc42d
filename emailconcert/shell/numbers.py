"""How numbers, rates and times are written on a page."""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

NO_VALUE = "–"
_NARROW_SPACE = "\u202f"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_RELATIVE_FOR = timedelta(days=30)


def format_number(value: float | Decimal | None) -> str:
    """Write 4210 as "4,210"; what is unknown as a dash."""
    if value is None:
        return NO_VALUE
    return f"{value:,}" if value == int(value) else f"{value:,.1f}"


def format_short(value: int) -> str:
    """Write a number for an axis: 950, "1.5k", "2M"."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return str(value)


def format_percent(part: float, base: float, *, digits: int = 1) -> str:
    """Write a share with one decimal ("3.1 %"); never "100.0 %" or "0.0 %" unless it is exactly all or none."""
    if not base:
        return NO_VALUE
    unit = Decimal(1).scaleb(-digits)
    percent = (Decimal(part) * 100 / Decimal(base)).quantize(unit, ROUND_HALF_UP)
    if part and not percent:
        return f"< {unit}{_NARROW_SPACE}%"
    if percent == 100 and part < base:
        return f"> {100 - unit}{_NARROW_SPACE}%"
    return f"{percent.normalize():f}{_NARROW_SPACE}%" if percent in (0, 100) else f"{percent}{_NARROW_SPACE}%"


def format_relative(value: datetime, *, now: datetime) -> str:
    """Write an aware time as seen from `now`: "3 minutes ago", "in 2 days", or the date after 30 days."""
    distance = now - value
    if abs(distance) > _RELATIVE_FOR:
        return f"{value.day} {value:%b %Y}"
    seconds = abs(int(distance.total_seconds()))
    if seconds < _MINUTE:
        return "just now" if distance >= timedelta() else "in a moment"
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= unit:
            count = seconds // unit
            words = f"{count} {name}{'' if count == 1 else 's'}"
            break
    return f"{words} ago" if distance >= timedelta() else f"in {words}"
