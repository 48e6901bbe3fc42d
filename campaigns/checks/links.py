"""The web addresses that a mail links to, and whether they answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag

from campaigns.checks.check import Check
from delivery.content.compiling import Compiled
from delivery.content.program import URL_NAMES
from emailconcert.lib.web import Answer

STEP = "campaigns:content"
MOST = 50
_SHOWN = 10
_LONGEST = 90
_WHY = "People who click get nowhere, and filters distrust mails whose links are broken."


@dataclass(frozen=True)
class WebLinks:
    """Addresses that can be asked, how many more there were, and how many are made for each person."""

    urls: tuple[str, ...]
    more: int
    personal: int


def web_links(*mails: Compiled) -> WebLinks:
    """Return the web links of compiled mails, each address once."""
    reader = _Reader()
    for made in mails:
        reader.feed(made.html)
    reader.close()
    found: dict[str, None] = {}
    personal = 0
    for href in (*(link for made in mails for link in made.links), *reader.found):
        if "{{" in href or "{%" in href:
            personal += not any(name in href for name in URL_NAMES)
        elif href.lower().startswith(("http://", "https://")):
            found[urldefrag(href.strip()).url] = None
    urls = tuple(found)
    return WebLinks(urls[:MOST], max(len(urls) - MOST, 0), personal)


def check_links(links: WebLinks, answers: Mapping[str, Answer | None]) -> Iterator[Check]:
    """Say which links answer, as far as they were asked."""
    known = [(url, answers[url]) for url in links.urls if url in answers]
    asked = [(url, answer) for url, answer in known if answer is not None]
    aside = _aside(links)
    if len(asked) < len(known):
        said = f"Links are being asked whether they answer: {len(asked)} of {len(known)} so far."
        yield Check("notice", said, why="You need not wait for it.", live="links")
        return
    if not asked:
        return
    dead = [(url, answer.said) for url, answer in asked if answer.verdict == "dead"]
    unclear = [(url, answer.said) for url, answer in asked if answer.verdict == "unclear"]
    good = len(asked) - len(dead) - len(unclear)
    details = [f"{_short(url)} ({said})" for url, said in dead[1:_SHOWN]]
    if len(dead) > _SHOWN:
        details.append(f"And {len(dead) - _SHOWN} more.")
    details += [f"{_short(url)} did not answer a machine ({said}): try it yourself." for url, said in unclear[:_SHOWN]]
    details += aside
    if dead:
        url, said = dead[0]
        tail = f"{len(dead)} {'does' if len(dead) == 1 else 'do'} not: {_short(url)} ({said})"
        yield Check("notice", f"{_answer(good)}, {tail}", STEP, why=_WHY, details=tuple(details))
    elif good or unclear:
        yield Check("notice" if unclear else "ok", f"{_answer(good)}.", details=tuple(details))


def _answer(count: int) -> str:
    return "1 link answers" if count == 1 else f"{count or 'No'} links answer"


def _aside(links: WebLinks) -> list[str]:
    found = []
    if links.personal:
        some = "1 link is" if links.personal == 1 else f"{links.personal} links are"
        found.append(f"{some} made for each person and can't be asked.")
    if links.more:
        found.append(f"{links.more} more were not asked.")
    return found


def _short(url: str) -> str:
    return url if len(url) <= _LONGEST else f"{url[: _LONGEST - 1]}…"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "area"):
            self.found += [value for name, value in attrs if name == "href" and value]
