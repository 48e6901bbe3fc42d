"""Counting logged errors across all processes, in Redis; losing Redis loses the count and nothing else."""

import logging
from functools import cache

import redis
from django.conf import settings

_KEY = "ec:errors"


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)


def total() -> int:
    """Return how many errors were logged since Redis started."""
    try:
        return int(_client(settings.REDIS_URL).get(_KEY) or 0)
    except redis.RedisError:
        return 0


class CountingHandler(logging.Handler):
    """A logging handler that counts records of level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)

    def emit(self, _record: logging.LogRecord) -> None:
        """Count one; without Redis nothing happens."""
        try:
            _client(settings.REDIS_URL).incr(_KEY)
        except redis.RedisError:
            return
