"""Whose turn it is: slots of many accounts share few workers, and an account's slots its mailings.

A slot is a place of an account's at a worker. Those that wait for a worker stand in a sorted set in Redis; a running slot
looks there several times a second, and lets go for a slot of an account that has fewer workers, or for one with mail that
somebody waits for: one running slot per waiting one. Inside an account, transactional mail goes before automations and those before
campaigns; mailings of one kind take turns. All of this may be lost with Redis: the order suffers, never the mail.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import redis

from emailconcert.lib import limits

logger = logging.getLogger(__name__)

SLOTS = 4  # of one account at once
QUANTUM = 1.0  # seconds that a slot may keep its worker while others wait
URGENT_QUANTUM = 0.1
_LOOK_EVERY = 0.2
_FORGET = 20.0  # a slot that has not come to a worker by then is woken again
_PROMISE = 3
_SEEN = 10

_WAITING = "ec:turn:waiting"


@dataclass(frozen=True)
class Place:
    """One slot of an account's; urgent where it has mail that somebody waits for."""

    account_id: int
    slot: int
    is_urgent: bool = False

    @property
    def member(self) -> str:
        """Return its name in the set of those who wait."""
        return f"{self.account_id}:{self.slot}:{int(self.is_urgent)}"


@dataclass(frozen=True)
class Due:
    """A mailing that may go on; `rank` orders kinds, the most urgent first."""

    mailing_id: int
    rank: int


def wait(place: Place) -> bool:
    """Queue up for a worker; False where it stands there already."""
    try:
        with limits.client().pipeline() as pipe:
            pipe.zremrangebyscore(_WAITING, 0, time.time() - _FORGET)
            pipe.zadd(_WAITING, {place.member: time.time()}, nx=True)
            return bool(pipe.execute()[1])
    except (redis.RedisError, OSError):
        return True


def arrive(place: Place) -> None:
    """Leave the queue: a worker has it."""
    try:
        limits.client().zrem(_WAITING, place.member)
    except (redis.RedisError, OSError):
        logger.warning("turn not noted: Redis is away")


def others(account_id: int) -> list[Place]:
    """Return who waits that this account's slots have to think of: other accounts, and urgent slots of any."""
    try:
        rows = cast(
            "list[str]", limits.client().zrangebyscore(_WAITING, time.time() - _FORGET, "+inf", start=0, num=50)
        )
    except (redis.RedisError, OSError):
        return []
    places = [
        Place(int(account), int(slot), urgent == "1") for account, slot, urgent in (row.split(":") for row in rows)
    ]
    return [place for place in places if place.account_id != account_id or place.is_urgent]


def announce(account_id: int, due: Sequence[Due]) -> None:
    """Say which mailings of an account may go on, so that its running slots see those that have none."""
    key = f"ec:turn:due:{account_id}"
    try:
        with limits.client().pipeline() as pipe:
            pipe.delete(key)
            pipe.hset(key, mapping={str(each.mailing_id): each.rank for each in due})
            pipe.expire(key, _SEEN)
            pipe.execute()
    except (redis.RedisError, OSError):
        logger.warning("turn not noted: Redis is away")


def choose(account_id: int, slot: int, due: Sequence[Due]) -> int | None:
    """Return the mailing that a slot goes on with: of the most urgent kind, one that no other slot serves, in turn."""
    if not due:
        return None
    served = _served(account_id, slot)
    best = min(each.rank for each in due)
    first = sorted(each.mailing_id for each in due if each.rank == best)
    free = [each for each in first if each not in served] or first
    chosen = free[_turn(account_id) % len(free)]
    _serve(account_id, slot, chosen)
    return chosen


@dataclass
class Turn:
    """A slot's run of one mailing, as others see it."""

    place: Place
    mailing_id: int
    rank: int = 0
    began: float = field(default_factory=time.monotonic)
    gives_way: bool = False
    _looked: float = 0.0
    _is_over: bool = False

    def is_over(self) -> bool:
        """Tell whether the slot has to let go, for another account or another mailing. Asks Redis now and then."""
        now = time.monotonic()
        if not self._is_over and now - self._looked >= _LOOK_EVERY:
            self._looked = now
            _serve(self.place.account_id, self.place.slot, self.mailing_id)
            self.gives_way = self._meets_others(now - self.began)
            self._is_over = self.gives_way or self._has_sibling(now - self.began)
        return self._is_over

    def _meets_others(self, ran: float) -> bool:
        waiting = others(self.place.account_id)
        mine = len(_served(self.place.account_id, self.place.slot)) + 1 if waiting else 0
        for other in waiting:
            if other.is_urgent:
                is_owed = not self.place.is_urgent and ran >= URGENT_QUANTUM
            else:
                is_owed = ran >= QUANTUM and len(_served(other.account_id)) < mine
            if is_owed and _promise(other.member):
                return True
        return False

    def _has_sibling(self, ran: float) -> bool:
        """Tell whether another mailing of the account's is due that nobody serves, and may not wait longer."""
        account_id = self.place.account_id
        try:
            due = cast("dict[str, str]", limits.client().hgetall(f"ec:turn:due:{account_id}"))
        except (redis.RedisError, OSError):
            return False
        alone = {int(key): int(rank) for key, rank in due.items() if int(key) != self.mailing_id}
        for served in _served(account_id, self.place.slot):
            alone.pop(served, None)
        return any(
            ran >= (URGENT_QUANTUM if rank < self.rank else QUANTUM) and _promise(f"{account_id}:m{mailing_id}")
            for mailing_id, rank in alone.items()
            if rank <= self.rank
        )


def _promise(member: str) -> bool:
    """Give a worker to who waits, once: of several running slots, one lets go."""
    try:
        return bool(limits.client().set(f"ec:turn:promised:{member}", "1", nx=True, ex=_PROMISE))
    except (redis.RedisError, OSError):
        return False


def _serve(account_id: int, slot: int, mailing_id: int) -> None:
    try:
        limits.client().set(f"ec:turn:serves:{account_id}:{slot}", str(mailing_id), ex=_SEEN)
    except (redis.RedisError, OSError):
        logger.warning("turn not noted: Redis is away")


def rest(account_id: int, slot: int) -> None:
    """Say that a slot serves nothing any more."""
    try:
        limits.client().delete(f"ec:turn:serves:{account_id}:{slot}")
    except (redis.RedisError, OSError):
        logger.warning("turn not noted: Redis is away")


def _served(account_id: int, besides: int | None = None) -> list[int]:
    """Return the mailings that an account's slots serve, one for each slot."""
    try:
        keys = [f"ec:turn:serves:{account_id}:{slot}" for slot in range(SLOTS) if slot != besides]
        found = cast("list[str | None]", limits.client().mget(keys)) if keys else []
    except (redis.RedisError, OSError):
        return []
    return [int(each) for each in found if each]


def _turn(account_id: int) -> int:
    try:
        key = f"ec:turn:count:{account_id}"
        with limits.client().pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, 3600)
            return int(pipe.execute()[0])
    except (redis.RedisError, OSError):
        return int(time.monotonic())
