"""Finished sources as programs: bytes that never change, plain variables and dates, and the few parts that need Liquid.

A worker loads a mailing's program once and fills it per recipient; nothing is parsed per recipient. Two values of a
message are known by their place rather than by a name: `TOKEN`, its public token, which stands in every link.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from liquid import BoundTemplate, Node
from liquid.builtin.content import ContentNode
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.exceptions import LiquidError
from markupsafe import escape

from delivery.content import liquid, pieces
from delivery.content.dates import NOW, House
from delivery.content.deadline import Deadline
from delivery.content.filters import HOUSE, as_text, manner_in
from delivery.content.pieces import TOKEN, Choice, Dated, Facts, Fragment, Piece, Shared, Variable

# Names that the compiler writes into sources; they become addresses that end in the message's token.
CLICK, OPEN = "ec_click", "ec_open"
URL_NAMES = ("unsubscribe_url", "preferences_url", "view_url", CLICK, OPEN)
TOLD = ("subject", "preheader")  # what the campaign says of itself may hold Liquid, too
_KEPT, _SHORT = 500, 1_000  # how many printed parts are kept for others, and how long they may be
_SLOTS = (Variable, Shared)

Values = Mapping[str, Any]


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
        self._context = pieces.context_of(self._template)
        self._folded_until = Deadline()
        facts = Facts.of(self._template.nodes, self._context)
        self._tells = any(map(self._is_told, facts.paths))
        self._urls = [name for name in URL_NAMES if any(path[0] == name for path in facts.paths)]
        self._stateful = any(pieces.is_stateful(node, self._context) for node in self._template.nodes)
        self.pieces = tuple(pieces.merged(self._split(self._template.nodes)))
        self._frame = [piece if isinstance(piece, str) else "" for piece in self.pieces]
        self._tokens = [index for index, piece in enumerate(self.pieces) if piece is TOKEN]
        self._slots = [(index, piece) for index, piece in enumerate(self.pieces) if isinstance(piece, _SLOTS)]
        self._fragments = [(index, piece) for index, piece in enumerate(self.pieces) if isinstance(piece, Fragment)]

    def _split(self, nodes: Sequence[Node]) -> Iterator[Piece]:
        for node in nodes:
            if isinstance(node, ContentNode):
                yield node.text
                continue
            variable = pieces.plain_variable(node) if isinstance(node, OutputNode) and not self._stateful else None
            if variable is not None and len(variable.path) == 1 and variable.path[0] in URL_NAMES:
                yield self.urls.before_token(variable.path[0])
                yield TOKEN
            else:
                yield self._piece(node, variable)

    def _piece(self, node: Node, variable: Variable | None) -> Piece:
        facts = Facts.of([node], self._context)
        if self._is_of_all(facts):
            return self._share(node, facts) if "date" in facts.filters else self._fold(node)
        if variable is not None and not self._is_told(variable.path):
            return variable
        if isinstance(node, IfNode) and not node.blank and not self._stateful:
            return self._choice(node)
        return Fragment(node)

    def _choice(self, node: IfNode) -> Choice:
        parts = [(test, tuple(pieces.merged(self._split(inside)))) for test, inside in pieces.branches(node)]
        return Choice(node, tuple(parts))

    def _fold(self, node: Node) -> Piece:
        try:
            return liquid.Filling(self._template, self._constants, self._folded_until).run(node)
        except LiquidError:
            return Fragment(node)  # fails for each recipient, and is told there

    def _share(self, node: Node, facts: Facts) -> Piece:
        shared = Shared(node, is_timely=any(each in NOW for each in facts.texts))
        try:
            self._show_shared(shared, {})
        except LiquidError:
            return Fragment(node)
        return shared

    def _is_of_all(self, facts: Facts) -> bool:
        """Tell whether a node prints the same for all who write dates alike."""
        if self._stateful or any(map(self._is_told, facts.paths)):
            return False
        return all(path[0] in self._constants for path in facts.paths)

    def _is_told(self, path: Sequence[object]) -> bool:
        """Tell whether a path may lead to what the campaign says of itself in Liquid."""
        return bool(self._told) and path[0] == "campaign" and (len(path) < 2 or path[1] in (*self._told, None))

    @property
    def fixed(self) -> str | None:
        """Return the whole part where it is the same for everybody."""
        return "".join(map(str, self.pieces)) if all(isinstance(each, str) for each in self.pieces) else None

    def filling(self, values: Values, token: str, deadline: Deadline | None = None) -> liquid.Filling:
        """Return one recipient's run through the fragments."""
        names = {**self._constants, **values}
        for name in self._urls:
            names[name] = self.urls.before_token(name) + token
        if self._tells:
            told = {name: part.render(values, token) for name, part in self._told.items()}
            names["campaign"] = {**names["campaign"], **told}
        return liquid.Filling(self._template, names, deadline)

    def show(self, piece: Variable | Shared, values: Values) -> str:
        """Return a piece as it is printed: escaped in HTML, the default in place of an empty value."""
        if isinstance(piece, Shared):
            return self._show_shared(piece, values)
        text = self.said(piece, values)
        return str(escape(text)) if self.html else text

    def said(self, piece: Variable, values: Values) -> str:
        """Return a variable's value as text, not escaped."""
        value: Any = values
        for name in piece.path:
            value = value.get(name) if type(value) is dict or isinstance(value, Mapping) else None
        if value is None or value == "" or (value is False and piece.default is not None):
            return piece.default or ""
        if isinstance(piece, Dated):
            return manner_in({**values, HOUSE: self._constants[HOUSE]}).write(value, piece.form)
        return value if type(value) is str else as_text(value)

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

    def run(self, fragment: Fragment, filling: liquid.Filling, values: Values, token: str) -> str:
        """Return what a fragment prints for one recipient. Raises `LiquidError`."""
        if not isinstance(fragment, Choice):
            return filling.run(fragment.node)
        for test, inside in fragment.branches:
            if test is None or filling.holds(test):
                return "".join(self._print(each, filling, values, token) for each in inside)
        return ""

    def _print(self, piece: Piece, filling: liquid.Filling, values: Values, token: str) -> str:
        if isinstance(piece, str):
            return piece
        if isinstance(piece, _SLOTS):
            return self.show(piece, values)
        return self.run(piece, filling, values, token) if isinstance(piece, Fragment) else token

    def render(self, values: Values, token: str) -> str:
        """Return the whole part for one recipient. Raises `LiquidError`."""
        out = self._frame.copy()
        for index in self._tokens:
            out[index] = token
        for index, slot in self._slots:
            out[index] = self.show(slot, values)
        if self._fragments:
            filling = self.filling(values, token)
            for index, fragment in self._fragments:
                out[index] = self.run(fragment, filling, values, token)
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
