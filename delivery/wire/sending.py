"""Several connections that empty one feed, opened again when a server closes them."""

import asyncio
import logging

from delivery.wire.feed import Feed, Hooks
from delivery.wire.server import CannotConnect, Server
from delivery.wire.smtp import Connection

logger = logging.getLogger(__name__)

_TRIES = 4
_FIRST_WAIT = 0.25


class Crew:
    """The connections of one sender slot. `run` returns when the feed is finished, or the server can't be reached."""

    def __init__(self, server: Server, feed: Feed, hooks: Hooks, *, connections: int) -> None:
        self._server, self._feed, self._hooks = server, feed, hooks
        self._wanted = min(connections, server.most_connections or connections)
        self._open: set[Connection] = set()
        self._stopping = False
        self.trouble = ""
        self.refusal = ""  # what the server said if it refuses every connection for good

    async def run(self) -> None:
        """Send until the feed is finished. What can't be sent is returned through the hooks."""
        await asyncio.gather(*(self._work() for _ in range(self._wanted)))
        for key, _ in self._feed.drain():
            self._hooks.on_returned(key, 0, self.trouble)

    def stop(self) -> None:
        """Begin no more bodies; return once what is in flight has its reply."""
        self._stopping = True
        self._feed.close()
        for connection in list(self._open):
            connection.stop()

    async def _work(self) -> None:
        failures, wait = 0, _FIRST_WAIT
        while not self._is_over() and failures < _TRIES:
            try:
                answered, words = await self._one_connection()
            except CannotConnect as error:
                answered, words = 0, str(error)
                if error.is_final:
                    self.refusal, failures = words, _TRIES
                logger.warning("mail server can't be reached", extra={"server": self._server.host})
            if answered:
                failures, wait, self.trouble, self.refusal = 0, _FIRST_WAIT, "", ""
            elif not self._is_over():
                failures += 1
                self.trouble = words or f"{self._server.host} closes every connection."
                await asyncio.sleep(wait)
                wait *= 2

    async def _one_connection(self) -> tuple[int, str]:
        """Send over one connection; return how many messages the server gave its word on, and why it ended early."""
        connection = Connection(self._server, self._feed, self._hooks)
        await connection.open()
        if self._stopping:
            connection.stop()
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
        return connection.answered, connection.trouble

    def _is_over(self) -> bool:
        return self._stopping or self._feed.is_finished or not self._hooks.may_write()
