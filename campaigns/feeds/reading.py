"""What a feed (RSS, Atom) says, as plain text: nothing in it is believed to be harmless.

Documents that declare entities, or nest without end, are refused before the parser sees them.
"""

import calendar
import hashlib
import html
import io
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit
from xml.parsers import expat

import feedparser
import nh3

from emailconcert.lib.errors import ExpectedError

MOST_ITEMS = 500
MAX_DEPTH = 100
_TITLE, _SUMMARY, _NAME, _URL = 300, 2_000, 100, 2_000
_SAFE_IN_URLS = "/?#:@!$&'()*+,;=~-._%"
_PICTURE = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)


class NotAFeed(ExpectedError):
    """What the address holds can't be read as a feed."""


@dataclass(frozen=True)
class Item:
    """One item, as plain text; `published` is ISO 8601 in UTC, empty where it is not told."""

    key: str
    title: str
    url: str
    summary: str
    picture: str
    author: str
    published: str

    def as_row(self) -> dict[str, str]:
        """Return what is kept of it."""
        return asdict(self)


@dataclass(frozen=True)
class News:
    """A feed's title and address, and its items, the newest first."""

    title: str
    url: str
    items: tuple[Item, ...]


def read(body: bytes, *, base: str) -> News:
    """Return what a document says; `base` is where it came from. Raises `NotAFeed`."""
    _refuse_traps(body)
    found = feedparser.parse(io.BytesIO(body))  # a file: it takes text for an address or a path
    if not found.get("version") and not found.get("entries"):
        raise NotAFeed("What this address holds is not an RSS or Atom feed.")
    told = found.get("feed", {})
    items = [_item(each, base) for each in found["entries"][:MOST_ITEMS]]
    known: dict[str, Item] = {}
    for each in items:
        if each.title or each.url:
            known.setdefault(each.key, each)
    newest = sorted(known.values(), key=lambda each: each.published, reverse=True)
    return News(_plain(told.get("title_detail"), _TITLE), _address(told.get("link"), base), tuple(newest))


def key_hash(key: str) -> bytes:
    """Return what stands for an item's identity."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


class _Trap(Exception):
    """It is made to do harm."""


def _refuse_traps(body: bytes) -> None:
    depth = 0

    def begin(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _Trap

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def declare(*_given: object) -> None:
        raise _Trap

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.EntityDeclHandler = declare
    try:
        parser.Parse(body, True)
    except _Trap:
        raise NotAFeed("This document declares entities or nests too deeply, so it is not read.") from None
    except (expat.ExpatError, ValueError, LookupError):
        return  # many feeds are not well-formed; the library reads them anyway, and expands nothing then


def _item(entry: Mapping[str, Any], base: str) -> Item:
    url = _address(entry.get("link"), base)
    title = _plain(entry.get("title_detail"), _TITLE)
    content = next(iter(entry.get("content") or ()), None)
    summary = entry.get("summary_detail") or content
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    return Item(
        key=str(entry.get("id") or url or title),
        title=title,
        url=url,
        summary=_plain(summary, _SUMMARY),
        picture=_picture(entry, [each for each in (content, summary) if each], base),
        author=_tidy(str(entry.get("author") or ""), _NAME),
        published=_moment(moment),
    )


def _moment(parsed: Any) -> str:
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC).isoformat() if parsed else ""
    except (ValueError, OverflowError, OSError, TypeError):
        return ""


def _plain(detail: Mapping[str, Any] | None, most: int) -> str:
    """Return text without markup."""
    text = str((detail or {}).get("value") or "")
    if (detail or {}).get("type", "text/html") != "text/plain" or "<" in text:
        spaced = re.sub(r"<(?=/?(?:p|br|div|li|h[1-6]|td)\b)", " <", text, flags=re.IGNORECASE)
        text = html.unescape(nh3.clean(spaced, tags=set(), clean_content_tags={"script", "style"}))
    return _tidy(text, most)


def _tidy(text: str, most: int) -> str:
    # Private characters stand for others while a mail is filled (`filling`).
    kept = "".join(each if each.isprintable() and not "\ue000" <= each <= "\uf8ff" else " " for each in text)
    words = " ".join(kept.split())
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _picture(entry: Mapping[str, Any], texts: list[Mapping[str, Any]], base: str) -> str:
    offered = [each.get("url") for each in entry.get("media_thumbnail") or ()]
    media = [*(entry.get("media_content") or ()), *(entry.get("enclosures") or ())]
    pictures = [each for each in media if str(each.get("type") or each.get("medium") or "").startswith("image")]
    offered += [each.get("url") or each.get("href") for each in pictures]
    offered += [html.unescape(match[1]) for text in texts for match in _PICTURE.finditer(str(text.get("value") or ""))]
    return next((found for each in offered if (found := _address(each, base))), "")


def _address(given: Any, base: str) -> str:
    """Return a web address in ASCII, empty where it is none."""
    try:
        whole = urljoin(base, str(given or "").strip()) if given else ""
        parts = urlsplit(whole)
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[A-Za-z0-9._\-]{1,253}", host):
        return ""
    rest = whole.partition("://")[2].partition(parts.netloc)[2]
    found = f"{parts.scheme}://{host}{port}{quote(rest, safe=_SAFE_IN_URLS)}"
    return found if len(found) <= _URL else ""
