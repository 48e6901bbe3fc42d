"""One sender slot at work: claims batches of a mailing, fills and signs letters, sends them over kept connections.

The connections live in an event loop; the database is spoken to from one thread beside it, and letters are filled and
signed in two (RSA releases the interpreter's lock).
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar, cast

import uvloop
from django.conf import settings
from django.db import DatabaseError, connection
from liquid.exceptions import LiquidError

from accounts.models import Account
from delivery.models import Mailing, Outcome, Reason
from delivery.services import claiming, compiling, connections, holding, limits, settling
from delivery.services.claiming import Claim, Person
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict, judge
from delivery.wire.encoding import CannotAddress
from delivery.wire.feed import Feed, Key
from delivery.wire.mime import Identity, Letter, Skeleton
from delivery.wire.replies import enhanced_code
from delivery.wire.sending import Crew
from delivery.wire.smtp import Server
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

T = TypeVar("T")
_CHUNK = 50
_LOW_WATER = 200
_HEARTBEAT = 1.0


@dataclass
class Work:
    """A claim being sent: verdicts so far, and how many people are still to be heard of."""

    claim: Claim
    waiting: set[int]
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    def conclude(self, sequence: int, verdict: Verdict | None) -> None:
        """Note what became of one person; None: not begun."""
        self.waiting.discard(sequence)
        if verdict is not None:
            self.verdicts[sequence] = verdict

    def report(self) -> settling.Report:
        """Return what is to be written back."""
        return settling.Report(self.claim.account_id, self.claim.batch_id, self.claim.journal_name, dict(self.verdicts))


@dataclass(frozen=True)
class Outfit:
    """All that a mailing needs for being sent, read once per slot."""

    mailing: Mailing
    skeleton: Skeleton
    server: Server


def prepare(*, account_id: int, mailing_id: int) -> Outfit:
    """Read a mailing and make its skeleton."""
    with account_scope(account_id):
        mailing = Mailing.objects.select_related("account", "domain", "connection").get(pk=mailing_id)
        return Outfit(mailing, skeleton_for(mailing), connections.server_for(mailing.connection))


def skeleton_for(mailing: Mailing) -> Skeleton:
    """Return a mailing's message with slots, its signers in place."""
    program = compiling.load(bytes(mailing.program))
    return Skeleton(program, identity_of(mailing), connections.signers_for(mailing.domain))


def identity_of(mailing: Mailing) -> Identity:
    """Return what a mailing's headers say of its origin."""
    domain = mailing.domain.domain if mailing.domain else settings.PLATFORM_DOMAIN
    list_part = f"l{mailing.list_ids[0]}" if len(mailing.list_ids) == 1 else f"a{mailing.account_id}"
    return Identity(
        from_name=mailing.from_name,
        from_email=mailing.from_email,
        reply_to=mailing.reply_to,
        list_name=mailing.list_name,
        list_id=f"{list_part}.{domain}",
        feedback_id=f"{mailing.pk}:{mailing.account_id}:{mailing.kind}:emailconcert",
        bounce_domain=f"bounce.{domain}",
        tracking_url=settings.TRACKING_URL,
    )


def run_slot(*, account_id: int, mailing_id: int, seconds: float, should_yield: Callable[[], bool]) -> bool:
    """Send a mailing's batches for a while; True where there may be more to do.

    `should_yield` is asked between batches: whether others wait for this worker.
    """
    slot = Slot(account_id, mailing_id, seconds, should_yield)
    return uvloop.run(slot.run())


class Slot:
    """One run of a sender slot. It is its own `Hooks`."""

    def __init__(self, account_id: int, mailing_id: int, seconds: float, should_yield: Callable[[], bool]) -> None:
        self._account_id, self._mailing_id = account_id, mailing_id
        self._until = time.monotonic() + seconds
        self._should_yield = should_yield
        self._feed = Feed()
        self._works: dict[int, Work] = {}
        self._finished: list[Work] = []
        self._write_until = float("inf")
        self._more = self._began = self._over = False
        self._held = False
        self._refusal = ""
        self._database = ThreadPoolExecutor(1, thread_name_prefix="delivery-db")
        self._fillers = ThreadPoolExecutor(2, thread_name_prefix="delivery-fill")
        self._outfit: Outfit
        self._crew: Crew
        self._wake = asyncio.Event()

    # ---- hooks, called in the loop

    def may_write(self) -> bool:
        """Tell whether another body may be begun."""
        return not self._held and time.time() < self._write_until

    def on_intent(self, key: Key) -> None:
        """Write the intent into the journal."""
        work, sequence = self._find(key)
        work.claim.journal.intend(sequence - work.claim.first)

    def on_outcome(self, key: Key, code: int, text: str) -> None:
        """Write the reply into the journal and remember it."""
        work, sequence = self._find(key)
        enhanced = enhanced_code(text)
        work.claim.journal.settle(sequence - work.claim.first, code, enhanced)
        self._conclude(work, sequence, judge(code, enhanced))

    def on_barred(self, key: Key, code: int, text: str) -> None:
        """Stop: the server takes nothing from this sender. Nobody is failed for it; the owner is told its words."""
        work, sequence = self._find(key)
        self._refusal = self._refusal or f"{code} {text}"
        self._held = True
        self._conclude(work, sequence, None)
        self._crew.stop()

    def on_lost(self, key: Key) -> None:
        """Remember that nobody knows."""
        work, sequence = self._find(key)
        work.claim.journal.lose(sequence - work.claim.first)
        self._conclude(work, sequence, UNCONFIRMED)

    def on_returned(self, key: Key, code: int, text: str) -> None:
        """Give it back to the queue: later where the server was the cause, at once where we stopped."""
        work, sequence = self._find(key)
        is_later = (code or text) and not self._crew.refusal
        self._conclude(work, sequence, LATER if is_later else None)

    def _find(self, key: Key) -> tuple[Work, int]:
        batch_id, sequence = cast("tuple[int, int]", key)
        return self._works[batch_id], sequence

    def _conclude(self, work: Work, sequence: int, verdict: Verdict | None) -> None:
        work.conclude(sequence, verdict)
        if not work.waiting and self._works.pop(work.claim.batch_id, None) is not None:
            self._finished.append(work)
            self._set_write_until()
            self._wake.set()

    # ---- the run

    async def run(self) -> bool:
        """Claim, send and settle until time is up or nothing is left."""
        try:
            self._outfit = await self._in_database(
                lambda: prepare(account_id=self._account_id, mailing_id=self._mailing_id)
            )
            crew = self._crew = Crew(self._outfit.server, self._feed, self, connections=settings.SMTP_CONNECTIONS)
            await self._work(crew)
        finally:
            await self._in_database(lambda: connection.close())  # noqa: PLW0108  # must be looked up in that thread
            self._database.shutdown()
            self._fillers.shutdown()
        return self._more

    async def _work(self, crew: Crew) -> None:
        heart = asyncio.create_task(self._beat(crew))
        feeder = asyncio.create_task(self._feed_on(crew))
        feeder.add_done_callback(lambda _: self._feed.close())
        try:
            await crew.run()
        finally:
            # Nothing is cancelled on its way to the database: a claim or a settlement runs to its end.
            self._over = True
            self._wake.set()
            results = await asyncio.gather(feeder, heart, return_exceptions=True)
            await self._let_go(crew)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _let_go(self, crew: Crew) -> None:
        """Settle everything: what was not begun goes back to the queue."""
        self._more = self._more or bool(self._works)
        verdict = LATER if crew.trouble and not crew.refusal else None
        if words := self._refusal or crew.refusal:
            await self._in_database(partial(_hold, self._outfit.mailing, words))
            self._more = False
        for work in list(self._works.values()):
            for sequence in list(work.waiting):
                self._conclude(work, sequence, verdict)
        try:
            await self._settle_finished()
        finally:
            for work in self._finished:  # where one can't be written back, the locks of the others go too:
                work.claim.journal.close()  # all are recovered from their journals

    async def _feed_on(self, crew: Crew) -> None:
        """Keep the connections in letters; settle batches as they finish."""
        more = True
        while not self._over:
            await self._settle_finished()
            if more and len(self._feed) < _LOW_WATER:
                if self._is_time_up():
                    more, self._more = False, True
                else:
                    more = await self._fill_one_batch()
            if not more and not self._works and not self._finished:
                return
            if time.monotonic() > self._until:
                crew.stop()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._wake.wait()

    def _is_time_up(self) -> bool:
        return time.monotonic() > self._until or (self._began and self._should_yield())

    async def _fill_one_batch(self) -> bool:
        claim = await self._in_database(
            lambda: claiming.claim_batch(account_id=self._account_id, mailing_id=self._mailing_id, now=_now())
        )
        if claim is None:
            return False
        self._began = True
        self._works[claim.batch_id] = Work(claim, {person.sequence for person in claim.people})
        self._set_write_until()
        size = max(1, min(_CHUNK, settings.SEND_RATE // 2))  # so that waiting for the limit is never long
        for start in range(0, len(claim.people), size):
            if self._over:
                break
            chunk = claim.people[start : start + size]
            self._put(claim, await self._in_fillers(partial(self._fill, claim, chunk)))
        return True

    def _fill(self, claim: Claim, people: list[Person]) -> list[tuple[int, Letter | Verdict]]:
        limits.take(self._account_id, len(people))
        out: list[tuple[int, Letter | Verdict]] = []
        for person in people:
            token = signing.message_token(claim.mailing_id, person.sequence)
            filled: Letter | Verdict
            try:
                filled = self._outfit.skeleton.fill(recipient=person.email, values=person.values, token=token)
            except LiquidError:
                filled = Verdict(Outcome.FAILED, Reason.TEMPLATE_ERROR)
            except CannotAddress:
                filled = Verdict(Outcome.FAILED, Reason.REJECTED)
            out.append((person.sequence, filled))
        return out

    def _put(self, claim: Claim, letters: list[tuple[int, Letter | Verdict]]) -> None:
        work = self._works.get(claim.batch_id)
        if work is None:
            return
        self._feed.put(((claim.batch_id, sequence), found) for sequence, found in letters if isinstance(found, Letter))
        for sequence, found in letters:
            if isinstance(found, Verdict):
                self._conclude(work, sequence, found)

    async def _settle_finished(self) -> None:
        while self._finished:
            work = self._finished.pop(0)
            await self._in_database(partial(_settle, work))

    async def _beat(self, crew: Crew) -> None:
        """Look every second whether the mailing still runs, and make leases longer."""
        last = time.monotonic()
        while not self._over:
            await asyncio.sleep(0.1)
            if time.monotonic() - last < _HEARTBEAT:
                continue
            last = time.monotonic()
            claims = [work.claim for work in self._works.values()]
            try:
                runs = await self._in_database(partial(self._check, claims))
            except DatabaseError:
                logger.warning("lease can't be renewed", extra={"mailing": self._mailing_id})
                continue
            if not runs:
                self._held = True
                crew.stop()
            self._set_write_until()

    def _check(self, claims: list[Claim]) -> bool:
        now = _now()
        half = claiming.lease_length() / 2
        claiming.renew([claim for claim in claims if claim.lease_until - now < half], now=now)
        if not ledger.may_serve():
            return False
        with account_scope(self._account_id):
            return Mailing.objects.filter(
                pk=self._mailing_id, state=Mailing.State.SENDING, account__status=Account.Status.ACTIVE
            ).exists()

    def _set_write_until(self) -> None:
        ends = [work.claim.lease_until for work in self._works.values()]
        self._write_until = (min(ends) - claiming.margin()).timestamp() if ends else float("inf")

    async def _in_database(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._database, call)

    async def _in_fillers(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._fillers, call)


def _hold(mailing: Mailing, words: str) -> None:
    reason = (
        f"Nobody is lost: put this right and resume. The mail server refuses to take mail: {' '.join(words.split())}"
    )
    holding.hold_mailing(mailing=mailing, reason=reason)


def _settle(work: Work) -> None:
    try:
        settling.settle(work.report(), now=_now())
    except BaseException:
        work.claim.journal.close()  # its lock is free: the batch is recovered from it
        raise
    work.claim.journal.remove()


def _now() -> datetime:
    return datetime.now(UTC)
