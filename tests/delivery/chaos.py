"""Seeded runs in which everything breaks: workers, hosts, PostgreSQL, Redis, the mail server. Its log is the judge.

By hand, with a PostgreSQL and Redis of their own in VAR_DIR/chaos, which is emptied first:
`python -m tests.delivery.chaos 1-15 [PEOPLE [EVENTS]]`.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 3
BATCH = 25
ENVIRONMENT = {
    "BATCH_SIZE": str(BATCH), "SMTP_CONNECTIONS": str(CONNECTIONS), "SEND_RATE": "100000", "LOG_LEVEL": "error",
}  # fmt: skip
PATIENCE = 180


class Shared:
    """The test's own PostgreSQL and Redis, which others use as well: connections are broken, nothing is stopped."""

    def restart_database(self):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )

    def restart_redis(self):
        import redis
        from django.conf import settings

        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.client_kill_filter(skipme=True, _type="normal")
            client.flushdb()


class Own:
    """A PostgreSQL and a Redis that are stopped without a goodbye."""

    def __init__(self, servers):
        self._postgres, self._redis = servers._postgres, servers._redis

    def restart_database(self):
        from django.db import connection

        connection.close()
        self._postgres._run("pg_ctl", "stop", "-D", self._postgres.data, "-m", "immediate", "-s", check=False)
        self._postgres.start()

    def restart_redis(self):
        self._redis.stop()
        self._redis.start()


@dataclass
class Host:
    """A machine: its workers, its folder of journals, its boot."""

    name: str
    folder: Path
    boot: int = 0
    workers: list = field(default_factory=list)
    is_gone: bool = False

    def fill(self, fork, mailing, email_url, count):
        self.workers = [worker for worker in self.workers if worker.runs()]
        while not self.is_gone and len(self.workers) < count:
            me = {
                "name": self.name,
                "boot": f"{self.name}-{self.boot}",
                "journals": str(self.folder / self.name),
                "email_url": email_url,
            }
            self.workers.append(fork(mailing.account_id, mailing.pk, me))

    def lose_power(self):
        for worker in self.workers:
            worker.kill()
        self.boot += 1


@dataclass
class Tale:
    """What was done in a run, and what came out."""

    seed: int
    kills: int = 0
    vanished: int = 0
    lost_with_hosts: int = 0
    opted_out: set = field(default_factory=set)
    done: list = field(default_factory=list)
    ledger: object = None
    taken: int = 0
    most_unconfirmed: int = 0

    def __str__(self):
        found = self.ledger
        return (
            f"seed {self.seed}: sent {found.sent}, failed {found.failed}, skipped {found.skipped}, unconfirmed"
            f" {found.unconfirmed} (of those taken {self.taken}; at most {self.most_unconfirmed}); {' '.join(self.done)}"
        )


class Run:
    """One seeded run."""

    def __init__(self, seed, *, services, fork, folder, people, events):
        from datetime import UTC, datetime

        from tests.delivery import makers
        from tests.factories import AccountFactory

        self.dice = random.Random(seed)
        self.tale, self.services, self.fork, self.people = Tale(seed), services, fork, people
        self.hosts = [Host(name, folder) for name in ("alpha", "beta")]
        self.events = self.dice.choices(
            ["kill", "database", "redis", "vanish", "opt out"], weights=[8, 2, 1, 2, 5], k=events
        )
        if seed % 3:  # a third of the runs lose no machine
            at = self.dice.randrange(len(self.events))
            self.events.insert(at, {1: "power", 2: "fire"}[seed % 3])
        mailing, a_list = makers.make_mailing(account=AccountFactory(name=f"Chaos {time.time_ns()}"), people=people)
        self.mailing = makers.start(mailing, a_list, now=datetime.now(UTC))

    def go(self, server):
        self.server = server
        email_url = f"smtp://127.0.0.1:{server.port}?timeout=8"
        until = time.monotonic() + PATIENCE
        try:
            while not patiently(self.is_done):
                assert time.monotonic() < until, f"not done in time: {patiently(self.audit)}, {self.tale.done}"
                for host in self.hosts:
                    host.fill(self.fork, self.mailing, email_url, 1)
                if self.events:
                    self.wait_for_more(self.dice.randint(1, max(2, self.people // 12)))
                    self.act(self.events.pop(0))
                else:
                    time.sleep(0.1)
        finally:
            for host in self.hosts:
                for worker in host.workers:
                    worker.kill()
        self.conclude()

    def act(self, event):
        self.tale.done.append(event)
        if event == "kill":
            self.dice.choice([worker for host in self.hosts for worker in host.workers]).kill()
            self.tale.kills += 1
        elif event == "database":
            self.services.restart_database()
        elif event == "redis":
            self.services.restart_redis()
        elif event == "vanish":
            self.tale.vanished += 1
            self.server.vanish()
            time.sleep(self.dice.random())
            self.server.come_back()
        elif event == "opt out":
            patiently(self.opt_out)
        else:
            self.lose_host(self.hosts[1], burns=event == "fire")

    def lose_host(self, host, *, burns):
        """Let a machine lose power, or burn with its journals; then let the time pass that it is waited for."""
        host.lose_power()
        if burns:
            host.is_gone = True
            (host.folder / host.name).rename(host.folder / f"{host.name}.burnt")
        self.tale.lost_with_hosts += patiently(lambda: self.pass_time(host))

    def pass_time(self, host):
        """Return how many messages its batches hold that nobody will ever know of."""
        from datetime import UTC, datetime, timedelta

        from delivery.models import Batch, Message, Outcome
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.mailing.account_id):
            batches = Batch.objects.filter(mailing_id=self.mailing.pk, state=Batch.State.LEASED, host=host.name)
            held = sum(
                Message.objects.filter(
                    mailing_id=self.mailing.pk, sequence__range=(batch.first, batch.last), outcome=Outcome.QUEUED
                ).count()
                for batch in batches
            )
            batches.update(lease_until=datetime.now(UTC) - timedelta(hours=1))
        return held

    def opt_out(self):
        """Let somebody opt out whose batch nobody has claimed yet: the claim waits for the lock, and must see it."""
        from contacts.models import Subscription
        from delivery.models import Batch, Message, Outcome
        from emailconcert.lib import signing
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.mailing.account_id):
            waiting = Batch.objects.filter(mailing_id=self.mailing.pk, state=Batch.State.OPEN)
            batch = waiting.select_for_update(skip_locked=True).order_by("-number").first()
            if batch is None:
                return
            rows = Message.objects.filter(
                mailing_id=self.mailing.pk, sequence__range=(batch.first, batch.last), outcome=Outcome.QUEUED
            ).order_by("sequence")
            if not (left := list(rows.values_list("sequence", "contact_id"))):
                return
            sequence, contact_id = self.dice.choice(left)
            Subscription.objects.filter(contact_id=contact_id).update(state="unsubscribed")
        self.tale.opted_out.add(signing.message_token(self.mailing.pk, sequence))

    def wait_for_more(self, count):
        goal, until = len(self.server.log) + count, time.monotonic() + 3
        while len(self.server.log) < goal and time.monotonic() < until and not patiently(self.is_done):
            time.sleep(0.01)
        time.sleep(self.dice.random() * 0.02)

    def is_done(self):
        from delivery.models import Mailing
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.mailing.account_id):
            return Mailing.objects.values_list("state", flat=True).get(pk=self.mailing.pk) == Mailing.State.DONE

    def audit(self):
        from delivery.services import auditing

        return auditing.audit(account_id=self.mailing.account_id, mailing_id=self.mailing.pk).as_dict()

    def conclude(self):
        from delivery.models import Outcome
        from tests.delivery import judging

        tale = self.tale
        tale.ledger, tale.taken = judging.judge(self.mailing, self.server, people=self.people)
        # Beside what the server itself gave no word on: its word was lost with the process or the line.
        lines = CONNECTIONS * (tale.kills + len(self.hosts) * (tale.vanished + 1))
        tale.most_unconfirmed = self.server.unheard + lines + tale.lost_with_hosts
        assert tale.ledger.unconfirmed <= tale.most_unconfirmed, f"more unconfirmed than what was in flight: {tale}"
        rows = judging.outcomes_of(self.mailing)
        assert {rows[token][1] for token in tale.opted_out} <= {Outcome.SKIPPED}, "somebody's opt-out came to nothing"


def patiently(call):
    """Call until PostgreSQL answers."""
    from django.db import InterfaceError, OperationalError, connection

    until = time.monotonic() + 60
    while True:
        try:
            return call()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def run(seed, *, services, fork, folder, people, events):
    """Make a run and judge it; return its tale."""
    from tests.delivery import rough_server

    folder.mkdir(parents=True, exist_ok=True)
    one = Run(seed, services=services, fork=fork, folder=folder, people=people, events=events)
    plan, log = rough_server.seeded(seed), folder / "log.jsonl"
    with rough_server.running(plan, log_path=log, pause=0.004) as server:
        one.go(server)
    return one.tale


@contextmanager
def workers():
    """Give a function that forks workers of any host."""
    from tests.forking import forking

    with forking("tests.delivery.chaos_host", **ENVIRONMENT) as fork:
        yield fork


def main(words, people, events):
    """Run seeds with servers of their own, in VAR_DIR/chaos."""
    from dev import places
    from dev.servers import Servers

    var = places.var_dir() / "chaos"
    shutil.rmtree(var, ignore_errors=True)
    places.make_folder(var)
    servers = Servers(
        var=var, unsafe=True
    )  # it waits for no disk unless it is told to, and forgets what it was told last
    servers.start()
    try:
        os.environ.update({**servers.env(), **ENVIRONMENT, "VAR_DIR": str(var)})
        os.environ["DJANGO_SETTINGS_MODULE"] = "emailconcert.settings"
        for command in ("create_roles", "migrate"):
            subprocess.run([sys.executable, "manage.py", command, "-v0"], check=True, stdout=subprocess.DEVNULL)
        import django

        django.setup()
        first, _, last = words.partition("-")
        with ExitStack() as stack:
            fork = stack.enter_context(workers())
            for seed in range(int(first), int(last or first) + 1):
                began = time.monotonic()
                folder = var / "runs" / f"{seed}-{time.time_ns()}"
                tale = run(seed, services=Own(servers), fork=fork, folder=folder, people=people, events=events)
                print(f"{tale} [{time.monotonic() - began:.0f} s]", flush=True)
    finally:
        servers.stop()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400, int(sys.argv[3]) if len(sys.argv) > 3 else 14)
