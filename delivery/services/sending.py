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
from delivery.services import claiming, easing, holding, limits, outfits, reputation, settling
from delivery.services.claiming import Claim, Person
from delivery.services.leaving import Leaving
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict, judge, status_of
from delivery.wire.encoding import CannotAddress
from delivery.wire.feed import Feed, Key
from delivery.wire.mime import Letter
from delivery.wire.replies import enhanced_code
from delivery.wire.sending import Crew
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

T = TypeVar("T")
_CHUNK = 50
_LOW_WATER = 200
_LONGEST_REST = 5.0  # a slot that can't go on sooner ends, and is woken when it can
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
        claim = self.claim
        return settling.Report(
            claim.account_id,
            claim.batch_id,
            claim.journal_name,
            dict(self.verdicts),
            rest_at=claim.rest_at,
            providers=reputation.providers_of((person.sequence, person.email) for person in claim.people),
        )


def run_slot(
    *,
    account_id: int,
    mailing_id: int,
    seconds: float,
    should_yield: Callable[[], bool],
    should_cut: Callable[[], bool] = lambda: False,
) -> bool:
    """Send a mailing's batches for a while; True where there may be more to do.

    Between batches `should_yield` is asked whether others wait for this worker, and several times a second `should_cut`
    whether they have waited long enough for a batch to be put down half-way.
    """
    slot = Slot(account_id, mailing_id, seconds, should_yield, should_cut)
    return uvloop.run(slot.run())


class Slot:
    """One run of a sender slot. It is its own `Hooks`."""

    def __init__(
        self,
        account_id: int,
        mailing_id: int,
        seconds: float,
        should_yield: Callable[[], bool],
        should_cut: Callable[[], bool],
    ) -> None:
        self._account_id, self._mailing_id = account_id, mailing_id
        self._until = time.monotonic() + seconds
        self._should_yield, self._should_cut = should_yield, should_cut
        self._claim_from = 0.0
        self._leaving = Leaving()
        self._asked_to_slow: dict[str, str] = {}
        self._limits: limits.Limits
        self._feed = Feed()
        self._works: dict[int, Work] = {}
        self._finished: list[Work] = []
        self._write_until = float("inf")
        self._more = self._began = self._over = False
        self._held = False
        self._refusal = ""
        self._database = ThreadPoolExecutor(1, thread_name_prefix="delivery-db")
        self._fillers = ThreadPoolExecutor(2, thread_name_prefix="delivery-fill")
        self._outfit: outfits.Outfit
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
        enhanced = status_of(code, text)
        work.claim.journal.settle(sequence - work.claim.first, code, enhanced)
        if code >= 300:
            self._note_pace(work, sequence, code, text)
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
        self._note_pace(work, sequence, code, text)
        self._conclude(work, sequence, LATER if is_later else None)

    def _note_pace(self, work: Work, sequence: int, code: int, text: str) -> None:
        if easing.asks_to_slow_down(code=code, enhanced=enhanced_code(text), text=text):
            email = next(person.email for person in work.claim.people if person.sequence == sequence)
            self._asked_to_slow.setdefault(email, f"{code} {text}")

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
                lambda: outfits.prepare(account_id=self._account_id, mailing_id=self._mailing_id)
            )
            self._limits = self._outfit.limits
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
            await self._let_leave()
            if more and len(self._feed) < _LOW_WATER and time.monotonic() >= self._claim_from:
                if self._is_time_up():
                    more, self._more = False, True
                else:
                    more = await self._fill_one_batch()
            if not more and not self._works and not self._finished:
                return
            if time.monotonic() > self._until or (self._works and self._should_cut()):
                self._more = True
                crew.stop()
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._wake.wait()

    def _is_time_up(self) -> bool:
        return time.monotonic() > self._until or (self._began and self._should_yield())

    async def _fill_one_batch(self) -> bool:
        claim = await self._in_database(
            lambda: claiming.claim_batch(
                account_id=self._account_id, mailing_id=self._mailing_id, now=_now(), share_out=self._limits.share_out
            )
        )
        if claim is None:
            return await self._rest()
        self._began = True
        self._works[claim.batch_id] = Work(claim, {person.sequence for person in claim.people})
        self._set_write_until()
        if claim.leave_in:
            self._leaving.add(claim, now=time.monotonic())
        else:
            await self._fill_and_put(claim, claim.people)
        return True

    async def _rest(self) -> bool:
        """Wait a little with the next claim where something may leave soon; False where nothing does."""
        self._began = True
        wait = self._limits.used_up_for
        if wait is None:
            due = await self._in_database(
                lambda: claiming.next_due(account_id=self._account_id, mailing_id=self._mailing_id)
            )
            wait = (due - _now()).total_seconds() if due else 0.0
        self._claim_from = time.monotonic() + wait
        return 0 < wait < _LONGEST_REST

    async def _let_leave(self) -> None:
        """Fill letters to those whose moment has come, and tell the limits of who asked us to slow down."""
        for claim, people in self._leaving.pop_ready(now=time.monotonic(), most=_LOW_WATER):
            await self._fill_and_put(claim, people)
        while self._asked_to_slow:
            email, words = self._asked_to_slow.popitem()
            await self._in_fillers(partial(self._limits.heard, email, words))

    async def _fill_and_put(self, claim: Claim, people: list[Person]) -> None:
        for start in range(0, len(people), _CHUNK):
            if self._over:
                break
            chunk = people[start : start + _CHUNK]
            self._put(claim, await self._in_fillers(partial(self._fill, claim, chunk)))

    def _fill(self, claim: Claim, people: list[Person]) -> list[tuple[int, Letter | Verdict]]:
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
