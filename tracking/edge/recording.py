"""Taking events down for good before the edge answers: in PostgreSQL, or in the spool while PostgreSQL is away.

Group commit without a timer: whatever arrived during one flush is the next one. A flush that PostgreSQL neither
confirms nor refuses goes to the spool as well; the worker that empties the inbox drops what is there twice.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from prometheus_client import Counter, Gauge

from tracking.edge.database import Away, Channel
from tracking.edge.entries import INSERT, OPT_OUT, Entry, as_json
from tracking.edge.spool import Spool, replay_all

logger = logging.getLogger(__name__)

_MAX_FLUSH = 2_000
_LOOK_EVERY = 0.5  # seconds between attempts to reach PostgreSQL again
_ORPHANS_EVERY = 10.0  # seconds between looks for spools of processes that died

RECORDED = Counter("edge_events_recorded", "Events committed to the inbox or the spool.", ["where"])
LOST = Counter("edge_events_lost", "Events that neither PostgreSQL nor the disk took.")
AWAY = Gauge("edge_database_away", "1 while PostgreSQL is away and events go to the spool.")


class NotRecorded(Exception):
    """Neither PostgreSQL nor the disk took it."""


class Recorder:
    """Commits events; `start` before use."""

    def __init__(self, *, database_url: str, spool_dir: Path) -> None:
        self._url, self._folder = database_url, spool_dir
        self._events, self._opt_outs = Channel(database_url), Channel(database_url)
        self._spool = Spool(spool_dir)
        self._spool_lock = threading.Lock()
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._reachable = True
        self._stopping = False

    def start(self) -> None:
        """Begin to flush and to look after spools."""
        self._tasks = [asyncio.create_task(self._flush_for_ever()), asyncio.create_task(self._tend_spools())]

    async def stop(self) -> None:
        """Flush what waits, then let go of everything."""
        self._stopping = True
        self._arrived.set()
        flushing, tending = self._tasks
        tending.cancel()
        await asyncio.gather(flushing, tending, return_exceptions=True)
        await self._events.close()
        await self._opt_outs.close()
        self._spool.close()

    async def record(self, entry: Entry) -> None:
        """Return once the event is safe. Raises `NotRecorded`, and counts the loss."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, future))
        self._arrived.set()
        await future

    async def opt_out(self, entry: Entry) -> None:
        """Return once the opt-out itself is committed, or safe in the spool. Raises `NotRecorded`."""
        if self._reachable:
            try:
                await self._opt_outs.run(OPT_OUT, [as_json([entry])])
            except Away:
                self._mark_away()
            else:
                RECORDED.labels("opt-out").inc()
                return
        await self._to_spool([entry])

    async def _flush_for_ever(self) -> None:
        while self._waiting or not self._stopping:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:_MAX_FLUSH], self._waiting[_MAX_FLUSH:]
            if not self._waiting and not self._stopping:
                self._arrived.clear()
            error = await self._flush([entry for entry, _ in batch])
            for _, future in batch:
                if not future.done():
                    future.set_exception(error) if error else future.set_result(None)

    async def _flush(self, entries: Sequence[Entry]) -> NotRecorded | None:
        try:
            if not self._reachable or not await self._to_database(entries):
                await self._to_spool(entries)
        except NotRecorded as error:
            return error
        except Exception:  # whatever it is, those who wait get an answer and the next flush happens
            logger.exception("a flush failed")
            LOST.inc(len(entries))
            return NotRecorded()
        return None

    async def _to_database(self, entries: Sequence[Entry]) -> bool:
        try:
            await self._events.run(INSERT, [as_json(entries)])
        except Away:
            self._mark_away()
            return False
        except psycopg.DataError:
            logger.exception("the inbox refused events")
            LOST.inc(len(entries))
            raise NotRecorded from None
        RECORDED.labels("inbox").inc(len(entries))
        return True

    async def _to_spool(self, entries: Sequence[Entry]) -> None:
        try:
            await asyncio.to_thread(self._append, entries)
        except OSError as error:
            LOST.inc(len(entries))
            logger.error("events were lost: no database and no disk", extra={"events": len(entries)})
            raise NotRecorded from error
        RECORDED.labels("spool").inc(len(entries))

    def _append(self, entries: Sequence[Entry]) -> None:
        with self._spool_lock:
            self._spool.append(entries)

    def _mark_away(self) -> None:
        if self._reachable:
            logger.warning("PostgreSQL is away; events go to the spool")
        self._reachable = False
        AWAY.set(1)

    async def _tend_spools(self) -> None:
        looked = -_ORPHANS_EVERY
        while True:
            due = time.monotonic() - looked > _ORPHANS_EVERY
            if not self._reachable or self._spool.path or due:
                await self._try_replay()
                looked = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY)

    async def _try_replay(self) -> None:
        try:
            await asyncio.to_thread(self._replay)
        except psycopg.OperationalError:
            self._mark_away()
        except (psycopg.Error, OSError):
            logger.exception("a spool could not be replayed; it stays and is tried again")

    def _replay(self) -> None:
        """Reach PostgreSQL, go back to it, then replay what was spooled meanwhile, own files included."""
        with psycopg.connect(
            self._url, autocommit=True, prepare_threshold=None, connect_timeout=2, tcp_user_timeout=10_000
        ) as connection:
            connection.execute("SELECT 1")
            if not self._reachable:
                logger.warning("PostgreSQL is back")
            self._reachable = True
            AWAY.set(0)
            with self._spool_lock:
                self._spool.close()
            replay_all(connection, self._folder)
