"""Workers killed with SIGKILL in the middle of a test of variants: nobody is lost, nobody gets it twice."""

import time
from datetime import datetime
from functools import wraps
from pathlib import Path

import pytest

from accounts.services.auditing import SYSTEM
from campaigns.services import deciding, following, gathering, sending, variants, versions
from delivery.services import materialising
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.test_variants import DECIDED, LEFT, deliver, got, make_test, opened, tick
from tests.factories import NOW
from tests.forking import forking

pytestmark = pytest.mark.django_db(transaction=True)
PLACES = {
    "one variant gathered": (gathering, "gather"),
    "people written": (materialising, "_check_quota"),
    "state followed": (deciding, "next_decision"),
    "rest made": (deciding, "_send_rest"),
}


def main(account_id, campaign_id, moment, place, marker):
    """Look after the campaign, and get stuck right behind a place: what the killed process does."""
    module, name = PLACES[place]
    real = getattr(module, name)

    @wraps(real)
    def stuck(*args, **kwargs):
        real(*args, **kwargs)
        Path(marker).touch()
        time.sleep(120)

    setattr(module, name, stuck)
    following.look_after(account_id=account_id, campaign_id=campaign_id, now=datetime.fromisoformat(moment))


def kill_at(fork, draft, moment, place, folder):
    marker = folder / f"{moment:%H%M}-{place}"
    worker = fork(draft.account_id, draft.pk, moment.isoformat(), place, str(marker))
    until = time.monotonic() + 60
    while not marker.exists():
        assert worker.runs(), f"it never came to: {place}"
        assert time.monotonic() < until
        time.sleep(0.01)
    worker.kill()


def test_a_killed_worker_leaves_nothing_half_made(alice, sender, news, tmp_path):
    draft = make_test(alice, sender, news)
    with account_scope(alice.account):
        variants.begin_own_content(campaign=draft, name="B", author=None, now=NOW)
        written = versions.Written("markdown", "# Warm rolls")
        versions.save_content(campaign=draft, written=written, origin=versions.Origin(), name="B", now=NOW)
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
    with forking("tests.campaigns.test_variant_kills", LOG_LEVEL="error") as fork:
        kill_at(fork, draft, NOW, "one variant gathered", tmp_path)
        assert got(draft) == {"A": set(), "B": set()}
        assert tick(draft, NOW) == "sending"
        deliver(draft, LEFT)
        kill_at(fork, draft, LEFT, "state followed", tmp_path)
        assert tick(draft, LEFT) == "testing"
        opened(draft, A=1, B=4)
        for place in ("rest made", "people written", "one variant gathered"):
            kill_at(fork, draft, DECIDED, place, tmp_path)
            assert list(got(draft)) == ["A", "B"]
    assert tick(draft, DECIDED) == "sending"
    deliver(draft, DECIDED)
    assert (tick(draft, DECIDED), draft.winner) == ("sent", "B")

    parts = got(draft)
    assert sum(map(len, parts.values())) == len(set.union(*parts.values())) == 40
    with account_scope(alice.account):
        assert b"Warm rolls" in bytes(draft.variants.get(name="R").mailing.program)
