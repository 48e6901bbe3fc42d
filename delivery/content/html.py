"""Cleaning an owner's HTML as a mail needs it, and finding its links.

The owner's markup is copied as it is written; only what mail programs never run (scripts, frames, forms, event
handlers) is left out. Depth is capped because the inliner that follows crashes the process on thousands of nested
elements.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from html import escape

from delivery.content.problems import Problem, position
from delivery.content.scan import RAW, Token, scan

MAX_DEPTH = 200
MAX_ELEMENTS = 10_000
MAX_STYLE_WEIGHT = 8_000_000
MAX_HTML = 500_000
MAX_LINKS = 500

_DROPPED_WITH_CONTENT = (RAW - {"style", "title"}) | {
    "iframe", "object", "applet", "frameset", "noscript", "svg", "math", "template", "select",
}  # fmt: skip
_DROPPED = {"base", "embed", "frame", "link", "form", "input", "button"}
_VOID = {"area", "br", "col", "hr", "img", "meta", "source", "track", "wbr"}
_OPTIONAL_END = {"p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "tfoot", "colgroup"}
_LINKS = {"a", "area"}
_ADDRESSES = {"href", "src", "action", "formaction", "background", "poster", "cite", "xlink:href"}
_NAME = re.compile(r"[a-z_:@*][-\w:.@]*\Z")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_SCHEMES = {"http", "https", "mailto", "tel", "sms", "cid"}
_BLANKS = re.compile(r"[\s\x00-\x1f]+")
_WEB = re.compile(r"https?://[^\s/]+", re.IGNORECASE)

Place = Callable[[int], tuple[int, int]]


@dataclass
class Cleaned:
    """What is left of the HTML; `links` are the addresses that are counted, the first being number 1."""

    html: str = ""
    links: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    style_weight: int = 0
    """About how many declarations an inliner has to put down: those of each rule, for each element."""


def clean(
    html: str,
    *,
    link: Callable[[int], str],
    has_piece: Callable[[str], bool],
    tokens: Iterable[Token] | None = None,
    place: Place | None = None,
) -> Cleaned:
    """Clean HTML and replace each web address of an `<a>` by `link(number)`; the same address has one number.

    An address in which `has_piece` finds Liquid differs per recipient and stays as it is. `tokens` are the stretches of
    the HTML where they are known, and `place` turns an index into line and column.
    """
    if len(html) > MAX_HTML:
        return Cleaned(problems=[Problem(f"The HTML is longer than {MAX_HTML:,} characters.")])
    cleaner = _Cleaner(link, has_piece, place or partial(position, html))
    for token in scan(html) if tokens is None else tokens:
        cleaner.take(token)
        if cleaner.problems:
            break
    cleaner.result.html = "".join(cleaner.out)
    cleaner.result.problems = cleaner.problems
    cleaner.result.style_weight = cleaner.style_weight
    return cleaner.result


def check_shape(html: str) -> list[Problem]:
    """Return what no tool of ours reads in a bounded time: too long, too many elements, too deep."""
    if len(html) > MAX_HTML:
        return [Problem(f"The HTML is longer than {MAX_HTML:,} characters.")]
    nesting = _Nesting(partial(position, html))
    for token in scan(html):
        if token.kind == "open":
            nesting.enter(token)
        elif token.kind == "close":
            nesting.leave(token.name)
        if nesting.problems:
            break
    return nesting.problems


class _Nesting:
    """Which elements are open, and how many there have been."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._open: list[str] = []
        self.count = 0
        self.problems: list[Problem] = []

    def enter(self, token: Token) -> None:
        self.count += 1
        if self.count == MAX_ELEMENTS + 1:
            self._say(f"The HTML has more than {MAX_ELEMENTS:,} elements.", token)
        if token.name in _VOID:
            return
        if token.name in _OPTIONAL_END and self._open and self._open[-1] == token.name:
            self._open.pop()
        self._open.append(token.name)
        if len(self._open) == MAX_DEPTH + 1:
            self._say(f"The HTML has elements more than {MAX_DEPTH} deep inside each other.", token)

    def leave(self, name: str) -> None:
        if name in self._open:
            while self._open.pop() != name:
                pass

    def _say(self, message: str, token: Token) -> None:
        self.problems.append(Problem(message, *self._place(token.start)))


class _Cleaner:
    def __init__(self, link: Callable[[int], str], has_piece: Callable[[str], bool], place: Place) -> None:
        self._link, self._has_piece, self._place = link, has_piece, place
        self._nesting = _Nesting(place)
        self._known: dict[str, str] = {}  # a newsletter has the same few tags over and over
        self.out: list[str] = []
        self.result = Cleaned()
        self._numbers: dict[str, int] = {}
        self._skipping = ""
        self._skipped = 0
        self._declarations = 1

    @property
    def style_weight(self) -> int:
        return self._declarations * self._nesting.count

    @property
    def problems(self) -> list[Problem]:
        return self._nesting.problems

    def take(self, token: Token) -> None:
        if self._skipping:
            self._skip(token)
        elif token.kind == "open":
            self._open_tag(token)
        elif token.kind == "close":
            self._close_tag(token)
        elif token.kind == "text":
            # What stands alone here must not become a tag with what is left of its neighbours.
            self.out.append(token.text.replace("<", "&lt;"))
        else:
            if token.kind == "raw" and token.name == "style":
                self._declarations += sum(
                    (rule.count(",") + 1) * (rule.count(";") + 1) for rule in token.text.split("}")
                )
            self.out.append(token.text)

    def _skip(self, token: Token) -> None:
        if token.name == self._skipping and token.kind in ("open", "close"):
            self._skipped += 1 if token.kind == "open" else -1
            if not self._skipped:
                self._skipping = ""

    def _open_tag(self, token: Token) -> None:
        known = self._known.get(token.text)
        if known is not None:
            self._nesting.enter(token)
            self.out.append(known)
        elif token.name in _DROPPED_WITH_CONTENT:
            self._note(token, f"<{token.name}> was left out: mail programs do not run it.")
            self._skipping, self._skipped = token.name, 1
        elif token.name in _DROPPED or _is_refresh(token):
            self._note(token, f"<{token.name}> was left out: mail programs do not use it.")
        else:
            self._nesting.enter(token)
            noted = len(self.result.notes)
            self.out.append(self._rewrite(token))
            if token.name not in _LINKS and len(self.result.notes) == noted:
                self._known[token.text] = self.out[-1]

    def _close_tag(self, token: Token) -> None:
        if token.name in _DROPPED or token.name in _DROPPED_WITH_CONTENT:
            return
        self._nesting.leave(token.name)
        self.out.append(f"</{token.name}>")

    def _rewrite(self, token: Token) -> str:
        out = [token.name]
        for name, value in token.attributes():
            if name.startswith("on") or not _NAME.match(name):
                continue
            if value is None:
                out.append(name)
            elif name in _ADDRESSES and not _is_good_address(value):
                self._note(token, f"The address “{value.strip()[:20]}…” was left out.")
            elif token.name in _LINKS and name == "href":
                out.append(f'href="{escape(self._number(value.strip()))}"')
            else:
                out.append(f'{name}="{escape(value)}"')
        return f"<{' '.join(out)}>"

    def _number(self, address: str) -> str:
        if self._has_piece(address) or not _WEB.match(address):
            return address
        number = self._numbers.get(address)
        if number is None:
            if len(self._numbers) >= MAX_LINKS:
                return address
            number = self._numbers[address] = len(self.result.links) + 1
            self.result.links.append(address)
        return self._link(number)

    def _note(self, token: Token, message: str) -> None:
        self.result.notes.append(Problem(message, *self._place(token.start)))


def _is_good_address(value: str) -> bool:
    scheme = _SCHEME.match(_BLANKS.sub("", value))
    return scheme is None or scheme[1].lower() in _SCHEMES


def _is_refresh(token: Token) -> bool:
    return token.name == "meta" and any(
        name == "http-equiv" and (value or "").strip().lower() != "content-type" for name, value in token.attributes()
    )
