"""Workers are killed with SIGKILL at random; what the SMTP server received is the judge."""

import asyncio
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.conf import settings

from delivery import queries
from delivery.models import Mailing, Message, Outcome
from delivery.services import recovering
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers, smtp_servers
from tests.forking import forking

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 2_000
KILLS = 10
WORKERS = 2
CONNECTIONS = 4


class SlowMailbox(smtp_servers.Mailbox):
    """Takes its time, so that the killer always finds something in flight."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        await asyncio.sleep(0.004)
        return await super().handle_DATA(server, session, envelope)


def workers_of(mailing, port, folder):
    return forking(
        "tests.delivery.chaos_worker",
        EMAIL_URL=f"smtp://127.0.0.1:{port}",
        JOURNAL_DIR=str(folder),
        BATCH_SIZE=str(settings.BATCH_SIZE),
        SEND_RATE="100000",
        SMTP_CONNECTIONS=str(CONNECTIONS),
        LOG_LEVEL="error",
    )


def test_killing_workers_loses_nobody_and_mails_nobody_twice(journals, monkeypatch):
    seed = int(os.environ.get("CHAOS_SEED", time.time_ns() % 10**6))
    print(f"CHAOS_SEED={seed}")
    dice = random.Random(seed)
    monkeypatch.setattr(settings, "BATCH_SIZE", 100)
    mailing = makers.make_started(people=PEOPLE)
    box = SlowMailbox()
    workers, killed = [], 0
    with smtp_servers.running(box) as (_, port), workers_of(mailing, port, journals) as fork:
        deadline = time.monotonic() + 120
        while state_of(mailing) != Mailing.State.DONE:
            assert time.monotonic() < deadline, queries.ledger(mailing)
            workers = [worker for worker in workers if worker.runs()]
            while len(workers) < WORKERS:
                workers.append(fork(mailing.account_id, mailing.pk))
            if killed < KILLS:
                wait_for_more(box, dice.randint(20, 150), mailing)
                time.sleep(dice.random() * 0.02)
                dice.choice(workers).kill()
                killed += 1
            else:
                time.sleep(0.2)
    recovering.recover_batches(now=datetime.now(UTC))

    assert killed == KILLS
    judge(mailing, box)


def wait_for_more(box, count, mailing):
    """Wait until so many more messages have been received, or all have been."""
    goal = min(len(box.received) + count, PEOPLE)
    until = time.monotonic() + 30
    while len(box.received) < goal and state_of(mailing) != Mailing.State.DONE and time.monotonic() < until:
        time.sleep(0.005)


def state_of(mailing):
    with account_scope(mailing.account_id):
        return Mailing.objects.values_list("state", flat=True).get(pk=mailing.pk)


def judge(mailing, box):
    received = Counter(box.recipients)
    everybody = {f"p{number}@example.com" for number in range(1, PEOPLE + 1)}
    with account_scope(mailing.account_id):
        rows = list(
            Message.objects.filter(account_id=mailing.account_id, mailing_id=mailing.pk).values_list(
                "sequence", "contact_id", "outcome"
            )
        )
        from contacts.models import Contact

        emails = dict(Contact.objects.values_list("pk", "email"))
    outcomes = {emails[contact_id]: Outcome(outcome) for _, contact_id, outcome in rows}

    assert set(outcomes) == everybody
    assert len(rows) == PEOPLE
    assert [to for to, times in received.items() if times > 1] == [], "somebody was mailed twice"
    assert set(outcomes.values()) <= {Outcome.SENT, Outcome.UNCONFIRMED}, "a row without a final state"
    sent = {to for to, outcome in outcomes.items() if outcome == Outcome.SENT}
    unconfirmed = everybody - sent
    assert sent <= set(received), "somebody was lost"
    assert set(received) - sent <= unconfirmed
    assert len(unconfirmed) <= KILLS * CONNECTIONS, "more unconfirmed than what was in flight"
    ledger = queries.ledger(mailing)
    assert ledger.adds_up
    assert (ledger.sent, ledger.unconfirmed) == (len(sent), len(unconfirmed))
    print(f"sent {len(sent)}, unconfirmed {len(unconfirmed)}, of those received {len(set(received) & unconfirmed)}")
