"""MJML: looked through first, then compiled to HTML.

The compiler says little about what is wrong, drops text between sections silently, and crashes the process on elements
nested by the thousand.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from html import escape

import mrml

from delivery.content.problems import Problem
from delivery.content.scan import Token, scan

MAX_DEPTH = 60
MAX_ELEMENTS = 5_000
MAX_LENGTH = 400_000
MAX_SAID = 50

# Elements that hold other elements of MJML, where text (and so Liquid) would be lost.
HOLDERS = {
    "mjml", "mj-head", "mj-body", "mj-attributes", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero",
    "mj-navbar", "mj-social", "mj-accordion", "mj-accordion-element", "mj-carousel",
}  # fmt: skip
_KNOWN = HOLDERS | {
    "mj-title", "mj-preview", "mj-style", "mj-font", "mj-breakpoint", "mj-class", "mj-all", "mj-html-attributes",
    "mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-raw", "mj-navbar-link",
    "mj-social-element", "mj-accordion-title", "mj-accordion-text", "mj-carousel-image",
}  # fmt: skip
VOID = {"area", "br", "col", "hr", "img", "input", "meta", "source", "track", "wbr"}
_CDATA = "<![CDATA["
# mrml panics on some of these (“&é”).
_BARE_AMPERSAND = re.compile(r"&(?!#?[a-zA-Z0-9]+;)")
_OPTIONS = mrml.RenderOptions(fonts={})  # no style sheet from a third party is ever asked for

Place = Callable[[int], tuple[int, int]]
Pieces = Callable[[str], list[int]]


def to_html(
    text: str, *, place: Place, pieces: Pieces, at_piece: Callable[[int], tuple[int, int]]
) -> str | list[Problem]:
    """Return the HTML of an MJML document, or what is wrong with it.

    `place` turns an index into line and column, `pieces` finds the Liquid in a text, `at_piece` says where one stands.
    """
    if len(text) > MAX_LENGTH:
        return [Problem(f"The MJML is longer than {MAX_LENGTH:,} characters.")]
    reader = _Reader(text, place, pieces, at_piece)
    for token in scan(text, raw=frozenset()):
        reader.take(token)
        if reader.is_hopeless or len(reader.problems) > MAX_SAID:
            return reader.problems[:MAX_SAID]
    reader.end()
    if reader.problems:
        return reader.problems
    try:
        return str(mrml.to_html("".join(reader.out), None, _OPTIONS).content)
    except OSError as error:  # what mrml raises for all that it can't read
        return [Problem(f"MJML can't be read: {error}.")]
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":  # a panic inside of mrml is no Exception
            raise
        return [Problem("MJML can't be read.")]


class _Reader:
    """Goes through the elements once: finds mistakes, and writes down XML that the compiler reads as it was meant."""

    def __init__(self, text: str, place: Place, pieces: Pieces, at_piece: Callable[[int], tuple[int, int]]) -> None:
        self._text, self._place, self._pieces, self._at_piece = text, place, pieces, at_piece
        self.out: list[str] = []
        self.problems: list[Problem] = []
        self.is_hopeless = False
        self._open: list[tuple[str, int]] = []
        self._elements = 0

    def take(self, token: Token) -> None:
        if token.kind == "open":
            self._enter(token)
        elif token.kind == "close":
            self._leave(token)
        elif token.kind == "comment":
            self._comment(token)
        else:
            self._words(token)

    def end(self) -> None:
        for name, start in self._open[:1]:
            self._say(f"<{name}> is not closed: write </{name}> where it ends.", start)
        if not self._elements and not self.problems:
            self.problems.append(Problem("MJML begins with <mjml> and ends with </mjml>.", 1, 1))

    def _say(self, message: str, index: int) -> None:
        self.problems.append(Problem(message, *self._place(index)))

    def _stop(self, message: str, index: int) -> None:
        self._say(message, index)
        self.is_hopeless = True

    def _enter(self, token: Token) -> None:
        name = token.name
        self._elements += 1
        if self._elements == 1 and name != "mjml":
            self._stop("MJML begins with <mjml>; for a mail of HTML, choose HTML as the way of writing.", token.start)
        elif not token.text.endswith(">"):
            self._stop(f"<{name}> has no end: a quotation mark or “>” is missing.", token.start)
        elif self._elements > MAX_ELEMENTS:
            self._stop(f"There are more than {MAX_ELEMENTS:,} elements.", token.start)
        elif name == "mj-include":
            self._stop(
                "<mj-include> can't be used: there are no files beside a mail. Paste what it includes.", token.start
            )
        elif name.startswith("mj") and name not in _KNOWN and self._is_mjml_here():
            near = get_close_matches(name, sorted(_KNOWN), n=1)
            meant = f" Did you mean <{near[0]}>?" if near else ""
            self._say(f"There is no <{name}> in MJML.{meant}", token.start)
        is_closed = token.text.endswith("/>") or name in VOID
        if not is_closed:
            self._open.append((name, token.start))
            if len(self._open) > MAX_DEPTH:
                self._stop(f"Elements stand more than {MAX_DEPTH} deep inside each other.", token.start)
        self.out.append(_rewritten(token, is_closed=is_closed))

    def _is_mjml_here(self) -> bool:
        return not self._open or self._open[-1][0] in HOLDERS

    def _leave(self, token: Token) -> None:
        name = token.name
        if name in VOID:
            return
        if not any(each == name for each, _ in self._open):
            self._say(f"</{name}> closes nothing.", token.start)
            return
        while (top := self._open.pop())[0] != name:
            self._say(f"<{top[0]}> is not closed before </{name}>.", top[1])
        self.out.append(f"</{name}>")

    def _comment(self, token: Token) -> None:
        if token.text.startswith("<!--") and token.text.endswith("-->"):
            self.out.append(token.text)
        elif token.text.startswith("<!--"):
            self._stop("This comment is not closed: write --> where it ends.", token.start)
        elif token.text.startswith(_CDATA) or self._elements:
            self._stop("This can't stand in MJML.", token.start)

    def _words(self, token: Token) -> None:
        words, sign, _ = token.text.partition("<")
        parent = self._open[-1][0] if self._open else ""
        if words.strip() and (not parent or parent in HOLDERS):
            self._lost(words, token.start, parent)
        if sign:
            self._stop("“<” begins an element here. Write &lt; for the sign itself.", token.start + len(words))
        self.out.append(_BARE_AMPERSAND.sub("&amp;", words))

    def _lost(self, words: str, start: int, parent: str) -> None:
        found = self._pieces(words)
        if found and parent:
            message = f"Liquid is lost directly in <{parent}>: write <mj-raw>…</mj-raw> around it."
            self.problems += [Problem(message, *self._at_piece(number)) for number in found[:MAX_SAID]]
            return
        where = f"directly in <{parent}>: put it into <mj-text>" if parent else "outside <mjml>"
        self._say(f"Text can't stand {where}.", start + len(words) - len(words.lstrip()))


def _rewritten(token: Token, *, is_closed: bool) -> str:
    """Return an opening tag as XML needs it: values quoted, empty elements closed."""
    parts = [token.name]
    for name, value in token.attributes():
        # Every style sheet is inlined later; mrml drops those that ask for it.
        if token.name == "mj-style" and name == "inline":
            continue
        if re.fullmatch(r"[a-z_:][-\w:.]*", name):
            parts.append(name if value is None else f'{name}="{escape(value)}"')
    return f"<{' '.join(parts)}{' />' if is_closed else '>'}"
