"""How connections stand, for templates."""

from collections.abc import Sequence
from typing import Any

from django import template

register = template.Library()


@register.filter
def all_good(steps: Sequence[Any]) -> bool:
    """Tell whether each step of a connection's test worked."""
    return bool(steps) and all(step[1] for step in steps)
