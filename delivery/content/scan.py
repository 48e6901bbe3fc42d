"""HTML split into elements' tags, comments and text, in one pass that is linear in its length.

The standard library's parser and the obvious regular expressions take quadratic time on hostile input.
"""

import re
from collections.abc import Container, Iterator
from html import unescape
from typing import Literal, NamedTuple

_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_TAG_BODY = re.compile(r"[>\"']")
_ATTRIBUTE = re.compile(r"([^\s=/>\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
RAW = {"style", "title", "textarea", "script", "xmp", "noembed", "noframes"}

Kind = Literal["text", "comment", "open", "close", "raw"]


class Token(NamedTuple):
    """One stretch of HTML; `raw` is what stands inside an element such as <style>."""

    kind: Kind
    text: str
    start: int
    name: str = ""

    def attributes(self) -> list[tuple[str, str | None]]:
        """Return the attributes of an opening tag, names in lower case, values with entities resolved."""
        found: list[tuple[str, str | None]] = []
        for match in _ATTRIBUTE.finditer(self.text, len(self.name) + 1, len(self.text) - 1):
            value = match[2]
            if value is not None:
                value = unescape(value[1:-1] if value[0] in "\"'" else value)
            found.append((match[1].lower(), value))
        return found


def scan(html: str, *, raw: Container[str] = RAW) -> Iterator[Token]:
    """Yield every stretch of the text, in order; what is not closed lasts to the end.

    Inside the elements named in `raw` nothing is an element.
    """
    at, size = 0, len(html)
    while at < size:
        start = html.find("<", at)
        if start < 0:
            yield Token("text", html[at:], at)
            return
        token = _markup(html, start)
        if token is None:
            end = html.find("<", start + 1)
            end = size if end < 0 else end
            yield Token("text", html[at:end], at)
            at = end
            continue
        if start > at:
            yield Token("text", html[at:start], at)
        yield token
        at = start + len(token.text)
        if token.kind == "open" and token.name in raw:
            close = re.compile(f"</{token.name}", re.IGNORECASE).search(html, at)
            end = close.start() if close else size
            if end > at:
                yield Token("raw", html[at:end], at, token.name)
            at = end


def _markup(html: str, start: int) -> Token | None:
    if html.startswith("<!--", start):
        end = html.find("-->", start + 4)
        return Token("comment", html[start:] if end < 0 else html[start : end + 3], start)
    if html.startswith(("<!", "<?"), start):
        end = html.find(">", start)
        return Token("comment", html[start:] if end < 0 else html[start : end + 1], start)
    match = _TAG.match(html, start)
    if not match:
        return None
    end = _tag_end(html, match.end())
    return Token("close" if html[start + 1] == "/" else "open", html[start:end], start, match[1].lower())


def _tag_end(html: str, at: int) -> int:
    while True:
        match = _TAG_BODY.search(html, at)
        if match is None:
            return len(html)
        at = match.start()
        if html[at] == ">":
            return at + 1
        close = html.find(html[at], at + 1)
        if close < 0:
            return len(html)
        at = close + 1
