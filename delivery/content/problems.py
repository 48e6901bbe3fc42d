"""What is wrong with what an owner wrote, and where."""

from dataclasses import dataclass

from emailconcert.lib.errors import ExpectedError


@dataclass(frozen=True)
class Problem:
    """One mistake: a sentence, and the place in the owner's own text (counted from 1; 0 where there is none)."""

    message: str
    line: int = 0
    column: int = 0
    part: str = "body"

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        return f"{self.message}{place}"


class CannotCompile(ExpectedError):
    """The content has mistakes; `problems` has each with its place."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def position(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of a place in a text."""
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1
