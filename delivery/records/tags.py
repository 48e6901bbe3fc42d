"""Lists of `tag=value;` as DKIM and DMARC records have them (RFC 6376 §3.2)."""

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class BadTags(Exception):
    """It is no such list; the message is a sentence to the owner."""


def parse(text: str) -> dict[str, str]:
    """Return the tags in their order, names in lower case. Raises `BadTags`."""
    if text.startswith('"') or text.endswith('"'):
        raise BadTags("The quotation marks were stored as part of the value: enter it without them.")
    found: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not _NAME.fullmatch(name):
            raise BadTags(f"“{part[:40]}” is not written as name=value; parts are separated by semicolons.")
        if name in found:
            raise BadTags(f"“{name}=” stands in it twice.")
        found[name] = value.strip()
    return found
