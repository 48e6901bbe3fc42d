"""The visual way of writing: MJML made ready for an editor that reads XML, and its document made MJML again.

The editor drops what is no well-formed XML, so that everything is rewritten before it opens. A section that is shown to
some only stands there as one element with the condition in an attribute; in the source it is Liquid around it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape, unescape

from delivery.content import mjml
from delivery.content.liquid import single_pieces
from delivery.content.placeholders import SetAside
from delivery.content.problems import CannotCompile, Problem
from delivery.content.scan import Token, scan

CONDITION = "data-ec-if"
EMPTY = """<mjml>
  <mj-body background-color="#f4f5f7">
    <mj-section background-color="#ffffff">
      <mj-column>
        <mj-text font-size="16px" line-height="1.5"><p>Write something people will look forward to.</p></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
# Nothing that loads, sends or changes a page by itself is ever drawn in the editor, which is a page of ours.
_NEVER_DRAWN = {"script", "iframe", "object", "embed", "form", "meta", "base", "link", "svg", "math", "template"}
_ENDIF = re.compile(r"\{%-?\s*endif\s*-?%\}")
_NAME = re.compile(r"[a-z_][-\w.]*")


@dataclass
class _Node:
    """An element; its children are elements, and texts and comments as they stand in XML."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["_Node | str"] = field(default_factory=list)

    @property
    def elements(self) -> list["_Node"]:
        return [each for each in self.children if isinstance(each, _Node)]


def opened(source: str) -> str:
    """Return the XML that the editor opens. Raises `CannotCompile` where the editor would lose any of it."""
    if not source.strip():
        source = EMPTY
    aside = SetAside(source)
    made = mjml.to_html(aside.text, place=aside.place, pieces=aside.numbers, at_piece=aside.place_of)
    if not isinstance(made, str):
        raise CannotCompile(made)
    root = _read(aside.text, aside)
    if root is None or [each.name for each in root.elements].count("mj-body") != 1:
        raise CannotCompile([Problem("The visual editor needs one <mj-body> inside <mjml>.")])
    _refuse(root)
    _fold(root)
    return _write(root)


def stored(document: str) -> str:
    """Return the MJML of what the editor made; what can't be read stays as it is, for the checks to complain of."""
    root = _read(document, None)
    if root is None:
        return document
    _unfold(root)
    return _with_liquid(_indented(root)) + "\n"


def settled(document: str, *, known: str) -> str:
    """Return the MJML of what the editor made: what is `known`, to the byte, where nothing was changed."""
    made = stored(document)
    try:
        is_same = stored(opened(known)) == made
    except CannotCompile:
        is_same = False
    return known if is_same else made


def kept(element: str) -> tuple[str, bool]:
    """Return a part of the editor's document as a small MJML mail of its own, and whether it stands in a column.

    Raises `CannotCompile` where the editor could not open it again.
    """
    found = re.match(r"\s*<([a-z-]+)", element)
    name = found[1] if found else ""
    in_column = name not in ("mj-section", "mj-wrapper", "mj-hero", "mj-column")
    if name == "mj-column":
        element = f"<mj-section>{element}</mj-section>"
    elif in_column:
        element = f"<mj-section><mj-column>{element}</mj-column></mj-section>"
    source = stored(f"<mjml><mj-body>{element}</mj-body></mjml>")
    part_of(source, in_column=in_column)
    return source, in_column


def part_of(source: str, *, in_column: bool) -> str:
    """Return what the editor puts into a mail of what `kept` made. Raises `CannotCompile`."""
    root = _read(opened(source), None)
    node = root.elements[0] if root else _Node("")
    for _ in range(2 if in_column else 0):
        node = node.elements[0] if node.elements else node
    if not node.elements or (in_column and node.name != "mj-column"):
        raise CannotCompile([Problem("This can't be kept as a block.")])
    return "".join(_write(each) for each in node.elements)


def _read(text: str, aside: SetAside | None) -> _Node | None:
    """Return the tree of a text (None: it is none); with `aside`, its words become Liquid again."""
    top = _Node("")
    path = [top]
    for token in scan(text, raw=frozenset()):
        if not _take(path, token, aside.put_back if aside else str) or len(path) > mjml.MAX_DEPTH + 1:
            return None
    found = top.elements
    return found[0] if len(path) == 1 and len(found) == 1 and found[0].name == "mjml" else None


def _take(path: list[_Node], token: Token, liquid: Callable[[str], str]) -> bool:
    """Put one stretch of text where it belongs; False where it can't be."""
    if token.kind == "open":
        values = {name: escape(liquid(value or "")) for name, value in reversed(token.attributes())}
        node = _Node(token.name, {name: values[name] for name in reversed(values)})
        path[-1].children.append(node)
        if not token.text.endswith("/>") and token.name not in mjml.VOID:
            path.append(node)
    elif token.kind == "close" and token.name not in mjml.VOID:
        return path.pop().name == token.name
    elif token.kind == "comment":
        path[-1].children.append(liquid(token.text))
    elif token.kind == "text" and (token.text.strip() or path[-1].name not in mjml.HOLDERS):
        path[-1].children.append(escape(liquid(unescape(token.text)), quote=False))
    return True


def _refuse(node: _Node, *, is_code: bool = False) -> None:
    """Raise for what XML can't hold, and for what is never drawn where it is not in code."""
    names = [name for name in (node.name, *node.attributes) if not _NAME.fullmatch(name)]
    if node.name in _NEVER_DRAWN and not is_code:
        names.append(f"<{node.name}> outside <mj-raw>")
    if names:
        message = f"The visual editor can't hold {names[0]}. Take it out, or go on writing this mail as MJML."
        raise CannotCompile([Problem(message)])
    for child in node.elements:
        _refuse(child, is_code=is_code or node.name in ("mj-raw", "mj-head"))


def _fold(node: _Node) -> None:
    """Make one element of each that stands alone between an `if` and its `endif`."""
    at, kept = 0, list[_Node | str]()
    while at < len(node.children):
        child = node.children[at]
        follow = node.children[at + 1 : at + 3]
        condition = _condition(child, *follow) if len(follow) == 2 else None
        if condition is not None and isinstance(follow[0], _Node):
            follow[0].attributes[CONDITION] = condition
            child, at = follow[0], at + 2
        if isinstance(child, _Node) and child.name not in ("mj-raw", "mj-head"):
            _fold(child)
        kept.append(child)
        at += 1
    node.children = kept


def _condition(first: "_Node | str", shown: "_Node | str", last: "_Node | str") -> str | None:
    begins, ends = _words(first), _words(last)
    if not isinstance(shown, _Node) or shown.name == "mj-raw" or CONDITION in shown.attributes:
        return None
    found = _if(begins)
    return escape(unescape(found)) if found and _ENDIF.fullmatch(ends) else None


def _words(node: "_Node | str") -> str:
    """Return what stands in an <mj-raw> that holds nothing but text."""
    if isinstance(node, str) or node.name != "mj-raw" or node.elements or node.attributes:
        return ""
    return "".join(each for each in node.children if isinstance(each, str)).strip()


def _if(tag: str) -> str:
    """Return the condition of a text that is one tag `if`, else nothing."""
    inside = tag[2:-2]
    if not (tag.startswith("{%") and tag.endswith("%}")) or "%}" in inside:
        return ""
    name, *condition = inside.removeprefix("-").removesuffix("-").split(maxsplit=1)[:2] or [""]
    return condition[0].rstrip() if name == "if" and condition else ""


def _unfold(node: _Node) -> None:
    kept = list[_Node | str]()
    for child in node.children:
        if isinstance(child, str):
            kept.append(child)
            continue
        _unfold(child)
        condition = " ".join(unescape(child.attributes.pop(CONDITION, "")).replace("%}", "").split())
        if condition:
            begins = escape(f"{{% if {condition} %}}", quote=False)
            kept += [_Node("mj-raw", {}, [begins]), child, _Node("mj-raw", {}, ["{% endif %}"])]
        else:
            kept.append(child)
    node.children = kept


def _tag(node: _Node) -> str:
    return " ".join([node.name, *(f'{name}="{value}"' for name, value in node.attributes.items())])


def _write(node: _Node) -> str:
    if node.name in mjml.VOID:
        return f"<{_tag(node)} />"
    inside = "".join(each if isinstance(each, str) else _write(each) for each in node.children)
    return f"<{_tag(node)}>{inside}</{node.name}>"


def _indented(node: _Node, depth: int = 0) -> str:
    """Return it with a line to each element that MJML lays out, and what people read left alone."""
    if node.name not in mjml.HOLDERS or not node.children:
        return "  " * depth + _write(node)
    lines = [
        "  " * (depth + 1) + each if isinstance(each, str) else _indented(each, depth + 1) for each in node.children
    ]
    edge = "  " * depth
    return "\n".join([f"{edge}<{_tag(node)}>", *lines, f"{edge}</{node.name}>"])


def _with_liquid(text: str) -> str:
    """Return the text with Liquid as it is written, not as XML writes it."""
    out, last = [], 0
    for start, piece in single_pieces(text):
        out += [text[last:start], unescape(piece)]
        last = start + len(piece)
    return "".join(out) + text[last:]
