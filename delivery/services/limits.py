"""Token buckets in Redis. They slow sending down and never decide what is sent: without Redis, mail still leaves."""

import logging
import time

import redis
from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)


def take(account_id: int, count: int) -> None:
    """Wait until the account may send `count` more messages."""
    left = count
    while left > 0:
        second = int(time.time())
        granted = _grant(f"delivery-rate:{account_id}:{second}", left)
        left -= granted
        if left > 0:
            time.sleep(max(0.01, second + 1 - time.time()))


def _grant(key: str, wanted: int) -> int:
    """Return how many of the wanted the bucket of this second still holds."""
    try:
        cache.add(key, 0, timeout=5)
        used = cache.incr(key, wanted)
    except (redis.RedisError, ValueError, OSError):
        logger.warning("rate limit can't be asked")
        return wanted
    return max(0, min(wanted, settings.SEND_RATE - (used - wanted)))
