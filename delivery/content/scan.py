"""HTML split into elements' tags, comments and text, in one pass that is linear in its length.

The standard library's parser and the obvious regular expressions take quadratic time on hostile input.
"""

import re
from collections.abc import Container, Iterator
from html import unescape
from typing import Literal, NamedTuple

# A “<” that begins nothing is text. What can't end in two ways is never tried again (`*+`): this stays linear.
_MARKUP = re.compile(r"<(?:(!--)|[!?]|(/?)([a-zA-Z][^\s/>]*+)(?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+(>)?)")
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
    while found := _MARKUP.search(html, at):
        start = found.start()
        if start > at:
            yield Token("text", html[at:start], at)
        is_comment, slash, name, is_closed = found.groups()
        if name is None:
            at = _end(html, "-->" if is_comment else ">", start + 4 if is_comment else start)
            yield Token("comment", html[start:at], start)
            continue
        name = name.lower()
        at = found.end() if is_closed else size
        yield Token("close" if slash else "open", html[start:at], start, name)
        if name in raw and not slash:
            close = re.compile(f"</{name}", re.IGNORECASE).search(html, at)
            end = close.start() if close else size
            if end > at:
                yield Token("raw", html[at:end], at, name)
            at = end
    if at < size:
        yield Token("text", html[at:], at)


def _end(html: str, closing: str, at: int) -> int:
    """Return where something ends that began before `at`: with the text where it is not closed."""
    found = html.find(closing, at)
    return len(html) if found < 0 else found + len(closing)
