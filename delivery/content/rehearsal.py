"""Filling a mail for one person without sending it, to learn whether it can be filled, and where it fails if not.

Only what can fail is run: the parts that need Liquid. Bytes that never change and plain variables print for everybody.
"""

from liquid import Node
from liquid.exceptions import LiquidError

from delivery.content import liquid
from delivery.content.deadline import Deadline
from delivery.content.pieces import Fragment
from delivery.content.problems import Problem, position
from delivery.content.program import Part, Program, Values

_TOKEN = "rehearsal"  # noqa: S105  # stands where a message's token would


class Rehearsal:
    """One mail, ready to be tried for many people; `written` has what its owner wrote, by part."""

    def __init__(self, program: Program, written: dict[str, str]) -> None:
        self._written = written
        own_text = "text" if written.get("text", "").strip() else "body"
        parts = (("subject", program.subject), ("body", program.html), (own_text, program.text))
        found = (
            (name, part, [each.node for each in part.pieces if isinstance(each, Fragment)]) for name, part in parts
        )
        self._to_run: list[tuple[str, Part, list[Node]]] = [each for each in found if each[2]]

    @property
    def can_fail(self) -> bool:
        """Tell whether there is anything in it that could fail for one person."""
        return bool(self._to_run)

    def problem_for(self, values: Values) -> Problem | None:
        """Return what keeps it from being filled for somebody, None where nothing does."""
        deadline = Deadline()
        for name, part, nodes in self._to_run:
            filling = part.filling(values, _TOKEN, deadline)
            for node in nodes:
                try:
                    filling.run(node)
                except LiquidError as error:
                    return self._problem(error, node, name, part)
        return None

    def _problem(self, error: LiquidError, node: Node, name: str, part: Part) -> Problem:
        token = error.token if error.token is not None and error.token.start_index >= 0 else node.token
        said = str(error.message or "").strip().rstrip(".") or "it can't be read"
        return Problem(f"This can't be filled in: {said}.", *self._place(token.start_index, name, part), name)

    def _place(self, index: int, name: str, part: Part) -> tuple[int, int]:
        """Return where its owner wrote what stands at an index of the finished source; (0, 0) where that is not known."""
        finished = part.source
        before = [(start, text) for start, text in liquid.pieces(finished) if start <= index]
        if not before:
            return 0, 0
        start, text = before[-1]
        occurrence = sum(each == text for _, each in before)
        source = self._written.get(name, "")
        places = [at for at, each in liquid.pieces(source) if each == text]
        if not places:
            return 0, 0
        at = places[min(occurrence, len(places)) - 1]
        return position(source, at + (index - start if index - start < len(text) else 0))
