"""Few workers, one huge campaign, and others beside it. The mail server's own log says who was served when."""

import asyncio
import time

import pytest
import redis
from django.conf import settings

from delivery import queries, tasks
from delivery.models import Mailing
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers, smtp_servers
from tests.forking import forking

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MANY, FEW, WORKERS = 1_500, 20, 2


class SlowMailbox(smtp_servers.Mailbox):
    """Takes its time, as a relay far away does."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        await asyncio.sleep(0.05)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def workers(journals, monkeypatch):
    """Two real workers that send to a slow server, and what it received."""
    monkeypatch.setattr(settings, "BATCH_SIZE", 500)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    box = SlowMailbox()
    with smtp_servers.running(box) as (host, port):
        env = {"EMAIL_URL": f"smtp://{host}:{port}", "JOURNAL_DIR": str(journals), "SMTP_CONNECTIONS": "2"}
        with forking("tests.delivery.celery_worker", LOG_LEVEL="error", **env) as fork:
            pair = [fork(number) for number in range(WORKERS)]
            yield box
            for each in pair:
                each.kill()


def received_until(box, condition):
    until, woken = time.monotonic() + 120, 0.0
    while not condition():
        assert time.monotonic() < until, f"{len(box.received)} received: it does not come about"
        if time.monotonic() - woken > 1:  # as the scheduler does
            tasks.wake_due()
            woken = time.monotonic()
        time.sleep(0.05)


def test_small_campaign_and_urgent_letter_pass_a_huge_campaign(workers):
    huge = makers.make_started(people=MANY, prefix="huge")
    received_until(workers, lambda: len(workers.received) > 20)

    small = makers.make_started(people=FEW, prefix="small")
    began = len(workers.received)
    received_until(workers, lambda: queries.ledger(small).sent == FEW)
    after_small = len(workers.received) - began

    letter, a_list = makers.make_mailing(account=huge.account, people=1, prefix="letter")
    with account_scope(huge.account_id):
        Mailing.objects.filter(pk=letter.pk).update(kind=Mailing.Kind.TRANSACTIONAL)
    makers.start(letter, a_list)
    began = len(workers.received)
    received_until(workers, lambda: queries.ledger(letter).sent == 1)
    after_letter = len(workers.received) - began

    print(f"{after_small} messages until the small campaign had left, {after_letter} until the letter had")
    assert after_small < MANY / 2
    assert after_letter < MANY / 2
    assert queries.ledger(huge).queued > 0
    assert queries.ledger(huge).adds_up
