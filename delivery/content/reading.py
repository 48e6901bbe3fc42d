"""HTML read as text, for the text part and for what becomes Markdown.

Inscriptis does it; here is what keeps it quick on a newsletter, whose styles come again and again, and whose lines are put
together word by word rather than character by character.
"""

from copy import copy
from html import unescape
from typing import Any

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.canvas import Canvas
from inscriptis.model.canvas.block import Block
from inscriptis.model.config import ParserConfig
from inscriptis.model.css import CssParse
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from inscriptis.model.tag.table_tag import table_start_handler, td_start_handler


def as_text(html: str, *, has_links: bool = True) -> str:
    """Return HTML as text, whose lines all begin at the left; links are followed by where they lead."""
    mapping = CustomHtmlTagHandlerMapping(
        start_tag_mapping={"html": _begin, "table": _table, "td": _cell, "th": _cell}, end_tag_mapping={}
    )
    # Each reading has a body of its own: inscriptis keeps in it where its words go.
    css = CSS_PROFILES["strict"] | {"body": copy(CSS_PROFILES["strict"]["body"])}
    config = ParserConfig(css=css, display_links=has_links, custom_html_tag_handler_mapping=mapping)
    handler = config.attribute_handler
    handler.attribute_mapping = handler.attribute_mapping | {"style": _Styles().apply, "align": _left}
    return str(get_text(html, config))


class _Line(Block):  # type: ignore[misc]  # inscriptis has no types
    """A line that gets its words in one go."""

    collapsable_whitespace: bool

    def merge_normal_text(self, text: str) -> None:
        if not text:
            return
        has_gap = not self.collapsable_whitespace and text[0].isspace()
        words = " ".join(text.split())
        if words:
            self.collapsable_whitespace = text[-1].isspace()
            words = f"{' ' if has_gap else ''}{words}{' ' if self.collapsable_whitespace else ''}"
        elif has_gap:
            self.collapsable_whitespace = True
            words = " "
        else:
            return
        if not self._content:
            words = self.prefix.first + words
        words = unescape(words)
        self._content += words
        self.idx += len(words)

    def new_block(self) -> Block:
        self.prefix.consumed = False
        return _Line(self.idx + 1, self.prefix)


class _Styles:
    """What the styles of one document say that shows in text, each looked through once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def apply(self, style: str, element: HtmlElement) -> None:
        told = self._known.get(style)
        if told is None:
            told = self._known[style] = ";".join(filter(_shows, style.lower().split(";")))
        if told:
            CssParse.attr_style(told, element)


def _shows(directive: str) -> bool:
    name = directive.partition(":")[0].strip().replace("-webkit-", "").replace("-", "_")
    return hasattr(CssParse, f"attr_{name}")


def _left(value: str, element: HtmlElement) -> None:
    if value == "left":
        CssParse.attr_horizontal_align(value, element)


def _quicken(canvas: Canvas) -> None:
    canvas.current_block = _Line(canvas.current_block.idx, canvas.current_block.prefix)


def _begin(state: HtmlDocumentState, _attributes: Any) -> None:
    _quicken(state.canvas)


def _table(state: HtmlDocumentState, attributes: Any) -> None:
    table_start_handler(state, attributes)
    _quicken(state.tags[-1].canvas)


def _cell(state: HtmlDocumentState, attributes: Any) -> None:
    td_start_handler(state, attributes)
    if state.current_table:
        _quicken(state.tags[-1].canvas)
