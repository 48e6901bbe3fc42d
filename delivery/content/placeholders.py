"""Liquid pieces set aside while Markdown and HTML tools work on a text, and put back afterwards.

Each piece becomes a word of letters and digits that Markdown, the HTML parser, the CSS inliner and the text converter
all leave alone. Tags (`{% … %}`) between elements become comments, which may stand even inside tables.
"""

import hashlib
import re
from bisect import bisect_right

from delivery.content import liquid
from delivery.content.problems import Problem, position
from delivery.content.scan import Token, scan

_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


class SetAside:
    """The pieces of one source by number, and `text` in which a word stands for each."""

    def __init__(self, source: str) -> None:
        self.source = source
        mark = "zq" + hashlib.blake2b(source.encode(), digest_size=4).hexdigest()
        self._mark = mark
        self._word = re.compile(rf"{mark}x(\d+)z")
        self._any = re.compile(rf"<!--{mark}x(\d+)z-->|{mark}x(\d+)z")
        self._lone = re.compile(rf"^[ \t]*({mark}x(\d+)z)[ \t]*$", re.MULTILINE)
        self.pieces = list(liquid.pieces(source))
        self._ends: list[tuple[int, int]] = [(0, 0)]  # where each piece ends, in `text` and in the source
        out, last, size = [], 0, 0
        for number, (start, text) in enumerate(self.pieces):
            out.append(f"{source[last:start]}{mark}x{number}z")
            size += len(out[-1])
            last = start + len(text)
            self._ends.append((size, last))
        self.text = "".join(out) + source[last:]

    def place(self, index: int) -> tuple[int, int]:
        """Return line and column, in the source, of a place in `text`."""
        here, there = self._ends[bisect_right(self._ends, (index, len(self.source))) - 1]
        return position(self.source, there + index - here)

    def is_tag(self, number: int) -> bool:
        """Tell whether a piece is a tag, which prints nothing by itself."""
        return self.pieces[number][1].startswith("{%")

    def has_piece(self, text: str) -> bool:
        """Tell whether any piece stands in a text."""
        return bool(self._any.search(text))

    def numbers(self, text: str) -> list[int]:
        """Return the pieces in a text, in order."""
        return [int(match[1] or match[2]) for match in self._any.finditer(text)]

    def put_back(self, text: str) -> str:
        """Return the text with every word replaced by its piece."""
        return self._any.sub(lambda match: self.pieces[int(match[1] or match[2])][1], text)

    def bare(self, text: str) -> str:
        """Return the text with comments turned into plain words, for tools that drop comments."""
        return self._any.sub(lambda match: match[0].removeprefix("<!--").removesuffix("-->"), text)

    def lone_tags_as_comments(self) -> str:
        """Return the text with tags that have a line to themselves as comments, so that Markdown sees blocks there."""
        return self._lone.sub(lambda match: f"<!--{match[1]}-->" if self.is_tag(int(match[2])) else match[0], self.text)

    def settled(self, html: str) -> tuple[str, list[Problem]]:
        """Return HTML in which tags between elements are comments, and a problem for each piece that can't stand where it does.

        That is inside a tag but outside quotes, or in a style sheet.
        """

        def comment(match: re.Match[str]) -> str:
            return f"<!--{match[0]}-->" if self.is_tag(int(match[1])) else match[0]

        out, problems = [], []
        for token in scan(html):
            text = token.text
            if self._mark in text:
                if token.kind == "text":
                    text = self._word.sub(comment, text)
                else:
                    problems += self._misplaced(token)
            out.append(text)
        return "".join(out), problems

    def _misplaced(self, token: Token) -> list[Problem]:
        if token.kind in ("open", "close"):
            text = _QUOTED.sub("", token.text)
        elif token.kind == "raw" and token.name == "style":
            text = token.text
        else:
            return []
        message = "Liquid can't stand here; inside a tag it needs quotes around it."
        return [self.problem(number, message) for number in self.numbers(text)]

    def place_of(self, number: int) -> tuple[int, int]:
        """Return line and column, in the source, of a piece."""
        return position(self.source, self.pieces[number][0])

    def problem(self, number: int, message: str) -> Problem:
        """Return a problem at the place of a piece."""
        return Problem(message, *self.place_of(number))
