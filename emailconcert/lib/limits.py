"""How often something may be done: counters in Redis that run out by themselves.

`hit` counts one attempt and says whether it is still allowed. The key (an address, a network, an id) is kept only as a
keyed hash. With Redis away the answer is yes: a limit slows abuse down, it must not lock everybody out.
"""

import logging
from functools import lru_cache
from typing import cast

import redis
from django.conf import settings

from emailconcert.lib import addresses

logger = logging.getLogger(__name__)

# The window begins with its first hit and ends `seconds` later, however many follow.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count
"""


def hit(name: str, key: object, limit: int, seconds: int) -> bool:
    """Count one attempt of `name` (a constant: "sign in") by `key`; tell whether it is among the first `limit`.

    The window lasts `seconds` from the first attempt.
    """
    try:
        count = cast("int", client().eval(_COUNT, 1, _redis_key(name, key), str(seconds)))
    except redis.RedisError:
        logger.warning("limit not counted: Redis is away", extra={"limit": name})
        return True
    return count <= limit


def forget(name: str, key: object) -> None:
    """Start the window over, for example after the attempt that succeeded."""
    try:
        client().delete(_redis_key(name, key))
    except redis.RedisError:
        logger.warning("limit not forgotten: Redis is away", extra={"limit": name})


@lru_cache(maxsize=1)
def client() -> redis.Redis:
    """Return this process's connection pool to Redis (text in, text out)."""
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_timeout=2, socket_connect_timeout=2)


def _redis_key(name: str, key: object) -> str:
    return f"ec:limit:{name}:{addresses.keyed_hash(f'{name}:{key}'.encode(), purpose='limit').hex()}"
