"""Finished sources as programs: bytes that never change, plain variables, and the few parts that need Liquid.

A worker loads a mailing's program once and fills it per recipient; nothing is parsed per recipient. Two values of a
message are known by their place rather than by a name: `TOKEN`, its public token, which stands in every link.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from liquid import BoundTemplate, Node, RenderContext
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError
from markupsafe import escape

from delivery.content import liquid
from delivery.content.filters import as_text

# Names that the compiler writes into sources; they become addresses that end in the message's token.
CLICK, OPEN = "ec_click", "ec_open"
URL_NAMES = ("unsubscribe_url", "preferences_url", "view_url", CLICK, OPEN)
_STATEFUL = {"assign", "capture", "cycle", "increment", "decrement"}

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Variable:
    """A plain value of the recipient, `path` into the values, and what stands for an empty one."""

    path: tuple[str, ...]
    default: str | None


@dataclass(frozen=True)
class Fragment:
    """A part that Liquid itself has to run."""

    node: Node


class Token:
    """The message's public token."""


TOKEN = Token()
Piece = str | Variable | Fragment | Token


@dataclass(frozen=True)
class Urls:
    """Where the links of messages lead: the edge's address, and the host of pages for people."""

    tracking: str
    content: str

    def before_token(self, name: str) -> str:
        """Return the address called `name`, up to where the token follows."""
        if name in (CLICK, OPEN):
            return f"{self.tracking}/{'c' if name == CLICK else 'o'}/"
        return f"{self.content}/{name[0]}/"

    def names(self, token: str) -> dict[str, str]:
        """Return every address of one message by name."""
        return {name: self.before_token(name) + token for name in URL_NAMES}


class Part:
    """One source (subject, HTML or text) split into pieces."""

    def __init__(self, source: str, *, html: bool, urls: Urls, constants: Values) -> None:
        self.source = source
        self.html = html
        self.urls = urls
        self._constants = constants
        self._template: BoundTemplate = liquid.parse(source, html=html)
        self._stateful = any(_is_stateful(node, self._template) for node in self._template.nodes)
        self.pieces: tuple[Piece, ...] = tuple(_merge(self._split()))

    def _split(self) -> Iterator[Piece]:
        for node in self._template.nodes:
            if isinstance(node, ContentNode):
                yield node.text
            elif self.is_constant(node):
                yield self._fold(node)
            elif isinstance(node, OutputNode):
                yield from self._output(node)
            else:
                yield Fragment(node)

    def _fold(self, node: Node) -> Piece:
        try:
            return liquid.Filling(self._template, self._constants).run(node)
        except LiquidError:
            return Fragment(node)  # fails for each recipient, and is told there

    def is_constant(self, node: Node) -> bool:
        """Tell whether a node prints the same for every recipient."""
        if self._stateful:
            return False
        context = RenderContext(self._template)
        paths = [found for found in liquid.expressions([node], context) if isinstance(found, Path)]
        return all(found.path[0] in self._constants for found in paths)

    def _output(self, node: OutputNode) -> Iterator[Piece]:
        variable = None if self._stateful else _plain_variable(node)
        if variable is None:
            yield Fragment(node)
        elif len(variable.path) == 1 and variable.path[0] in URL_NAMES:
            yield self.urls.before_token(variable.path[0])
            yield TOKEN
        else:
            yield variable

    def filling(self, values: Values, token: str, deadline: float | None = None) -> liquid.Filling:
        """Return one recipient's run through the fragments."""
        names = {**self._constants, **values, **self.urls.names(token)}
        return liquid.Filling(self._template, names, deadline)

    def show(self, variable: Variable, values: Values) -> str:
        """Return a variable as it is printed: escaped in HTML, the default in place of an empty value."""
        value: Any = values
        for name in variable.path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None or value == "" or (value is False and variable.default is not None):
            return variable.default or ""
        text = as_text(value)
        return str(escape(text)) if self.html else text

    def render(self, values: Values, token: str) -> str:
        """Return the whole part for one recipient (previews, tests, sending by provider). Raises `LiquidError`."""
        filling = self.filling(values, token)
        out = []
        for piece in self.pieces:
            if isinstance(piece, str):
                out.append(piece)
            elif isinstance(piece, Variable):
                out.append(self.show(piece, values))
            elif isinstance(piece, Fragment):
                out.append(filling.run(piece.node))
            else:
                out.append(token)
        return "".join(out)


@dataclass(frozen=True)
class Program:
    """A mailing's three parts."""

    subject: Part
    html: Part
    text: Part

    @classmethod
    def load(cls, sources: Mapping[str, str], *, urls: Urls, constants: Values) -> "Program":
        """Parse finished sources (`subject`, `html`, `text`); `constants` are the same for every recipient."""
        return cls(
            subject=Part(sources["subject"], html=False, urls=urls, constants=constants),
            html=Part(sources["html"], html=True, urls=urls, constants=constants),
            text=Part(sources["text"], html=False, urls=urls, constants=constants),
        )

    def deadline(self) -> float:
        """Return until when one recipient's Liquid may run."""
        return time.monotonic() + liquid.MAX_SECONDS


def _plain_variable(node: OutputNode) -> Variable | None:
    expression = node.expression
    if not isinstance(expression, FilteredExpression):
        return None
    path = liquid.simple_path(expression.left)
    if path is None or any(name in ("size", "first", "last") for name in path[1:]):
        return None
    filters = expression.filters or []
    if not filters:
        return Variable(path, None)
    if len(filters) > 1 or filters[0].name != "default" or len(filters[0].args) != 1:
        return None
    default = getattr(getattr(filters[0].args[0], "value", None), "value", None)
    return Variable(path, default) if isinstance(default, str) else None


def _is_stateful(node: Node, template: BoundTemplate) -> bool:
    if isinstance(node, ContentNode | OutputNode):
        return False
    if node.token.value in _STATEFUL:
        return True
    return any(_is_stateful(child, template) for child in node.children(RenderContext(template)))


def _merge(pieces: Iterator[Piece]) -> Iterator[Piece]:
    run: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            run.append(piece)
            continue
        if run:
            yield "".join(run)
            run = []
        yield piece
    if run:
        yield "".join(run)
