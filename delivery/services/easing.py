"""Slowing down for a mailbox provider that asks for it, and speeding up again: additive increase, multiplicative decrease.

What counts as asking is a 421, a 4.7.x, or another 4xx that speaks of rates. It halves the rate that this account sends at
through this connection to that provider, at most once in `_APART` seconds, down to `FLOOR`; each minute without a further
word gives a part of it back. Kept in Redis, with the provider's last words for the owner; forgotten when Redis is emptied,
after which the next word halves again.
"""

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson
import redis

from delivery.services import mailbox_providers
from emailconcert.lib import limits

logger = logging.getLogger(__name__)

FLOOR = 0.1  # messages a second
_APART = 10.0
_KEPT = 24 * 3600
_SHOWN = 6 * 3600.0  # after its last word, a provider that has its speed back is no more news
_MOST_WORDS = 160
_RATE_WORDS = re.compile(r"rate|too (?:many|fast|much)|thrott|slow|defer|exceed|limit|unusual|busy", re.IGNORECASE)
_GREYLISTED = re.compile(r"gr[ae]y-?list", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")  # servers like to repeat the recipient's
_CLOSING, _FINAL = 421, 500
_SECURITY = 7

# KEYS[1]: the hash. ARGV: provider, rate now at most, floor, words, seconds apart, seconds kept, full rate.
_SLOW = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local raw = redis.call('HGET', KEYS[1], ARGV[1])
local rate, since, at = tonumber(ARGV[2]), now, 0
if raw then
    local was = cjson.decode(raw)
    at, since = was.at, was.since
    rate = math.min(rate, was.rate + was.step * (now - was.at) / 60)
    if now - at < tonumber(ARGV[5]) then
        was.words = ARGV[4]
        redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(was))
        return 0
    end
end
local full = tonumber(ARGV[7])
local note = {rate = math.max(tonumber(ARGV[3]), rate / 2), step = math.max(rate / 20, full / 200),
    at = now, since = since, words = ARGV[4]}
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(note))
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 1
"""


@dataclass(frozen=True)
class Slowed:
    """A provider that asked us to slow down: since when, its last words, and the rate that is left."""

    provider: str
    rate: float
    since: datetime
    last_at: datetime
    words: str

    @property
    def label(self) -> str:
        """Return the provider's name."""
        return mailbox_providers.label(self.provider)


def asks_to_slow_down(*, code: int, enhanced: tuple[int, int, int] | None, text: str) -> bool:
    """Tell whether a reply is about how fast we send. Greylisting is not: it asks everybody to come again."""
    if not 400 <= code < _FINAL or _GREYLISTED.search(text):
        return False
    return code == _CLOSING or (enhanced is not None and enhanced[1] == _SECURITY) or bool(_RATE_WORDS.search(text))


def key(account_id: int, connection_id: int | None) -> str:
    """Return where the slowed providers of one way of sending are kept."""
    return f"ec:rate:{{{account_id}}}:slow:{connection_id or 0}"


def slow_down(*, at: str, provider: str, rate: float, full: float, words: str) -> None:
    """Halve the rate to a provider that asked for it; `rate` is what was sent at most, `full` what is allowed at best."""
    said = _ADDRESS.sub("…", " ".join(words.split()))[:_MOST_WORDS]
    try:
        limits.client().eval(_SLOW, 1, at, provider, str(rate), str(FLOOR), said, str(_APART), str(_KEPT), str(full))
    except (redis.RedisError, OSError):
        logger.warning("slowing down not noted: Redis is away", extra={"provider": provider})


def rates(notes: dict[str, str], *, now: float, full: float) -> dict[str, float]:
    """Return the rate of each provider that is still slowed, at Redis's own time."""
    found = {}
    for provider, raw in notes.items():
        note = orjson.loads(raw)
        rate = _rate(note, now)
        if rate < full:
            found[provider] = rate
    return found


def read(at: str) -> dict[str, str]:
    """Return the notes on slowed providers as they are kept."""
    try:
        return cast("dict[str, str]", limits.client().hgetall(at))
    except (redis.RedisError, OSError):
        return {}


def slowed(*, account_id: int, connection_ids: list[int | None], now: datetime) -> list[Slowed]:
    """Return which providers asked this account to slow down lately, for its owner."""
    found: dict[str, Slowed] = {}
    for connection_id in connection_ids:
        for provider, raw in read(key(account_id, connection_id)).items():
            note: dict[str, Any] = orjson.loads(raw)
            if now.timestamp() - note["at"] < _SHOWN:
                found[provider] = Slowed(
                    provider, _rate(note, now.timestamp()), _moment(note["since"]), _moment(note["at"]), note["words"]
                )
    return sorted(found.values(), key=lambda each: each.label.lower())


def _rate(note: dict[str, Any], now: float) -> float:
    return float(note["rate"] + note["step"] * max(0.0, now - note["at"]) / 60)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
