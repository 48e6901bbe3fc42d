"""The archive as an Atom feed. Source: RFC 4287; ids are tag URIs (RFC 4151), which outlive a change of host."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree as ET  # writes only; nothing from outside is parsed

from campaigns.archive_queries import Entry

ATOM = "http://www.w3.org/2005/Atom"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 can't hold, however it is escaped.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Head:
    """What a feed says of itself; `tag` begins its id and those of its entries."""

    tag: str
    title: str
    author: str
    language: str
    page: str
    updated: datetime

    @property
    def address(self) -> str:
        """Return where the feed is."""
        return f"{self.page}feed.atom"


def write(head: Head, entries: Iterable[tuple[Entry, str]]) -> bytes:
    """Return the feed of entries with their HTML, the newest first."""
    ET.register_namespace("", ATOM)
    feed = ET.Element(f"{{{ATOM}}}feed", {LANG: head.language})
    rows = list(entries)
    _add(feed, "id", head.tag)
    _add(feed, "title", head.title)
    _add(feed, "updated", _stamp(max((entry.sent_at for entry, _ in rows), default=head.updated)))
    _add(_add(feed, "author"), "name", head.author)
    _add(feed, "link", rel="self", type="application/atom+xml", href=head.address)
    _add(feed, "link", rel="alternate", type="text/html", href=head.page)
    for entry, html in rows:
        _add_entry(feed, head, entry, html)
    written: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _add_entry(feed: ET.Element, head: Head, entry: Entry, html: str) -> None:
    row = _add(feed, "entry")
    _add(row, "id", f"{head.tag}/{entry.pk}")
    _add(row, "title", entry.subject)
    _add(row, "updated", _stamp(entry.sent_at))
    _add(row, "published", _stamp(entry.sent_at))
    _add(row, "link", rel="alternate", type="text/html", href=f"{head.page}{entry.pk}/")
    if entry.preheader:
        _add(row, "summary", entry.preheader)
    if html:
        _add(row, "content", html, type="html")


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if text:
        made.text = _UNWRITABLE.sub("", text).strip()
    return made


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
