"""How long a small campaign and an urgent letter take beside a huge campaign, with two workers and a server 20 ms away."""

import asyncio
import os
import tempfile
import time

from bench.measure import Comparison, Figure, rows

WORKERS, SMALL = 2, 100


def compare():
    """Return seconds from the start to the last message; BENCH_ROWS sets the size of the huge campaign."""
    from django.conf import settings

    from delivery import queries, tasks
    from delivery.models import Mailing
    from emailconcert.lib.tenancy import account_scope
    from tests.delivery import makers, smtp_servers
    from tests.factories import AccountFactory
    from tests.forking import forking

    class FarMailbox(smtp_servers.Mailbox):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
            await asyncio.sleep(0.02)
            self.received.append((envelope.mail_from, envelope.rcpt_tos, b""))
            return "250 2.0.0 Taken"

    def seconds_until(mailing, count):
        began, woken = time.monotonic(), 0.0
        while queries.ledger(mailing).sent < count:
            if time.monotonic() - woken > 1:
                tasks.wake_due()
                woken = time.monotonic()
            time.sleep(0.01)
        return time.monotonic() - began

    huge, small, letter = rows(20_000), AccountFactory(sending_quota=10**6), AccountFactory(sending_quota=10**7)
    with smtp_servers.running(FarMailbox()) as (host, port), tempfile.TemporaryDirectory() as journals:
        env = {"EMAIL_URL": f"smtp://{host}:{port}", "JOURNAL_DIR": journals, "SMTP_CONNECTIONS": "4"}
        settings.JOURNAL_DIR = journals
        with forking("tests.delivery.celery_worker", LOG_LEVEL="error", **env) as fork:
            workers = [fork(number) for number in range(WORKERS)]
            big = makers.make_started(account=letter, people=huge, prefix="huge")
            seconds_until(big, 500)
            few = makers.make_started(account=small, people=SMALL, prefix="small")
            of_small = seconds_until(few, SMALL)
            one, a_list = makers.make_mailing(account=letter, people=1, prefix="letter")
            with account_scope(letter):
                Mailing.objects.filter(pk=one.pk).update(kind=Mailing.Kind.TRANSACTIONAL)
            makers.start(one, a_list)
            tasks.wake_urgent(account_id=letter.pk)
            of_letter = seconds_until(one, 1)
            for each in workers:
                each.kill()
    left = queries.ledger(big).queued
    return Comparison(
        f"Beside a campaign of {huge:,} ({left:,} still to go), {WORKERS} workers, {os.cpu_count()} cores",
        "mailing",
        (
            Figure(f"a campaign of {SMALL} of another account", of_small),
            Figure("a transactional message of the same account", of_letter),
        ),
        "From its start to its last message.",
        measured="seconds until it has left",
    )
