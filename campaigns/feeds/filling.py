"""Filling a mail's source with the items of a feed, once for everybody, leaving what is filled for each contact.

Tags and placeholders that name `feed`, an item of it, or what was assigned from them are run; everything else stays as
it is written. Values are plain text. While Liquid runs, each of their characters that means something in Liquid,
Markdown or HTML is a private one, and what is put in its place afterwards prints as that character: a feed's text is
never markup, and never Liquid.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from liquid.exceptions import LiquidError

from delivery.content import liquid, rich
from delivery.content.liquid import Filling
from delivery.content.problems import CannotCompile, Problem
from delivery.services.compiling import Content

_PRIVATE = 0xE100
_ESCAPED = "\\`*_{}[]()<>#+-.!|~&\"'^=:%"
_ASIDE = "\ue000{}\ue001"
_SET_ASIDE = re.compile("\ue000(\\d+)\ue001")
_STRINGS = re.compile(r"\"[^\"]*\"|'[^']*'")
_NAME = re.compile(r"(?<![\w.])([A-Za-z_]\w*)")
_TAG = re.compile(r"\{%-?\s*(\w+|#)")
_FOR = re.compile(r"for\s+(\w+)\s+in\b")
_ASSIGN = re.compile(r"(?:assign|capture)\s+(\w+)")
_PERSONS = {"contact", "campaign"}  # what is filled for each
_BLOCKS = {"if", "unless", "case", "for", "capture"}
_MIDDLE = {"else", "elsif", "when"}
_SHIELD = {ord(each): chr(_PRIVATE + number) for number, each in enumerate(_ESCAPED)}
_BRACE = "{{ '{' }}"
_IN_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&#39;", "{": _BRACE}
_IN_MARKDOWN = {each: f"\\{each}" for each in _ESCAPED} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "{": _BRACE}
_PLAIN = {"{": _BRACE}


@dataclass
class _Block:
    name: str
    is_feeds: bool
    names: set[str] = field(default_factory=set)


def uses_feed(content: Content) -> bool:
    """Tell whether a mail has anything of a feed in it."""
    return any("feed" in part for part in (content.source, content.subject, content.preheader, content.text))


def values(*, title: str, url: str, items: Sequence[Mapping[str, str]], zone: str) -> dict[str, object]:
    """Return what a mail may say of a feed; dates are by the clock of `zone`."""
    return {"feed": {"title": _shielded(title), "url": _shielded(url), "items": [_item(each, zone) for each in items]}}


def fill(content: Content, given: Mapping[str, object]) -> Content:
    """Return the content with the feed's parts filled in. Raises `CannotCompile`."""
    if content.kind == "rich":
        content = replace(content, source=rich.plain_liquid(content.source))
    how = _IN_MARKDOWN if content.kind == "markdown" else _IN_HTML
    return replace(
        content,
        subject=_fill(content.subject, given, _PLAIN, "subject"),
        preheader=_fill(content.preheader, given, _PLAIN, "preheader"),
        source=_fill(content.source, given, how, "body"),
        text=_fill(content.text, given, _PLAIN, "text"),
    )


def _item(item: Mapping[str, str], zone: str) -> dict[str, str | None]:
    # What is missing is none: to Liquid an empty text is as true as any other.
    names = ("title", "summary", "author", "url", "picture")
    told: dict[str, str | None] = {name: _shielded(item.get(name, "")) or None for name in names}
    if item.get("published"):
        local = datetime.fromisoformat(item["published"]).astimezone(ZoneInfo(zone))
        told |= {"date": f"{local.day} {local:%B %Y}", "time": f"{local:%H:%M}", "published": f"{local:%Y-%m-%d %H:%M}"}
    return told


def _shielded(text: str) -> str:
    return text.translate(_SHIELD)


def _fill(source: str, given: Mapping[str, object], escapes: Mapping[str, str], part: str) -> str:
    if "feed" not in source:
        return source
    problems = liquid.check(source, part=part, known=None)
    if problems:
        raise CannotCompile(problems)
    clean = re.sub("[\ue000-\uf8ff]", "", source)
    kept: list[str] = []
    run = _set_others_aside(clean, kept, part)
    try:
        template = liquid.parse(run, html=False)
        filling = Filling(template, given)
        done = "".join(filling.run(node) for node in template.nodes)
    except LiquidError as error:
        raise CannotCompile([Problem(liquid.sentence(error), part=part)]) from None
    done = "".join(_unshielded(each, escapes) for each in done)
    return _SET_ASIDE.sub(lambda match: kept[int(match[1])], done)


def _unshielded(char: str, escapes: Mapping[str, str]) -> str:
    number = ord(char) - _PRIVATE
    if not 0 <= number < len(_ESCAPED):
        return char
    return escapes.get(_ESCAPED[number], _ESCAPED[number])


def _set_others_aside(source: str, kept: list[str], part: str) -> str:
    """Return the source in which a mark stands for every piece that is not the feed's; `kept` gets those."""
    out, last, blocks, assigned = [], 0, list[_Block](), {"feed"}
    for start, text in liquid.pieces(source):
        if not _is_feeds(text, blocks, assigned, part):
            out += [source[last:start], _ASIDE.format(len(kept))]
            kept.append(text)
        else:
            out += [source[last:start], text]
        last = start + len(text)
    return "".join(out) + source[last:]


def _is_feeds(text: str, blocks: list[_Block], assigned: set[str], part: str) -> bool:
    tag = _TAG.match(text)
    name = tag[1] if tag else ""
    known = assigned.union(*(each.names for each in blocks))
    used = {match[1] for match in _NAME.finditer(_STRINGS.sub("", text[2:-2]))}
    mine = bool(used & known)
    if name.startswith("end") and name != "end":
        return blocks.pop().is_feeds if blocks else False
    if name in ("break", "continue"):
        return next((each.is_feeds for each in reversed(blocks) if each.name == "for"), False)
    if name in _MIDDLE:
        is_feeds = bool(blocks) and blocks[-1].is_feeds
        if (mine and not is_feeds) or (is_feeds and used & _PERSONS):
            raise CannotCompile([_mixed(part)])
        return is_feeds
    if mine and used & _PERSONS:
        raise CannotCompile([_mixed(part)])
    if name in _BLOCKS:
        loop = _FOR.search(text) if name == "for" else None
        blocks.append(_Block(name, mine, {loop[1], "forloop"} if mine and loop else set()))
    if mine and name in ("assign", "capture") and (made := _ASSIGN.search(text)):
        assigned.add(made[1])
    return mine


def _mixed(part: str) -> Problem:
    return Problem("One placeholder can't name both the feed and the contact. Write one after the other.", part=part)
