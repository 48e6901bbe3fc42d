"""The segment builder's form: a tree of groups and conditions as named inputs, read back whole whatever was pressed.

Every node posts `node` with its place and kind, in order: `0` is the outermost group, `0.2` its third part. Beside it
stand `match:0`, `condition:0.2`, `operator:0.2` and `value:0.2:days`. Buttons post `do`: what to do and where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from contacts.conditions import DEPTH, RULES, BadSegment, Condition, Input, Operator, Vocabulary
from contacts.conditions.reading import read_codes
from contacts.conditions.tree import MATCHES, find_parts, is_group, rules_of

_MOST_NODES = 3 * RULES
_LONGEST = 300
_DEEPEST = 2 * DEPTH  # no button leads there: what was made up is not drawn
Tree = dict[str, Any]


@dataclass
class Asked:
    """An input of a condition with what was typed or chosen."""

    asked: Input
    place: str
    texts: list[str]
    choices: Sequence[tuple[str, str]]

    @property
    def menus(self) -> list[tuple[str, bool]]:
        """Return each code with whether it is unknown to the menu, and an empty one for the next."""
        known = {code for code, _ in self.choices}
        return [*((code, code not in known) for code in self.texts), ("", False)]

    @property
    def text(self) -> str:
        """Return the one value."""
        return self.texts[0] if self.texts else ""


@dataclass
class Drawn:
    """A group or a condition as the page draws it."""

    place: str
    is_group: bool
    match: str = ""
    parts: list["Drawn"] = field(default_factory=list)
    condition: Condition | None = None
    operator: Operator | None = None
    inputs: list[Asked] = field(default_factory=list)
    problem: str = ""
    is_new: bool = False
    may_nest: bool = False

    @property
    def joiner(self) -> str:
        """Return the word that stands between the group's parts."""
        return {"any": "or", "none": "nor"}.get(self.match, "and")

    @property
    def label(self) -> str:
        """Return a name for people who hear the page: "Condition 1.2"."""
        below = [str(int(each) + 1) for each in self.place.split(".")[1:]]
        return " ".join(filter(None, ["Group" if self.is_group else "Condition", ".".join(below)]))


def read_tree(posted: QueryDict) -> Tree:
    """Return the tree as it stands in the form, whether or not it can be compiled."""
    root: Tree = {"match": _match(posted, "0"), "rules": []}
    groups: dict[str, Tree] = {"0": root}
    for node in posted.getlist("node")[:_MOST_NODES]:
        kind, _, place = node.partition(":")
        parent = groups.get(place.rpartition(".")[0])
        if parent is None or place.count(".") > _DEEPEST:
            continue
        rule = {"match": _match(posted, place), "rules": []} if kind == "group" else _read_rule(posted, place)
        parent["rules"].append(rule)
        if kind == "group":
            groups[place] = rule
    return root


def change_tree(tree: Tree, do: str) -> str:
    """Do what a button says: `rule:0`, `group:0.1` add a part, `remove:0.1.2` takes one away. Return the new part's place."""
    what, _, place = do.partition(":")
    try:
        steps = [int(each) for each in place.split(".")][1:]
        parent, target = tree, tree
        for step in steps:
            parent, target = target, target["rules"][step]
        if what == "remove" and steps:
            del parent["rules"][steps[-1]]
        elif what in {"rule", "group"} and is_group(target):
            target["rules"].append({} if what == "rule" else {"match": "any", "rules": [{}]})
            added = f"{place}.{len(target['rules']) - 1}"
            return added if what == "rule" else f"{added}.0"
    except (ValueError, IndexError, KeyError):
        pass  # the button of a part that is gone: the form stays as it is
    return ""


def draw(tree: Mapping[str, Any], vocabulary: Vocabulary, *, problem: BadSegment | None = None, new: str = "") -> Drawn:
    """Return the tree for the page, with what is wrong beside its part; `new` is the place of a part just added."""
    wrong = ".".join(["0", *map(str, problem.path)]) if problem and problem.path else ""
    return _draw(tree, vocabulary, "0", {wrong: str(problem)} if wrong else {}, new)


def _draw(rule: Any, vocabulary: Vocabulary, place: str, problems: Mapping[str, str], new: str) -> Drawn:
    drawn = Drawn(place, is_group(rule), problem=problems.get(place, ""), is_new=place == new)
    if drawn.is_group:
        drawn.match = str(rule.get("match"))
        drawn.may_nest = place.count(".") < DEPTH - 1
        drawn.parts = [
            _draw(part, vocabulary, f"{place}.{number}", problems, new) for number, part in enumerate(rules_of(rule))
        ]
    elif isinstance(rule, Mapping):
        drawn.condition, drawn.operator = find_parts(rule, vocabulary)
        if drawn.condition and drawn.operator is None:
            drawn.operator = drawn.condition.operators[0]
        given = rule.get("values")
        for asked in drawn.operator.inputs if drawn.operator else ():
            raw = given.get(asked.name) if isinstance(given, Mapping) else None
            texts = [str(each) for each in (raw if isinstance(raw, list) else [raw]) if each not in (None, "")]
            if asked.kind == "codes":
                texts = list(dict.fromkeys(code for each in texts for code in read_codes(each, asked)))
            drawn.inputs.append(Asked(asked, place, texts, vocabulary.choices(asked)))
    return drawn


def _match(posted: QueryDict, place: str) -> str:
    chosen = posted.get(f"match:{place}", "")
    return chosen if chosen in dict(MATCHES) else "all"


def _read_rule(posted: QueryDict, place: str) -> Tree:
    values: dict[str, Any] = {}
    beginning = f"value:{place}:"
    for name in posted:
        if name.startswith(beginning):
            texts = [each[:_LONGEST] for each in posted.getlist(name) if each]
            if texts:
                values[name.removeprefix(beginning)] = texts if len(texts) > 1 else texts[0]
    condition, operator = posted.get(f"condition:{place}", ""), posted.get(f"operator:{place}", "")
    if condition != posted.get(f"drawn:{place}", condition):
        operator = ""  # another condition was chosen: its operators are others
    return {"condition": condition[:60], "operator": operator[:30], "values": values}
