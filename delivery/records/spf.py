"""SPF (RFC 7208): judged by what it allows, not by its letters."""

from dataclasses import dataclass, field

from delivery.records.finding import Finding, State
from delivery.records.lookup import Resolver

MOST_LOOKUPS = 10  # RFC 7208 §4.6.4: more is an error to every receiver
_ASKS = ("include", "a", "mx", "ptr", "exists", "redirect")
_DEEPEST = 10


@dataclass
class _Walk:
    target: str
    resolver: Resolver
    lookups: int = 0
    includes_target: bool = False
    problems: list[str] = field(default_factory=list)


def records_in(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of a name's texts that are SPF."""
    return tuple(text for text in texts if text.strip().lower().split(" ")[0] == "v=spf1")


def judge(texts: tuple[str, ...], *, name: str, target: str, resolver: Resolver) -> Finding:
    """Tell whether the SPF record of a name allows `target` (empty: whether it is sound). Raises `LookupFailed`."""
    found = records_in(texts)
    if not found:
        return Finding(State.MISSING, words="Publish this record.")
    if len(found) > 1:
        return Finding(
            State.DIFFERS, found, "There are two SPF records, which counts as none: put all into one, delete the other."
        )
    walk = _Walk(target, resolver)
    _walk(found[0], name, walk, 0)
    if walk.problems:
        return Finding(State.DIFFERS, found, walk.problems[0])
    if walk.lookups > MOST_LOOKUPS:
        words = (
            f"It leads to {walk.lookups} look-ups and receivers stop at {MOST_LOOKUPS}: remove includes you don't use."
        )
        return Finding(State.DIFFERS, found, words)
    if target and not walk.includes_target:
        return Finding(State.DIFFERS, found, f"Add include:{target} to it, before the word that ends in “all”.")
    return Finding(State.MATCHES, found)


def _walk(text: str, name: str, walk: _Walk, depth: int) -> None:
    for term in text.split()[1:]:
        bare = term.lower().lstrip("+-?~")
        word, _, value = bare.replace("=", ":", 1).partition(":")
        word = word.partition("/")[0]
        if word not in (*_ASKS, "ip4", "ip6", "all", "exp") and "=" not in term:
            walk.problems.append(f"“{term[:40]}” is no part of SPF: receivers take the whole record for an error.")
        if word == "all" and term.lower() in ("all", "+all"):
            walk.problems.append(f"The record of {name} ends in “{term}”, which lets anybody send: write ~all.")
        if word in _ASKS:
            walk.lookups += 1
        if word in ("include", "redirect") and value and term[0] not in "-?~":
            _follow(value.rstrip("."), walk, depth)


def _follow(host: str, walk: _Walk, depth: int) -> None:
    is_target = host == walk.target
    walk.includes_target = walk.includes_target or is_target
    if depth >= _DEEPEST or walk.lookups > MOST_LOOKUPS or "%" in host:
        return
    found = records_in(walk.resolver.find(host, "TXT").texts)
    if found:
        _walk(found[0], host, walk, depth + 1)
    elif not is_target:  # ours is our own duty
        walk.problems.append(
            f"It includes {host}, which has no SPF record: receivers take that for an error. Remove it."
        )
