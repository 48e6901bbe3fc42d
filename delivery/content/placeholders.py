"""Liquid pieces set aside while Markdown and HTML tools work on a text, and put back afterwards.

Each piece becomes a word of letters and digits that Markdown, the HTML parser, the CSS inliner and the text converter
all leave alone. Tags (`{% … %}`) between elements become comments, which may stand even inside tables.
"""

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator

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
        self._comment = re.compile(rf"<!--({mark}x\d+z)-->")
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
        return bool(self._word.search(text))

    def numbers(self, text: str) -> list[int]:
        """Return the pieces in a text, in order."""
        return [int(number) for number in self._word.findall(text)]

    def put_back(self, text: str) -> str:
        """Return the text with every word replaced by its piece."""
        return self._word.sub(lambda match: self.pieces[int(match[1])][1], self.bare(text))

    def bare(self, text: str) -> str:
        """Return the text with comments turned into plain words, for tools that drop comments."""
        return self._comment.sub(r"\1", text)

    def lone_tags_as_comments(self) -> str:
        """Return the text with tags that have a line to themselves as comments, so that Markdown sees blocks there."""
        return self._lone.sub(lambda match: f"<!--{match[1]}-->" if self.is_tag(int(match[2])) else match[0], self.text)

    def settled(self, html: str, problems: list[Problem]) -> Iterator[Token]:
        """Yield the stretches of HTML, tags between elements as comments; `problems` gets each piece that can't stand where it does.

        That is inside a tag but outside quotes, or in a style sheet.
        """
        for token in scan(html):
            if self._mark not in token.text:
                yield token
            elif token.kind == "text":
                yield from self._with_comments(token)
            else:
                problems += self._misplaced(token)
                yield token

    def _with_comments(self, token: Token) -> Iterator[Token]:
        last = 0
        for match in self._word.finditer(token.text):
            if self.is_tag(int(match[1])):
                yield Token("text", token.text[last : match.start()], token.start + last)
                yield Token("comment", f"<!--{match[0]}-->", token.start + match.start())
                last = match.end()
        yield Token("text", token.text[last:], token.start + last)

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
