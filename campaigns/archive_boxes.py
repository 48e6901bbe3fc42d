"""Buttons of a mail that strangers read: what is left of one whose link was one person's own is taken away."""

import re
from dataclasses import dataclass
from html import unescape

from delivery.content.scan import Token, scan

_BOXES = ("td", "div", "span", "p", "center", "strong", "b")
_FILLED = ("img", "hr", "input", "video", "svg", "object", "picture")
_COLOURED = re.compile(r"\bbackground(?:-color)?\s*:(?!\s*(?:none|transparent)\b)", re.IGNORECASE)
_LIKE_A_BUTTON = re.compile(r"\b(?:border-radius|mso-padding-alt)\s*:", re.IGNORECASE)
_HAS_HEIGHT = re.compile(r"(?<![\w-])(?:min-)?height\s*:", re.IGNORECASE)


@dataclass
class _Open:
    """An element that is not closed yet: where in the output it began, and whether it may go when nothing is in it."""

    name: str
    begins: int
    may_go: bool
    is_empty: bool = True


def without_empty_buttons(html: str) -> str:
    """Return HTML without coloured boxes that look like buttons, have no height of their own and say nothing."""
    out: list[str] = []
    inside: list[_Open] = []
    for token in scan(html):
        out.append(token.text)
        if token.kind == "open" and token.name in _BOXES:
            inside.append(_Open(token.name, len(out) - 1, _is_button(token)))
        elif token.kind == "close" and token.name in _BOXES:
            _close(token.name, inside, out)
        elif token.kind == "raw" or token.name in _FILLED or (token.kind == "text" and unescape(token.text).strip()):
            _fill(inside)
    return "".join(out)


def _fill(inside: list[_Open]) -> None:
    for each in reversed(inside):
        if not each.is_empty:
            break  # and so is nothing around it
        each.is_empty = False


def _close(name: str, inside: list[_Open], out: list[str]) -> None:
    """Close the last element of a name; those of others that are open inside it end with it, and stay."""
    at = next((at for at in range(len(inside) - 1, -1, -1) if inside[at].name == name), None)
    if at is None:
        return
    closed = inside[at]
    if closed.may_go and closed.is_empty:
        del out[closed.begins :]
    del inside[at:]


def _is_button(token: Token) -> bool:
    said = dict(token.attributes())
    style = said.get("style") or ""
    is_coloured = bool(said.get("bgcolor") or _COLOURED.search(style))
    has_height = bool(said.get("height") or _HAS_HEIGHT.search(style))
    return is_coloured and not has_height and bool(_LIKE_A_BUTTON.search(style))
