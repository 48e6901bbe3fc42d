"""Several connections that empty one feed, opened again when a server closes them."""

import asyncio
import logging

from delivery.wire.feed import Feed, Hooks
from delivery.wire.smtp import CannotConnect, Connection, Server

logger = logging.getLogger(__name__)

_TRIES = 4
_FIRST_WAIT = 0.25


class Crew:
    """The connections of one sender slot. `run` returns when the feed is finished, or the server can't be reached."""

    def __init__(self, server: Server, feed: Feed, hooks: Hooks, *, connections: int) -> None:
        self._server, self._feed, self._hooks = server, feed, hooks
        self._wanted = connections
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
                accepted = await self._one_connection()
            except CannotConnect as error:
                accepted, self.trouble = 0, str(error)
                if error.is_final:
                    self.refusal, failures = self.trouble, _TRIES
                logger.warning("mail server can't be reached", extra={"server": self._server.host})
            if accepted:
                failures, wait, self.trouble, self.refusal = 0, _FIRST_WAIT, "", ""
            elif not self._is_over():
                failures += 1
                self.trouble = self.trouble or f"{self._server.host} closes every connection."
                await asyncio.sleep(wait)
                wait *= 2

    async def _one_connection(self) -> int:
        connection = Connection(self._server, self._feed, self._hooks)
        await connection.open()
        if self._stopping:
            connection.stop()
        self._open.add(connection)
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
        return connection.accepted

    def _is_over(self) -> bool:
        return self._stopping or self._feed.is_finished or not self._hooks.may_write()
