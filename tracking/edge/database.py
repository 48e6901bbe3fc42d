"""The edge's way to PostgreSQL: one connection each for events, opt-outs and links, and knowing when it is away."""

import asyncio
import logging
from typing import Any

import psycopg

logger = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds until a silent server counts as away


class Away(Exception):
    """PostgreSQL cannot be reached, or does not answer in time."""


class Channel:
    """One kept connection, used for one statement at a time. Each statement is a transaction of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()
        self._abandoned: set[asyncio.Future[Any]] = set()

    async def run(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """Execute and return the rows, if it gives any. Raises `Away`, and `psycopg.DataError` for bad values."""
        async with self._lock:
            task = asyncio.ensure_future(self._execute(statement, parameters))
            await asyncio.wait({task}, timeout=PATIENCE)
            if not task.done():
                self._abandon(task)
                raise Away
            try:
                return task.result()
            except psycopg.DataError:
                raise
            except (psycopg.Error, OSError) as error:
                await self.close()
                raise Away from error

    def _abandon(self, task: "asyncio.Future[Any]") -> None:
        """Leave a statement that hangs behind: cancelling it asks the server, which may hang as well."""
        self._connection = None
        self._abandoned.add(task)
        task.add_done_callback(self._forget)
        task.cancel()

    def _forget(self, task: "asyncio.Future[Any]") -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # nobody waits for it any more

    async def _execute(self, statement: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            # No prepared statements: PgBouncer in transaction mode may stand between.
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, prepare_threshold=None, connect_timeout=2
            )
        cursor = await self._connection.execute(statement, parameters)
        return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        """Drop the connection; the next statement makes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close()
            except (psycopg.Error, OSError):
                logger.info("a broken database connection was dropped")
