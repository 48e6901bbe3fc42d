"""A mail as programs in light and in dark mode show it, whatever the browser of who looks prefers."""

import re

SCHEMES = ("light", "dark")
_ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
# A question that is always answered yes, and one that never is.
_YES, _NO = "(min-width: 0)", "(max-width: 0)"


def show_in(html: str, scheme: str) -> str:
    """Return the mail's HTML with its questions for the colour scheme answered."""
    answered = _ASKED.sub(lambda match: _YES if match[1].lower() == scheme else _NO, html)
    return _HEAD.sub(lambda match: f"{match[0]}<style>:root{{color-scheme:{scheme}}}</style>", answered, count=1)
