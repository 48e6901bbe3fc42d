import time

import redis

from emailconcert.lib import limits


def test_hit_allows_the_first_ones_only():
    assert [limits.hit("test", "alice", 2, 60) for _ in range(4)] == [True, True, False, False]


def test_hit_counts_each_key_and_name_apart():
    limits.hit("test", "alice", 1, 60)

    assert (limits.hit("test", "bob", 1, 60), limits.hit("other", "alice", 1, 60)) == (True, True)


def test_hit_allows_again_after_the_window():
    limits.hit("test", "alice", 1, 1)
    assert limits.hit("test", "alice", 1, 1) is False

    time.sleep(1.1)

    assert limits.hit("test", "alice", 1, 1) is True


def test_forget_starts_over():
    limits.hit("test", "alice", 1, 60)

    limits.forget("test", "alice")

    assert limits.hit("test", "alice", 1, 60) is True


def test_hit_keeps_no_plain_key():
    limits.hit("test", "alice@example.org", 1, 60)

    assert not [key for key in limits.client().keys("*") if "alice" in key]


def test_hit_lets_pass_while_redis_is_away(monkeypatch):
    nowhere = redis.Redis.from_url("unix:///nonexistent/redis.sock")
    monkeypatch.setattr(limits, "client", lambda: nowhere)

    assert limits.hit("test", "alice", 0, 60) is True
