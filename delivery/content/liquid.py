"""Liquid with every bound that a template from outside needs; parsed once, run per recipient."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from liquid import BoundTemplate, Environment, Node, RenderContext, Undefined
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import Filter, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.expression import Expression
from liquid.output import LimitedStringIO

from delivery.content import dates
from delivery.content.deadline import Deadline
from delivery.content.filters import as_text, bounded_filters
from delivery.content.problems import Problem, position

MAX_SOURCE = 500_000
MAX_TAGS = 2_000
MAX_TAG_LENGTH = 2_000
MAX_LIQUID = 100_000
MAX_SAID = 50
MAX_RANGE = 1_000
MAX_OUTPUT = 500_000

# raw is refused: what it prints would pass by the cleaning.
_OPENING = re.compile(r"\{[{%]")
_RAW = re.compile(r"\{%-?\s*(raw|doc)\b")
_COMMENT = re.compile(r"\{%-?\s*(end)?comment\b")
# The first three are python-liquid's own names for text, output and what is wrong.
_TAGS = {"content", "output", "illegal"} | {
    *("if", "unless", "case", "for", "break", "continue", "assign", "capture", "comment", "echo", "cycle"),
    *("increment", "decrement", "#"),
}


class TakesTooLong(ResourceLimitError):
    """Filling one message took longer than its deadline."""


class CannotFill(LiquidError):
    """A filter met a value that it can't take."""


class _Output(LimitedStringIO):
    deadline: Deadline | None = None

    def write(self, text: str, /) -> int:
        if self.deadline is not None and self.deadline.is_over():
            raise TakesTooLong("this takes too long", token=None)
        return super().write(text)


class _Context(RenderContext):
    deadline: Deadline | None = None
    _disabled: Any = ()

    # Each node of a template looks here before it runs, even where it prints nothing and calls no filter.
    @property
    def disabled_tags(self) -> Any:
        if self.deadline is not None and self.deadline.is_over():
            raise TakesTooLong("this takes too long", token=None)
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, names: Any) -> None:
        self._disabled = names

    def filter(self, name: str, token: Any) -> Any:
        if self.deadline is not None and self.deadline.is_over():
            raise TakesTooLong("this takes too long", token=token)
        return super().filter(name, token)

    def copy(self, *args: Any, **kwargs: Any) -> RenderContext:
        raise NotImplementedError("No tag of a mail copies its context.")


class _Template(BoundTemplate):
    context_class = _Context


class _Environment(Environment):
    block_nesting_limit = 20
    context_depth_limit = 20
    loop_iteration_limit = 10_000
    local_namespace_limit = 200_000
    output_stream_limit = MAX_OUTPUT
    template_class = _Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        self.tags = {name: tag for name, tag in self.tags.items() if name in _TAGS}
        self.filters = bounded_filters(self)


# Fields are checked by name before; one that a contact has no value in is empty, in conditions too.
HTML = _Environment(undefined=Undefined, autoescape=True)
PLAIN = _Environment(undefined=Undefined, autoescape=False)
# What makes HTML of a text leaves it alone where it is read as it stands.
PLAIN.filters |= dict.fromkeys(("escape", "escape_once", "newline_to_br"), as_text)


def parse(source: str, *, html: bool) -> BoundTemplate:
    """Parse a source that `check` found nothing wrong with. Raises `LiquidError`."""
    return (HTML if html else PLAIN).from_string(source)


def check(source: str, *, part: str, known: frozenset[str] | None) -> list[Problem]:
    """Return what is wrong with a source; `known` has the fields there are (`contact.first_name`), None for any."""
    found = _check_sizes(source, part)
    if found:
        return found
    try:
        template = parse(source, html=part == "body")
    except LiquidError as error:
        at = error.token.start_index if error.token else -1
        at = at if at >= 0 else _first_bad_output(source)
        return [Problem(sentence(error), *(position(source, at) if at >= 0 else (0, 0)), part)]
    found = [*_check_ranges(template, source, part), *_check_filters(template, source, part)]
    found += _check_fields(template, source, part, known) if known is not None else []
    return found or _check_run(template, source, part)


def _first_bad_output(source: str) -> int:
    """Return where the first placeholder begins that can't be read by itself; -1 if each can."""
    for start, text in pieces(source):
        if text.startswith("{{"):
            try:
                PLAIN.from_string(text)
            except LiquidError:
                return start
    return -1


def _check_sizes(source: str, part: str) -> list[Problem]:
    if len(source) > MAX_SOURCE:
        return [Problem(f"The text is longer than {MAX_SOURCE:,} characters.", part=part)]
    if source.count("{{") + source.count("{%") > MAX_TAGS:
        return [Problem(f"There are more than {MAX_TAGS:,} placeholders and tags.", part=part)]
    raw = _RAW.search(source)
    if raw:
        return [Problem(f"The tag “{raw[1]}” can't be used in a mail.", *position(source, raw.start()), part)]
    for opening in _OPENING.finditer(source):
        if not _piece_end(source, opening.start()):
            message = f"This is not closed, or longer than {MAX_TAG_LENGTH:,} characters."
            return [Problem(message, *position(source, opening.start()), part)]
    if sum(len(text) for _, text in single_pieces(source)) > MAX_LIQUID:
        return [Problem(f"Placeholders and tags have more than {MAX_LIQUID:,} characters together.", part=part)]
    return []


def pieces(source: str) -> Iterator[tuple[int, str]]:
    """Yield start and text of each placeholder, tag, and whole comment block."""
    comment: int | None = None
    for start, text in single_pieces(source):
        kind = _COMMENT.match(text)
        if comment is None and kind and not kind[1]:
            comment = start
        elif comment is None:
            yield start, text
        elif kind and kind[1]:
            yield comment, source[comment : start + len(text)]
            comment = None


def single_pieces(source: str) -> Iterator[tuple[int, str]]:
    """Yield start and text of each placeholder and tag, in a time linear in the source's length."""
    at = 0
    while opening := _OPENING.search(source, at):
        end = _piece_end(source, opening.start())
        if end:
            yield opening.start(), source[opening.start() : end]
        at = end or opening.start() + 1


def _piece_end(source: str, start: int) -> int:
    """Return where the placeholder or tag that begins at `start` ends; 0 if it does not, or is too long."""
    closing = "}}" if source[start + 1] == "{" else "%}"
    found = source.find(closing, start + 2, start + MAX_TAG_LENGTH + 4)
    return found + 2 if found >= 0 else 0


def expressions(nodes: list[Node], context: RenderContext) -> Iterator[Expression]:
    """Yield every expression in a parse tree."""
    for node in nodes:
        for expression in node.expressions():
            yield from _below(expression)
        yield from expressions(list(node.children(context)), context)


def _below(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _below(child)


def _all(template: BoundTemplate) -> list[Expression]:
    return list(expressions(template.nodes, RenderContext(template)))


def _check_ranges(template: BoundTemplate, source: str, part: str) -> list[Problem]:
    found = []
    for expression in _all(template):
        if not isinstance(expression, RangeLiteral):
            continue
        ends = [getattr(end, "value", None) for end in (expression.start, expression.stop)]
        if all(isinstance(end, int) and abs(end) <= MAX_RANGE for end in ends):
            continue
        line, column = position(source, expression.token.start_index)
        found.append(Problem(f"A range needs whole numbers up to {MAX_RANGE:,} at both ends.", line, column, part))
    return found


def _check_filters(template: BoundTemplate, source: str, part: str) -> list[Problem]:
    found: list[Problem] = []
    for expression in _all(template):
        for used in getattr(expression, "filters", None) or []:
            if len(found) >= MAX_SAID:
                return found
            if used.name not in template.env.filters:
                said = f"There is no filter “{used.name}” in mails.{_meant(used.name, template.env.filters)}"
            elif used.name == "date" and (mistake := dates.mistake(literal(used, "long"))):
                said = f"{mistake}.{_meant(literal(used, ''), dates.STYLES)}"
            else:
                continue
            found.append(Problem(said, *position(source, expression.token.start_index), part))
    return found


def literal(used: Filter, default: str) -> str:
    """Return a filter's only argument where it is a text as written; `default` where it is none, or something else."""
    value = getattr(used.args[0], "value", None) if len(used.args) == 1 else None
    said = getattr(value, "value", None)
    return said if isinstance(said, str) else default


def _check_run(template: BoundTemplate, source: str, part: str) -> list[Problem]:
    """Run what is the same for everybody once, so that what can never be filled is said now."""
    context = RenderContext(template)
    tags = [node for node in template.nodes if not isinstance(node, ContentNode)]
    constant = [node for node in tags if not any(isinstance(each, Path) for each in expressions([node], context))]
    filling = Filling(template, {})
    for node in constant:
        try:
            filling.run(node)
        except LiquidError as error:
            return [Problem(sentence(error), *position(source, max(node.token.start_index, 0)), part)]
    return []


def _check_fields(template: BoundTemplate, source: str, part: str, known: frozenset[str]) -> list[Problem]:
    roots = {name.partition(".")[0] for name in known}
    found: list[Problem] = []
    for name, variables in template.analyze().globals.items():
        for variable in variables:
            path = ".".join(str(segment) for segment in variable.segments[:2])
            if path in known or (name in roots and len(variable.segments) == 1 and name in known):
                continue
            if len(found) >= MAX_SAID:
                return found
            line, column = position(source, variable.span.index)
            found.append(Problem(f"There is no field “{path}”.{_meant(path, known)}", line, column, part))
    return found


def _meant(word: str, known: Iterable[str]) -> str:
    """Return a question after the nearest known word, with a space before it; nothing where none is near."""
    choices = sorted(known)
    near = get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    if not near and "." not in word:
        near = [each for each in choices if each.rpartition(".")[2] == word.lower()][:1]
    return f" Did you mean {near[0]}?" if near else ""


def sentence(error: LiquidError) -> str:
    """Return an error as a sentence to the owner."""
    text = str(error.message or "").strip().rstrip(".")
    return f"Liquid can't be read here: {text}."


class Filling:
    """One recipient's run through the Liquid parts of one source; state (assign, cycle) lasts for the run."""

    def __init__(self, template: BoundTemplate, values: Mapping[str, object], deadline: Deadline | None = None) -> None:
        self._context = _Context(template, globals=values)
        self._context.deadline = deadline or Deadline()

    def holds(self, condition: Expression) -> bool:
        """Tell whether a condition is met by this recipient. Raises `LiquidError`."""
        try:
            return bool(condition.evaluate(self._context))
        except LiquidError:
            raise
        except Exception as error:
            raise CannotFill(f"this can't be filled in ({type(error).__name__})", token=None) from error

    def run(self, node: Node) -> str:
        """Return what a node prints for this recipient. Raises `LiquidError`."""
        buffer = _Output(MAX_OUTPUT)
        buffer.deadline = self._context.deadline
        try:
            node.render(self._context, buffer)
        except LiquidError:
            raise
        except Exception as error:  # filters fail on odd values in their own ways: that must stop one message only
            raise CannotFill(f"this can't be filled in ({type(error).__name__})", token=None) from error
        return buffer.getvalue()


def simple_path(expression: Expression) -> tuple[str, ...] | None:
    """Return the names of a plain path such as contact.first_name, None for anything else."""
    if isinstance(expression, Path) and all(isinstance(segment, str) for segment in expression.path):
        return tuple(str(segment) for segment in expression.path)
    return None
