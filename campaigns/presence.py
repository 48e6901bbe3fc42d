"""Who has a draft open in an editor just now. In Redis only, and gone half a minute after the page is closed."""

import logging

import redis

from emailconcert.lib import limits

logger = logging.getLogger(__name__)

GONE_AFTER = 40
"""Seconds without news after which somebody is taken to have left; pages call every twelve."""


def call(
    *, account_id: int, campaign_id: int, variant: str = "A", user_id: int, page: str, at: float
) -> list[tuple[int, str]]:
    """Say that somebody has an editor open (`page` names the opened page, `at` is a timestamp).

    Returns the others as user id and page; with Redis away, nobody.
    """
    key, me = _key(account_id, campaign_id, variant), f"{user_id}:{page}"
    try:
        with limits.client().pipeline() as pipe:
            pipe.zadd(key, {me: at})
            pipe.zremrangebyscore(key, "-inf", at - GONE_AFTER)
            pipe.expire(key, GONE_AFTER)
            pipe.zrange(key, 0, 50)
            found: list[str] = pipe.execute()[-1]
    except redis.RedisError:
        logger.warning("presence not known: Redis is away")
        return []
    others = (each.partition(":") for each in found if each != me)
    return [(int(user), its_page) for user, _, its_page in others]


def leave(*, account_id: int, campaign_id: int, variant: str = "A", user_id: int, page: str) -> None:
    """Say that somebody closed their editor."""
    try:
        limits.client().zrem(_key(account_id, campaign_id, variant), f"{user_id}:{page}")
    except redis.RedisError:
        logger.warning("presence not changed: Redis is away")


def _key(account_id: int, campaign_id: int, variant: str) -> str:
    return f"ec:writing:{account_id}:{campaign_id}:{variant}"
