"""Where links lead: read from the database a mailing at a time, kept in the process."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

Fetch = Callable[[int], Awaitable[dict[int, str]]]

_MAX_MAILINGS = 5_000
_FORGET_AFTER = 5.0  # seconds until a link that was not found is looked for again
# What may stand in a Location header as it is; the rest is percent-encoded. Source: RFC 3986 §2.2, §2.3.
_SAFE = ":/?#[]@!$&'()*+,;=%~"


class LinksAway(Exception):
    """The link is not in memory and the database cannot be asked now."""


class Links:
    """The addresses of links by mailing and number; they never change once a mailing is compiled."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._mailings: dict[int, dict[int, bytes]] = {}
        self._asked: dict[int, float] = {}
        self._under_way: dict[int, asyncio.Future[dict[int, bytes]]] = {}

    async def find(self, mailing_id: int, number: int) -> bytes | None:
        """Return the address as a Location header, None where there is no such link. Raises `LinksAway`."""
        known = self._mailings.get(mailing_id)
        if known is not None and number in known:
            return known[number]
        if time.monotonic() - self._asked.get(mailing_id, -_FORGET_AFTER) < _FORGET_AFTER:
            return None
        return (await self._load(mailing_id)).get(number)

    async def _load(self, mailing_id: int) -> dict[int, bytes]:
        """Ask once, however many wait for it."""
        waiting = self._under_way.get(mailing_id)
        if waiting is not None:
            return await asyncio.shield(waiting)
        task = asyncio.ensure_future(self._read(mailing_id))
        self._under_way[mailing_id] = task
        task.add_done_callback(lambda _: self._under_way.pop(mailing_id, None))
        return await asyncio.shield(task)

    async def _read(self, mailing_id: int) -> dict[int, bytes]:
        urls = await self._fetch(mailing_id)
        found = {number: location for number, url in urls.items() if (location := as_location(url))}
        self._keep(mailing_id, found)
        return found

    def _keep(self, mailing_id: int, found: dict[int, bytes]) -> None:
        for kept in (self._mailings, self._asked):
            if len(kept) >= _MAX_MAILINGS:
                kept.pop(next(iter(kept)))
        self._mailings[mailing_id] = found
        self._asked[mailing_id] = time.monotonic()


def as_location(url: str) -> bytes | None:
    """Return a web address as it goes into the header, None for anything that is no web address."""
    if urlsplit(url).scheme.lower() not in ("http", "https"):
        return None
    return quote(url, safe=_SAFE).encode()
