"""Seeded runs in which workers and machines die and everything else breaks (chaos.py says how, and what is judged)."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.delivery import chaos

SEEDS = 50


@pytest.mark.flaky(reruns=1)  # real processes that are killed at random moments
@pytest.mark.django_db(transaction=True)
def test_two_short_runs_lose_nobody_and_mail_nobody_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "BATCH_SIZE", chaos.BATCH)
    with chaos.workers() as fork:
        for seed in (1, 2):
            tale = chaos.run(
                seed, services=chaos.Shared(), fork=fork, folder=tmp_path / str(seed), people=120, events=6
            )
            print(tale)
            assert tale.ledger.sent > 0


@pytest.mark.slow
def test_fifty_runs_with_servers_that_are_stopped():
    """Their PostgreSQL and Redis are their own, so that these can be stopped; a process of its own, as settings are read once."""
    first = int(os.environ.get("CHAOS_SEED", "100"))
    theirs = {"DATABASE_URL", "DATABASE_OWNER_URL", "EDGE_DATABASE_URL", "REDIS_URL", "EC_TEST_VAR_DIR"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.delivery.chaos", f"{first}-{first + SEEDS - 1}"],
        env={name: value for name, value in os.environ.items() if name not in theirs},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("seed ") == SEEDS
