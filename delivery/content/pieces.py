"""What a source is split into, and what a node of its parse tree is good for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from liquid import BoundTemplate, Node, RenderContext
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import StringLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.expression import Expression

from delivery.content import liquid

_STATEFUL = {"assign", "capture", "cycle", "increment", "decrement"}


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


@dataclass(frozen=True)
class Choice(Fragment):
    """An `if`: Liquid decides, what stands in its branches is split as all else. The last may have no condition."""

    branches: "tuple[tuple[Expression | None, tuple[Piece, ...]], ...]"


class Token:
    """The message's public token."""


TOKEN = Token()
Piece = str | Variable | Shared | Fragment | Token


@dataclass
class Facts:
    """What a node is made of, its children included."""

    paths: list[list[object]] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    filters: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, nodes: list[Node], context: RenderContext) -> "Facts":
        """Look through nodes once; what is no plain name in a path is None there."""
        facts = cls()
        for found in liquid.expressions(nodes, context):
            if isinstance(found, Path):
                facts.paths.append([each if isinstance(each, str | int) else None for each in found.path])
            elif isinstance(found, StringLiteral):
                facts.texts.add(found.value)
            facts.filters.update(used.name for used in getattr(found, "filters", None) or [])
        return facts


def is_stateful(node: Node, context: RenderContext) -> bool:
    """Tell whether what a node prints may depend on what was run before it, or change what is run after."""
    if isinstance(node, ContentNode | OutputNode):
        return False
    if node.token.value in _STATEFUL:
        return True
    return any(is_stateful(child, context) for child in node.children(context))


def plain_variable(node: OutputNode) -> Variable | None:
    """Return the slot that an output is, None where Liquid has to run it."""
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


def branches(node: IfNode) -> list[tuple[Expression | None, list[Node]]]:
    """Return the conditions of an `if` and what stands under each."""
    found: list[tuple[Expression | None, list[Node]]] = [(node.condition, list(node.consequence.nodes))]
    found += [(each.expression, list(each.block.nodes)) for each in node.alternatives]
    return found + ([(None, list(node.default.nodes))] if node.default else [])


def merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield pieces with neighbouring texts as one."""
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


def context_of(template: BoundTemplate) -> RenderContext:
    """Return a context to look through a template with."""
    return RenderContext(template)
