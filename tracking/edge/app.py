"""The edge: `granian --interface asgi tracking.edge.app:app`.

GET /o/TOKEN      an open: a pixel
GET /c/TOKEN/N    a click: to where the owner's link number N leads, and nowhere else
POST /u/TOKEN     one-click opt-out: committed before it is answered. Source: RFC 8058 §3.2
GET /u/TOKEN      to the page for people
GET /healthz, /metrics

Every event is safe before its answer. GET and HEAD never change a person's choice.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from prometheus_client import generate_latest

from emailconcert.lib import signing
from emailconcert.lib.network import truncated_ip
from tracking.edge import answers
from tracking.edge.config import Config, read_config
from tracking.edge.database import Away, Channel
from tracking.edge.entries import CLICK, MAX_AGENT, OPEN, UNSUBSCRIBE, Entry
from tracking.edge.links import Links, LinksAway
from tracking.edge.recording import NotRecorded, Recorder

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_MAX_BODY = 10_000
_LINKS = "SELECT number, url FROM delivery_link WHERE mailing_id = %s"


class Edge:
    """The application of one process."""

    def __init__(self, config: Config) -> None:
        self._ring = config.token_ring
        self._proxies = config.trusted_proxies
        self._page = config.content_url.encode() + b"/u/"
        self._channel = Channel(config.database_url)
        self.recorder = Recorder(database_url=config.database_url, spool_dir=config.spool_dir)
        self._links = Links(self._fetch_links)
        self._routes = {
            "o": self._open,
            "c": self._click,
            "u": self._to_page,
            "healthz": self._health,
            "metrics": self._metrics,
        }

    async def answer(self, scope: Scope, receive: Receive) -> answers.Answer:
        """Return what to say to a request."""
        kind, _, rest = scope["path"][1:].partition("/")
        method = scope["method"]
        if kind == "u" and method == "POST":
            return await self._one_click(scope, receive, rest)
        route = self._routes.get(kind)
        if route is None:
            return answers.NOT_FOUND
        if method not in ("GET", "HEAD"):
            return answers.NOT_ALLOWED
        return await route(scope, rest)

    async def _open(self, scope: Scope, token: str) -> answers.Answer:
        try:
            message = signing.read_message_token(token, ring=self._ring)
        except signing.BadToken:
            return answers.NOT_FOUND
        with suppress(NotRecorded):  # counted; a broken image would help nobody
            await self.recorder.record(self._entry(OPEN, message, None, scope))
        return answers.PIXEL

    async def _click(self, scope: Scope, rest: str) -> answers.Answer:
        token, _, digits = rest.partition("/")
        number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else -1
        try:
            message = signing.read_message_token(token, ring=self._ring)
        except signing.BadToken:
            return answers.NOT_FOUND
        try:
            location = await self._links.find(message[0], number) if number > 0 else None
        except LinksAway:
            return answers.LATER
        if location is None and number != 0:
            return answers.NOT_FOUND
        with suppress(NotRecorded):  # counted; the person still gets to where the link leads
            await self.recorder.record(self._entry(CLICK, message, number, scope))
        # Number 0 is the link that no person sees; who follows it is a machine.
        return answers.redirect(location) if location else answers.NOT_FOUND

    async def _one_click(self, scope: Scope, receive: Receive, token: str) -> answers.Answer:
        try:
            message = signing.read_message_token(token, ring=self._ring)
        except signing.BadToken:
            return answers.NOT_FOUND
        body = await _read_body(receive)
        if body is None:
            return answers.TOO_LARGE
        # In either encoding the field stands in the body as these words. Source: RFC 8058 §3.2
        if b"list-unsubscribe" not in body.lower() or b"one-click" not in body.lower():
            return answers.NOT_ONE_CLICK
        try:
            await self.recorder.opt_out(self._entry(UNSUBSCRIBE, message, None, scope))
        except NotRecorded:
            return answers.LATER
        return answers.DONE

    async def _to_page(self, _scope: Scope, token: str) -> answers.Answer:
        try:
            signing.read_message_token(token, ring=self._ring)
        except signing.BadToken:
            return answers.NOT_FOUND
        return answers.redirect(self._page + token.encode())

    async def _health(self, _scope: Scope, _rest: str) -> answers.Answer:
        return answers.HEALTHY

    async def _metrics(self, _scope: Scope, _rest: str) -> answers.Answer:
        return answers.answer(200, generate_latest(), b"text/plain; version=0.0.4; charset=utf-8")

    def _entry(self, kind: int, message: tuple[int, int], link: int | None, scope: Scope) -> Entry:
        client = scope.get("client")
        address, agent, forwarded = client[0] if client else "", b"", b""
        for name, value in scope["headers"]:
            if name == b"user-agent":
                agent = value
            elif name == b"x-forwarded-for":
                forwarded += b"," + value
        if self._proxies:
            hops = [hop.strip() for hop in forwarded.decode("latin-1").split(",") if hop.strip()]
            address = hops[-self._proxies] if len(hops) >= self._proxies else address
        text = agent.decode("latin-1")[:MAX_AGENT]
        at = time.time_ns() // 1000
        return Entry(kind, *message, link, at, _network(address), text, scope["method"])

    async def _fetch_links(self, mailing_id: int) -> dict[int, str]:
        try:
            rows = await self._channel.run(_LINKS, [mailing_id])
        except Away as error:
            raise LinksAway from error
        return {int(number): str(url) for number, url in rows}


@lru_cache(maxsize=20_000)
def _network(address: str) -> str:
    return truncated_ip(address)


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body, None where it is larger than any one-click request."""
    body = b""
    while len(body) <= _MAX_BODY:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return body
    return None


class App:
    """The ASGI callable: makes the edge at start and empties it at the end."""

    def __init__(self) -> None:
        self._edge: Edge | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or live through start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            edge = self._edge or self._begin()
            status, headers, body = await edge.answer(scope, receive)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _begin(self) -> Edge:
        self._edge = Edge(read_config())
        self._edge.recorder.start()
        return self._edge

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        edge = self._begin()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await edge.recorder.stop()
        await send({"type": "lifespan.shutdown.complete"})


app = App()
