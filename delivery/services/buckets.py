"""Token buckets in Redis, several at once, by Redis's own clock: correct across machines whose clocks disagree.

A bucket is one number, the moment until which its tokens are given away (the generic cell rate algorithm). Taking gives
tokens that are good from now to `horizon` seconds ahead, each with its moment, so that one question serves a whole claim
and the asker spaces what it sends. A bucket holds at most one second's tokens (and at least one).

A bucket that Redis does not know holds one token: a Redis that starts empty lets no burst through. Without Redis each
process goes by buckets of its own, at its part of the rate (`SENDING_PROCESSES`). Nobody takes more than `horizon` ahead, so
a bucket that stands a minute ahead was written before Redis's clock was put back: it begins anew.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings

from emailconcert.lib import limits as redis_limits

logger = logging.getLogger(__name__)

BURST_SECONDS = 1.0
_MICRO = 1_000_000
_RETRY_REDIS = 5.0

# KEYS: a hash that is returned as it is, then the buckets: shared ones first, then one per group.
# ARGV: shared buckets, horizon and burst (µs), wanted without a group, µs per token of each bucket, wanted of each group.
# Returns: now (µs), what each group gets, what those without a group get, µs from now to where each bucket stood, the hash.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local shared, horizon, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local furthest = 60 * 1000000
local buckets = #KEYS - 1
local gaps, stands, most = {}, {}, {}
for i = 1, buckets do
    local gap = tonumber(ARGV[4 + i])
    local stand = tonumber(redis.call('GET', KEYS[i + 1]) or (now - gap))
    stand = math.max(stand, now - math.max(burst, gap))
    if stand > now + furthest then stand = now end
    gaps[i], stands[i] = gap, stand
    most[i] = math.max(0, math.floor((now + horizon - stand) / gap + 0.000001))
end
local least = math.huge
for i = 1, shared do least = math.min(least, most[i]) end
local wanted, total = {}, tonumber(ARGV[4])
wanted[0] = total
for i = 1, buckets - shared do
    wanted[i] = math.min(tonumber(ARGV[4 + buckets + i]), most[shared + i])
    total = total + wanted[i]
end
local given = 0
for i = 0, buckets - shared do
    if total > least then
        wanted[i] = math.min(wanted[i], math.ceil(wanted[i] * least / total), least - given)
    end
    given = given + wanted[i]
end
local out = {tostring(now)}
for i = 1, buckets - shared do out[#out + 1] = wanted[i] end
out[#out + 1] = wanted[0]
for i = 1, buckets do
    local count = given
    if i > shared then count = wanted[i - shared] end
    if count > 0 then
        local stand = stands[i] + count * gaps[i]
        local life = math.ceil((stand - now + burst) / 1000) + 3600000
        redis.call('SET', KEYS[i + 1], string.format('%.3f', stand), 'PX', life)
    end
    out[#out + 1] = string.format('%.0f', stands[i] - now)
end
out[#out + 1] = redis.call('HGETALL', KEYS[1])
return out
"""


@dataclass(frozen=True)
class Bucket:
    """A bucket's name in Redis and its rate in tokens per second."""

    key: str
    rate: float


@dataclass(frozen=True)
class Given:
    """What one bucket gives: `count` tokens, the first good in `first` seconds (from now where negative), then one each `gap`."""

    count: int
    first: float
    gap: float

    @property
    def is_now(self) -> bool:
        """Tell whether all of them are good at this moment."""
        return self.first + self.gap * (self.count - 1) <= 0

    @property
    def next(self) -> float:
        """Return in how many seconds the token after these is good."""
        return max(0.0, self.first + self.gap * self.count)


@dataclass(frozen=True)
class Taken:
    """What was given: of each shared bucket, of each group's, and how many without a group. `notes` is the hash."""

    shared: list[Given]
    groups: list[Given]
    loose: int
    at: float
    notes: dict[str, str] | None

    @property
    def count(self) -> int:
        """Return how many may be sent."""
        return sum(given.count for given in self.groups) + self.loose


def take(
    *, notes: str, shared: Sequence[Bucket], groups: Sequence[tuple[Bucket, int]], loose: int, horizon: float
) -> Taken:
    """Take from all shared buckets and each group's own, as many as all of them have; `loose` have no group.

    `notes` names a hash beside them that is read in the same round trip; it comes back as None where Redis is away.
    """
    buckets = [*shared, *(bucket for bucket, _ in groups)]
    wanted = [count for _, count in groups]
    if time.monotonic() >= _away.until:
        gaps = [_MICRO / bucket.rate for bucket in buckets]
        head: list[float] = [len(shared), horizon * _MICRO, BURST_SECONDS * _MICRO, loose]
        try:
            found = _script()(keys=[notes, *(bucket.key for bucket in buckets)], args=[*head, *gaps, *wanted])
        except (redis.RedisError, OSError):
            _away.until = time.monotonic() + _RETRY_REDIS
            logger.warning("Redis is away: rates are kept by each process alone")
        else:
            return _read(found, gaps, len(shared))
    return _local.take(buckets, len(shared), wanted, loose, horizon)


def _read(found: list[Any], gaps: list[float], shared: int) -> Taken:
    groups = len(gaps) - shared
    counts, loose = [int(each) for each in found[1 : 1 + groups]], int(found[1 + groups])
    stands = [float(each) for each in found[2 + groups : -1]]
    pairs = found[-1]
    notes = dict(zip(pairs[::2], pairs[1::2], strict=True)) if isinstance(pairs, list) else pairs
    return _taken(counts, loose, stands, gaps, shared, at=float(found[0]) / _MICRO, notes=notes)


def _taken(
    counts: list[int],
    loose: int,
    stands: list[float],
    gaps: list[float],
    shared: int,
    *,
    at: float,
    notes: dict[str, str] | None,
) -> Taken:
    everybody = sum(counts) + loose
    of_each = [everybody] * shared + counts
    given = [
        Given(count, (stand + gap) / _MICRO, gap / _MICRO)
        for count, stand, gap in zip(of_each, stands, gaps, strict=True)
    ]
    return Taken(given[:shared], given[shared:], loose, at, notes)


@lru_cache(maxsize=1)
def _script() -> Any:
    return redis_limits.client().register_script(_TAKE)


class _Away:
    """Until when Redis is not asked, after it did not answer."""

    until = 0.0


@dataclass
class _Local:
    """The same buckets for one process alone, each at its part of the rate."""

    stands: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, buckets: list[Bucket], shared: int, wanted: list[int], loose: int, horizon: float) -> Taken:
        gaps = [_MICRO / bucket.rate * settings.SENDING_PROCESSES for bucket in buckets]
        with self.lock:
            now = time.monotonic() * _MICRO
            stands = [
                max(self.stands.get(bucket.key, now - gap), now - max(BURST_SECONDS * _MICRO, gap))
                for bucket, gap in zip(buckets, gaps, strict=True)
            ]
            most = [
                max(0, int((now + horizon * _MICRO - stand) / gap + 1e-6))
                for stand, gap in zip(stands, gaps, strict=True)
            ]
            least = min(most[:shared])
            counts = [min(count, room) for count, room in zip(wanted, most[shared:], strict=True)]
            loose, counts = _fit(loose, counts, least)
            everybody = sum(counts) + loose
            for bucket, stand, gap, count in zip(buckets, stands, gaps, [everybody] * shared + counts, strict=True):
                if count:
                    self.stands[bucket.key] = stand + count * gap
        return _taken(counts, loose, [stand - now for stand in stands], gaps, shared, at=time.time(), notes=None)


def _fit(loose: int, counts: list[int], least: int) -> tuple[int, list[int]]:
    """Return each one's part where together they are more than there is."""
    everybody = loose + sum(counts)
    if everybody <= least:
        return loose, counts
    fitted: list[int] = []
    for count in (loose, *counts):
        fitted.append(min(count, -(-count * least // everybody), least - sum(fitted)))
    return fitted[0], fitted[1:]


_away, _local = _Away(), _Local()
