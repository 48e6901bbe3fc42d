"""Conditions on contacts, for segments; higher apps register theirs. Call inside the account's scope.

`registry` says what may be asked, `tree` compiles a stored tree to one query and tells it in words, `people` finds who
is in it.
"""

from contacts.conditions import profile, standing  # noqa: F401  # they register
from contacts.conditions.people import TooSlow, belongs, count, estimate, matching, sample
from contacts.conditions.registry import (
    At,
    BadSegment,
    Condition,
    Input,
    Operator,
    Values,
    Vocabulary,
    register,
    register_source,
)
from contacts.conditions.tree import DEPTH, RULES, compile_tree, describe

__all__ = [
    "DEPTH",
    "RULES",
    "At",
    "BadSegment",
    "Condition",
    "Input",
    "Operator",
    "TooSlow",
    "Values",
    "Vocabulary",
    "belongs",
    "compile_tree",
    "count",
    "describe",
    "estimate",
    "matching",
    "register",
    "register_source",
    "sample",
]
