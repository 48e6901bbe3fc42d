"""The tree of a segment: compiled to one query, and told in words.

It is JSON: a group `{"match": "all" | "any" | "none", "rules": [...]}` whose rules are groups or conditions
`{"condition": "country", "operator": "any_of", "values": {"codes": "DE, FR"}}`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Q

from contacts.conditions import reading
from contacts.conditions.registry import BadSegment, Condition, Operator, Vocabulary

DEPTH = 5
RULES = 50
MATCHES = (("all", "all"), ("any", "any"), ("none", "none"))
GONE = "something that is no longer known"


def is_group(rule: object) -> bool:
    """Tell a group from a condition."""
    return isinstance(rule, Mapping) and "match" in rule


def compile_tree(tree: Mapping[str, Any], *, vocabulary: Vocabulary) -> Q:
    """Return the tree as one Q on Contact. Raises `BadSegment`, which says where."""
    if count_rules(tree) > RULES:
        raise BadSegment(f"A segment takes at most {RULES} conditions.")
    return _group(tree, vocabulary, ())


def count_rules(tree: Mapping[str, Any]) -> int:
    """Return how many conditions there are at all levels."""
    return sum(count_rules(rule) if is_group(rule) else 1 for rule in rules_of(tree))


def rules_of(group: Mapping[str, Any]) -> Sequence[Any]:
    """Return a group's rules."""
    rules = group.get("rules")
    return rules if isinstance(rules, list) else []


def describe(tree: Mapping[str, Any], *, vocabulary: Vocabulary) -> str:
    """Return the tree in words, as somebody would read it aloud."""
    words = _say(tree, vocabulary, is_inner=False)
    return words[:1].upper() + words[1:]


def find_parts(rule: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[Condition | None, Operator | None]:
    """Return what a rule names, as far as it is known."""
    condition = vocabulary.find(rule.get("condition"))
    return condition, condition.operator(rule.get("operator")) if condition else None


def _group(tree: Mapping[str, Any], vocabulary: Vocabulary, path: tuple[int, ...]) -> Q:
    rules = rules_of(tree)
    if not rules:
        where = "This group" if path else "A segment"
        raise BadSegment(f"{where} needs at least one condition.", path)
    if len(path) >= DEPTH:
        raise BadSegment(f"Groups lie at most {DEPTH} deep in one another.", path)
    parts = [
        (_group if is_group(rule) else _rule)(rule, vocabulary, (*path, number)) for number, rule in enumerate(rules)
    ]
    match tree.get("match"):
        case "all":
            return _join(parts, Q.AND)
        case "any":
            return _join(parts, Q.OR)
        case "none":
            return ~_join(parts, Q.OR)
        case _:
            raise BadSegment("Choose whether all, any or none of the conditions must hold.", path)


def _join(parts: Sequence[Q], connector: str) -> Q:
    joined = Q()
    for part in parts:
        joined = joined._combine(part, connector)  # type: ignore[attr-defined]  # what & and | call
    return joined


def _rule(rule: Mapping[str, Any], vocabulary: Vocabulary, path: tuple[int, ...]) -> Q:
    if not isinstance(rule, Mapping):
        raise BadSegment("Choose a condition.", path)
    condition, operator = find_parts(rule, vocabulary)
    if condition is None:
        raise BadSegment("Choose a condition. What stood here is no longer known.", path)
    if operator is None:
        raise BadSegment(f"Choose what “{condition.label}” is to be.", path)
    given = rule.get("values")
    try:
        values = reading.read_values(given if isinstance(given, Mapping) else {}, condition, operator, vocabulary)
        return operator.compile(values, vocabulary.at)
    except BadSegment as error:
        raise BadSegment(str(error), path) from None


def _say(tree: Mapping[str, Any], vocabulary: Vocabulary, *, is_inner: bool) -> str:
    parts = [
        _say(rule, vocabulary, is_inner=True) if is_group(rule) else _say_rule(rule, vocabulary)
        for rule in rules_of(tree)
    ]
    if not parts:
        return "nobody yet"
    match = str(tree.get("match"))
    if len(parts) == 1:
        return f"not: {parts[0]}" if match == "none" else parts[0]
    return _SAYINGS.get(match, _both)(parts, is_inner)


def _both(parts: list[str], is_inner: bool) -> str:
    joined = " and ".join(parts)
    return f"({joined})" if is_inner else joined


def _either(parts: list[str], is_inner: bool) -> str:
    return f"either {' or '.join(parts)}" if not is_inner else f"(either {' or '.join(parts)})"


def _neither(parts: list[str], is_inner: bool) -> str:
    return f"neither {' nor '.join(parts)}" if not is_inner else f"(neither {' nor '.join(parts)})"


_SAYINGS: Mapping[str, Callable[[list[str], bool], str]] = {"all": _both, "any": _either, "none": _neither}


def _say_rule(rule: Any, vocabulary: Vocabulary) -> str:
    if not isinstance(rule, Mapping):
        return GONE
    condition, operator = find_parts(rule, vocabulary)
    if condition is None or operator is None:
        return GONE
    given = rule.get("values")
    shown = reading.show_values(given if isinstance(given, Mapping) else {}, operator, vocabulary)
    label = condition.spoken or condition.label[:1].lower() + condition.label[1:]
    return " ".join(filter(None, [label, operator.label, shown]))
