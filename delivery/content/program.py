"""Finished sources as programs: bytes that never change, plain variables and dates, and the few parts that need Liquid.

A worker loads a mailing's program once and fills it per recipient; nothing is parsed per recipient. Two values of a
message are known by their place rather than by a name: `TOKEN`, its public token, which stands in every link.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquid import BoundTemplate, Node, RenderContext
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import StringLiteral
from liquid.builtin.output import OutputNode
from liquid.exceptions import LiquidError
from markupsafe import escape

from delivery.content import liquid
from delivery.content.dates import NOW, House
from delivery.content.filters import HOUSE, as_text, manner_in

# Names that the compiler writes into sources; they become addresses that end in the message's token.
CLICK, OPEN = "ec_click", "ec_open"
URL_NAMES = ("unsubscribe_url", "preferences_url", "view_url", CLICK, OPEN)
TOLD = ("subject", "preheader")  # what the campaign says of itself may hold Liquid, too
_STATEFUL = {"assign", "capture", "cycle", "increment", "decrement"}

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Variable:
    """A plain value of the recipient, `path` into the values, and what stands for an empty one."""

    path: tuple[str, ...]
    default: str | None


@dataclass(frozen=True)
class Dated(Variable):
    """A date of the recipient, written as they write dates."""

    form: str


@dataclass(frozen=True)
class Shared:
    """A part that Liquid runs once for all who write dates alike; with `is_timely` once a minute."""

    node: Node
    is_timely: bool


@dataclass(frozen=True)
class Fragment:
    """A part that Liquid itself has to run."""

    node: Node


class Token:
    """The message's public token."""


TOKEN = Token()
Piece = str | Variable | Shared | Fragment | Token
_KEPT, _SHORT = 500, 1_000  # how many printed parts are kept for others, and how long they may be


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

    def __init__(
        self,
        source: str,
        *,
        html: bool,
        urls: Urls,
        constants: Values,
        house: House | None = None,
        told: "Mapping[str, Part] | None" = None,
    ) -> None:
        self.source = source
        self.html = html
        self.urls = urls
        self._constants = {**constants, HOUSE: house or House()}
        self._told = told or {}
        self._kept: dict[Any, str] = {}
        self._template: BoundTemplate = liquid.parse(source, html=html)
        self._tells = any(map(self._is_told, _paths(self._template.nodes, self._template)))
        self._folded_until = time.monotonic() + liquid.MAX_SECONDS
        self._stateful = any(_is_stateful(node, self._template) for node in self._template.nodes)
        self.pieces: tuple[Piece, ...] = tuple(_merge(self._split()))

    def _split(self) -> Iterator[Piece]:
        for node in self._template.nodes:
            if isinstance(node, ContentNode):
                yield node.text
            elif self._is_constant(node):
                yield self._fold(node)
            elif self.is_of_all(node):
                yield self._share(node)
            elif isinstance(node, OutputNode):
                yield from self._output(node)
            else:
                yield Fragment(node)

    def _fold(self, node: Node) -> Piece:
        try:
            return liquid.Filling(self._template, self._constants, self._folded_until).run(node)
        except LiquidError:
            return Fragment(node)  # fails for each recipient, and is told there

    def _share(self, node: Node) -> Piece:
        said = _strings(node, self._template)
        shared = Shared(node, is_timely=any(each in NOW for each in said))
        try:
            self._show_shared(shared, {})
        except LiquidError:
            return Fragment(node)
        return shared

    def _is_constant(self, node: Node) -> bool:
        return self.is_of_all(node) and not liquid.uses_filter(node, "date", self._template)

    def is_of_all(self, node: Node) -> bool:
        """Tell whether a node prints the same for all who write dates alike."""
        if self._stateful:
            return False
        paths = list(_paths([node], self._template))
        return all(path[0] in self._constants for path in paths) and not any(map(self._is_told, paths))

    def _is_told(self, path: Sequence[object]) -> bool:
        """Tell whether a path may lead to what the campaign says of itself in Liquid."""
        return bool(self._told) and path[0] == "campaign" and (len(path) < 2 or path[1] in (*self._told, None))

    def _output(self, node: OutputNode) -> Iterator[Piece]:
        variable = None if self._stateful else _plain_variable(node)
        if variable is not None and self._is_told(variable.path):
            variable = None
        if variable is None:
            yield Fragment(node)
        elif len(variable.path) == 1 and variable.path[0] in URL_NAMES:
            yield self.urls.before_token(variable.path[0])
            yield TOKEN
        else:
            yield variable

    @property
    def fixed(self) -> str | None:
        """Return the whole part where it is the same for everybody."""
        return "".join(map(str, self.pieces)) if all(isinstance(each, str) for each in self.pieces) else None

    def filling(self, values: Values, token: str, deadline: float | None = None) -> liquid.Filling:
        """Return one recipient's run through the fragments."""
        names = {**self._constants, **values, **self.urls.names(token)}
        if self._tells:
            told = {name: part.render(values, token) for name, part in self._told.items()}
            names["campaign"] = {**names["campaign"], **told}
        return liquid.Filling(self._template, names, deadline)

    def show(self, piece: Variable | Shared, values: Values) -> str:
        """Return a piece as it is printed: escaped in HTML, the default in place of an empty value."""
        if isinstance(piece, Shared):
            return self._show_shared(piece, values)
        value: Any = values
        for name in piece.path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None or value == "" or (value is False and piece.default is not None):
            return piece.default or ""
        if isinstance(piece, Dated):
            text = manner_in({**values, HOUSE: self._constants[HOUSE]}).write(value, piece.form)
        else:
            text = as_text(value)
        return str(escape(text)) if self.html else text

    def _show_shared(self, piece: Shared, values: Values) -> str:
        names = {"contact": values.get("contact"), HOUSE: self._constants[HOUSE]}
        key = (piece, manner_in(names), int(time.time() // 60) if piece.is_timely else 0)
        found = self._kept.get(key)
        if found is None:
            found = self.filling(values, "").run(piece.node)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            if len(found) <= _SHORT:
                self._kept[key] = found
        return found

    def render(self, values: Values, token: str) -> str:
        """Return the whole part for one recipient (previews, tests, sending by provider). Raises `LiquidError`."""
        filling = self.filling(values, token)
        out = []
        for piece in self.pieces:
            if isinstance(piece, str):
                out.append(piece)
            elif isinstance(piece, Variable | Shared):
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
    def load(
        cls, sources: Mapping[str, str], *, urls: Urls, constants: Values, house: House | None = None
    ) -> "Program":
        """Parse finished sources (`subject`, `html`, `text`); `constants` are the same for every recipient.

        Subject and preheader of the constant `campaign` are Liquid themselves. `house` says how dates are written to
        those who say nothing else.
        """
        constants, told = _told(constants, urls, house)

        def part(name: str) -> Part:
            return Part(sources[name], html=name == "html", urls=urls, constants=constants, house=house, told=told)

        return cls(subject=part("subject"), html=part("html"), text=part("text"))

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
    filters = list(expression.filters or [])
    form = ""
    if filters and filters[0].name == "date":
        form = liquid.literal(filters[0], "" if filters[0].args else "long")
        if not form:
            return None
        del filters[0]
    default: str | None = None
    if filters:
        if len(filters) > 1 or filters[0].name != "default" or len(filters[0].args) != 1:
            return None
        value = getattr(getattr(filters[0].args[0], "value", None), "value", None)
        if not isinstance(value, str):
            return None
        default = value
    return Dated(path, default, form) if form else Variable(path, default)


def _told(constants: Values, urls: Urls, house: House | None) -> tuple[Values, dict[str, Part]]:
    """Return constants with what the campaign says of itself where that is the same for all, and the rest as parts."""
    campaign = constants.get("campaign")
    if not isinstance(campaign, Mapping):
        return constants, {}
    plain = {**constants, "campaign": {name: value for name, value in campaign.items() if name not in TOLD}}
    parts = {
        name: Part(campaign[name], html=False, urls=urls, constants=plain, house=house)
        for name in TOLD
        if name in campaign
    }
    fixed = {name: part.fixed for name, part in parts.items() if part.fixed is not None}
    return (
        {**constants, "campaign": {**plain["campaign"], **fixed}},
        {name: part for name, part in parts.items() if name not in fixed},
    )


def _paths(nodes: list[Node], template: BoundTemplate) -> Iterator[list[object]]:
    for found in liquid.expressions(nodes, RenderContext(template)):
        if isinstance(found, Path):
            yield [each if isinstance(each, str | int) else None for each in found.path]


def _strings(node: Node, template: BoundTemplate) -> Iterator[str]:
    for found in liquid.expressions([node], RenderContext(template)):
        if isinstance(found, StringLiteral):
            yield found.value


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
