"""Rich text as the editor writes it: a little HTML, cleaned to what the layout styles."""

import re
from html import unescape

import nh3

from delivery.content import liquid
from delivery.content.html import check_shape
from delivery.content.problems import CannotCompile

_TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "div", "em", "figcaption", "figure", "h1", "h2", "h3", "hr", "i", "img",
    "li", "ol", "p", "pre", "s", "span", "strong", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "width", "height", "title"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


def plain_liquid(source: str) -> str:
    """Return the source with Liquid as it was typed: the editor writes `<`, `&` and blanks in it as HTML does."""
    out, last = [], 0
    for start, text in liquid.pieces(source):
        out += [source[last:start], unescape(text).replace("\xa0", " ")]
        last = start + len(text)
    return "".join(out) + source[last:]


def clean(html: str) -> str:
    """Return the HTML without what no layout styles; the words that stand for Liquid pass through.

    Raises `CannotCompile`: the cleaner takes minutes on what is nested by the thousand.
    """
    problems = check_shape(html)
    if problems:
        raise CannotCompile(problems)
    cleaned = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None)
    return re.sub(r"<(?:div|p)>\s*</(?:div|p)>", "", str(cleaned))
