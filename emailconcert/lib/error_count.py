"""Counting logged errors across all processes, in Redis; losing Redis loses the count and nothing else."""

import logging

import redis
from django.conf import settings

_KEY = "ec:errors"
_client: list[redis.Redis] = []


def _redis() -> redis.Redis:
    if not _client:
        _client.append(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5))
    return _client[0]


def total() -> int:
    """Return how many errors were logged since Redis started."""
    try:
        return int(_redis().get(_KEY) or 0)
    except redis.RedisError:
        return 0


class CountingHandler(logging.Handler):
    """A logging handler that counts records of level ERROR and above."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)

    def emit(self, _record: logging.LogRecord) -> None:
        """Count one; without Redis nothing happens."""
        try:
            _redis().incr(_KEY)
        except redis.RedisError:
            return
