"""A mailing as it is shown to the public: filled for nobody, without pixel, counted links and links of one person's own."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from html import escape
from typing import Any

import orjson
from liquid.exceptions import LiquidError

from accounts.models import Account
from delivery.content import liquid
from delivery.content.compiling import Compiled
from delivery.content.program import CLICK, OPEN, URL_NAMES
from delivery.content.scan import Token, scan
from delivery.models import Link, Mailing
from delivery.services import compiling
from emailconcert.lib.errors import ExpectedError

Links = tuple[tuple[int, str], ...]
_NOBODY: Mapping[str, Any] = {"contact": {}}
# Stands where a message's token would: an address that ends in it is one person's own, and is taken out.
_NOBODYS = "nobodys-0f9c2d"
_PIXEL = re.compile(rf"<img[^<>]{{0,200}}\{{\{{ {OPEN} \}}\}}[^<>]{{0,200}}>")
_COUNTED = re.compile(rf"\{{\{{ {CLICK} \}}\}}/(\d{{1,5}})")
_NOW = re.compile(r"([\"'])(?:now|today)\1(?=\s*\|\s*date\b)")
# A taken-out link, and what stood between it and the ones beside it.
_GAP = "\ue000"
_BETWEEN = r"(?:·|&middot;|&#183;|•|&bull;|\||–|—)"
_GAPS = re.compile(
    rf"(?P<before>\s{{0,20}}{_BETWEEN})?(?P<lead>\s{{0,20}}){_GAP}(?:\s{{0,20}}{_BETWEEN}?\s{{0,20}}{_GAP})*"
    rf"(?P<after>\s{{0,20}}{_BETWEEN}(?P<rest>\s{{0,20}}))?"
)
_HIDDEN = re.compile(r"<div style=\"display:none;max-height:0;[^\"<>]{0,120}\">.{0,2000}?</div>", re.DOTALL)


class CannotPublish(ExpectedError):
    """The mail can't be filled without a person."""


def links_of(mailings: Iterable[Mailing]) -> dict[int, Links]:
    """Return where the counted links of mailings lead, by mailing; one query for all."""
    found: dict[int, list[tuple[int, str]]] = {each.pk: [] for each in mailings}
    rows = Link.objects.filter(mailing_id__in=found).order_by("mailing_id", "number")
    for mailing_id, number, url in rows.values_list("mailing_id", "number", "url"):
        found[mailing_id].append((number, url))
    return {pk: tuple(links) for pk, links in found.items()}


def html_for_nobody(*, mailing: Mailing, links: Links, sent_at: datetime) -> str:
    """Return a mailing's HTML as a page for anybody; links lead where the owner wrote, and open beside the page.

    “Now” is when it was sent. Raises `CannotPublish`.
    """
    return _html(bytes(mailing.program), links, sent_at)


def fragment_for_nobody(*, mailing: Mailing, links: Links, sent_at: datetime) -> str:
    """Return the same as a fragment for readers of feeds: without document, styles, comments and hidden preheader."""
    html = _HIDDEN.sub("", html_for_nobody(mailing=mailing, links=links, sent_at=sent_at), count=1)
    tokens = list(scan(html))
    body = next((at for at, each in enumerate(tokens) if each.kind == "open" and each.name == "body"), -1)
    return "".join(each.text for each in tokens[body + 1 :] if _is_in_fragment(each)).strip()


def lines_for_nobody(*, subject: str, preheader: str, account: Account, sent_at: datetime) -> tuple[str, str]:
    """Return a subject and a preheader as nobody in particular would read them, each in one line."""
    made = Compiled(subject=_at(subject, sent_at), html="", text=_at(preheader, sent_at), links=(), notes=())
    try:
        program = compiling.load(compiling.pack(made, account))
        return _line(program.subject.render(_NOBODY, _NOBODYS)), _line(program.text.render(_NOBODY, _NOBODYS))
    except LiquidError:
        return "", ""


def _line(filled: str) -> str:
    for address in _personal():
        filled = filled.replace(address, "")
    return re.sub(r"[ ,]+(?=[.!?;:](?: |$))| (?=,)", "", " ".join(filled.split()))


def _personal() -> list[str]:
    return [compiling.urls().before_token(name) + _NOBODYS for name in URL_NAMES]


@lru_cache(maxsize=64)
def _html(packed: bytes, links: Links, sent_at: datetime) -> str:
    data: dict[str, Any] = orjson.loads(packed)
    sources, leads_to = data["sources"], dict(links)
    html = _PIXEL.sub("", sources["html"].replace(_GAP, ""))
    html = _COUNTED.sub(lambda match: escape(leads_to.get(int(match[1]), "")), html)
    data["sources"] = {**sources, "html": _at(html, sent_at)}
    try:
        filled = compiling.load(orjson.dumps(data)).html.render(_NOBODY, _NOBODYS)
    except LiquidError as error:
        raise CannotPublish("This mail can’t be shown without a person to fill it for.") from error
    return _opening_beside(_without_personal(filled))


def _at(source: str, sent_at: datetime) -> str:
    """Return a source in which “now” is a moment."""
    moment = sent_at.astimezone(UTC).isoformat(timespec="seconds")
    out, last = [], 0
    for start, text in liquid.pieces(source):
        out += [source[last:start], _NOW.sub(f'"{moment}"', text)]
        last = start + len(text)
    return "".join(out) + source[last:]


def _without_personal(html: str) -> str:
    """Return HTML without links to personal addresses, what they say, and what separated them from their neighbours."""
    out: list[str] = []
    tokens, personal = list(scan(html)), re.compile("|".join(map(re.escape, _personal())))
    closes = [at for at, each in enumerate(tokens) if each.kind == "close" and each.name == "a"]
    until, closed = -1, 0
    for at, token in enumerate(tokens):
        if at <= until:
            continue
        if token.kind == "open" and token.name in ("a", "area", "img") and _NOBODYS in token.text:
            while closed < len(closes) and closes[closed] < at:
                closed += 1
            if token.name == "a":
                until = closes[closed] if closed < len(closes) else at
            out.append(_GAP)
        else:
            out.append(personal.sub("", token.text).replace(_NOBODYS, ""))
    return _GAPS.sub(_closed_up, "".join(out))


def _closed_up(gap: re.Match[str]) -> str:
    if not gap["before"]:
        return gap["lead"]
    return gap["before"] + gap["rest"] if gap["after"] else ""


def _opening_beside(html: str) -> str:
    """Return HTML whose links open a page of their own: most sites can't be shown inside another page."""
    end = html.lower().rfind("</body>")
    end = len(html) if end < 0 else end
    return f'{html[:end]}<base target="_blank">{html[end:]}'


def _is_in_fragment(token: Token) -> bool:
    if token.kind in ("comment", "raw"):
        return False
    return token.name not in ("html", "head", "body", "title", "style", "base", "meta")
