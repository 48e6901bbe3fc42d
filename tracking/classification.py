"""Telling machines from people: every rule there is, in one place.

A rule looks at one event, at what else happened to the same message within two seconds, and at the message. The first
that holds names the event; no name means a person. "Too soon after sending" is no rule: people are fast and scanners
are slow (a published log study: median 43 s after sending).
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from tracking.models import Kind

WINDOW = timedelta(seconds=2)
HIDDEN_LINK = 0  # in the mail for machines only: no person sees it
_CLOCKS_DIFFER = timedelta(seconds=2)

_PRIVACY_PROXIES = (
    # Gmail loads pictures through its proxy, also ahead of people.
    re.compile(r"GoogleImageProxy|ggpht\.com"),
    # Apple Mail Privacy Protection loads every picture of every mail, and says nothing but this.
    re.compile(r"\AMozilla/5\.0\Z"),
)
_AGENTS = re.compile(
    r"bot\b|crawl|spider|scanner|preview|barracuda|mimecast|proofpoint|urldefense|ironport|forcepoint|websense|symantec"
    r"|fireeye|trendmicro|sophos|zscaler|cloudmark|vade ?secure|safelinks|sendgrid|headless|phantomjs|puppeteer|playwright"
    r"|facebookexternalhit|slackbot|whatsapp|telegrambot|skypeuripreview|linkpreview"
    r"|\b(?:curl|wget|python|go-http-client|java|okhttp|libwww|perl|ruby|axios|node-fetch|httpclient|apache-http)\b",
    re.IGNORECASE,
)
# Published ranges of gateways that open mail for people: Microsoft's protection, Proofpoint, Mimecast, Barracuda; and
# Apple's own network, from which Mail Privacy Protection's relays have come.
_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "40.92.0.0/15", "40.107.0.0/16", "52.100.0.0/14", "104.47.0.0/17",
        "67.231.144.0/20", "148.163.128.0/19",
        "205.139.110.0/24", "207.211.30.0/24", "207.211.31.0/24",
        "64.235.144.0/20", "209.222.80.0/21",
        "17.0.0.0/8",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """One request about a message; `network` is truncated, and unknown (None) once the event has left the inbox."""

    kind: int
    at: datetime
    link: int | None = None
    network: str | None = ""
    agent: str = ""
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the message: when its mailing began, and whether it was sent at all."""

    began: datetime | None = None
    was_sent: bool = True


Rule = Callable[[Seen, Sequence[Seen], About], bool]


def classify(event: Seen, around: Sequence[Seen], about: About) -> str:
    """Return the rule that makes the event a machine's, "" for a person's.

    `around` is everything else that happened to the message; what is further than the window is ignored.
    """
    if event.kind not in (Kind.OPEN, Kind.CLICK):
        return ""
    near = [other for other in around if abs(other.at - event.at) <= WINDOW]
    return next((name for name, rule in RULES if rule(event, near, about)), "")


def _hidden_link(event: Seen, near: Sequence[Seen], _about: About) -> bool:
    """Tell whether the link that no person sees was followed: by this request, or beside it from the same network."""
    return _is_hidden(event) or any(_is_hidden(other) and _together(event, other) for other in near)


def _is_hidden(event: Seen) -> bool:
    return event.kind == Kind.CLICK and event.link == HIDDEN_LINK


def _impossible_order(event: Seen, _near: Sequence[Seen], about: About) -> bool:
    """Tell whether it happened before sending began, or to a message that was never sent."""
    return not about.was_sent or (about.began is not None and event.at < about.began - _CLOCKS_DIFFER)


def _head(event: Seen, near: Sequence[Seen], _about: About) -> bool:
    """Tell whether headers only were asked for, by this or beside it: mail programs and browsers never do."""
    return event.method == "HEAD" or any(other.method == "HEAD" and _together(event, other) for other in near)


def _burst(event: Seen, near: Sequence[Seen], _about: About) -> bool:
    """Several links of one message within two seconds; a picture loaded from the same network in that time too."""
    links = {other.link for other in near if other.kind == Kind.CLICK}
    if event.kind == Kind.CLICK:
        return bool(links - {event.link})
    return len({other.link for other in near if other.kind == Kind.CLICK and _together(event, other)}) > 1


def _together(event: Seen, other: Seen) -> bool:
    return other.network is not None and other.network == event.network


def _no_agent(event: Seen, _near: Sequence[Seen], _about: About) -> bool:
    return not event.agent.strip()


def _privacy_proxy(event: Seen, _near: Sequence[Seen], _about: About) -> bool:
    return event.kind == Kind.OPEN and any(pattern.search(event.agent) for pattern in _PRIVACY_PROXIES)


def _known_agent(event: Seen, _near: Sequence[Seen], _about: About) -> bool:
    return _is_known_agent(event.agent)


def _known_network(event: Seen, _near: Sequence[Seen], _about: About) -> bool:
    return _is_known_network(event.network or "")


@lru_cache(maxsize=10_000)
def _is_known_agent(agent: str) -> bool:
    return bool(_AGENTS.search(agent))


@lru_cache(maxsize=10_000)
def _is_known_network(network: str) -> bool:
    try:
        address = ipaddress.ip_address(network)
    except ValueError:
        return False
    return any(address in each for each in _NETWORKS)


# The strongest sign first; the name is stored with the event, so it never changes its meaning.
RULES: tuple[tuple[str, Rule], ...] = (
    ("hidden_link", _hidden_link),
    ("impossible_order", _impossible_order),
    ("head", _head),
    ("burst", _burst),
    ("no_agent", _no_agent),
    ("privacy_proxy", _privacy_proxy),
    ("known_agent", _known_agent),
    ("known_network", _known_network),
)
