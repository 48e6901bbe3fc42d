"""Taking opens and clicks down (80 % and 20 %), committed before each answer, and emptying the inbox.

The edge stands beside a Django view that saves a row.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta

import psutil

from bench.measure import Comparison, Figure

REQUESTS = 6_000
NAIVE_REQUESTS = 1_500
CLIENTS = 32
PEOPLE = 500
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36"
)


def mailing():
    """Make a mailing with people and two links; return its id."""
    from django.db import connection

    from accounts.models import Account
    from contacts.models import Contact
    from delivery.models import Link, Mailing, Message, Outcome
    from emailconcert.lib.addresses import address_hash
    from emailconcert.lib.tenancy import account_scope

    number = time.time_ns()
    account = Account.objects.create(
        slug=f"bench-{number}", name="Bench", postal_address="1 High Street", country="IE", sending_quota=1
    )
    with account_scope(account):
        made = Mailing.objects.create(kind="campaign", from_name="B", from_email="b@example.org", program=b"{}")
        for link in (1, 2):
            Link.objects.create(mailing=made, number=link, url=f"https://example.org/{link}")
        emails = [f"p{number}@example.com" for number in range(PEOPLE)]
        people = Contact.objects.bulk_create(
            Contact(email=email, email_hash=address_hash(email, account_id=account.pk), source="demo")
            for email in emails
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT delivery_make_partition(%s)", [made.pk])
        Message.objects.bulk_create(
            Message(account_id=account.pk, mailing=made, sequence=n, contact_id=person.pk, outcome=Outcome.SENT)
            for n, person in enumerate(people, start=1)
        )
    return made.pk


def requests(mailing_id, count):
    from emailconcert.lib.signing import message_token

    tokens = [message_token(mailing_id, sequence) for sequence in range(1, PEOPLE + 1)]
    head = f"Host: t.example\r\nUser-Agent: {AGENT}\r\n\r\n"
    for number in range(count):
        token = tokens[number % PEOPLE]
        path = f"/c/{token}/{number % 2 + 1}" if number % 5 == 0 else f"/o/{token}"
        yield f"GET {path} HTTP/1.1\r\n{head}".encode()


async def ask_all(port, prepared):
    """Send the requests over kept connections, each waiting for its answer; return statuses and seconds."""
    waiting, statuses = iter(prepared), []

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            statuses.append(int(head[9:12]))
            length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
            await reader.readexactly(int(length.partition(b":")[2]))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return statuses, time.perf_counter() - began


def serve(interface, target):
    """Start one granian; return it and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--no-ws", "--log-level", "error", target]
    process = subprocess.Popen(command)
    until = time.monotonic() + 30
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        assert time.monotonic() < until, f"{target} did not start"
        time.sleep(0.1)


def cpu(process):
    """Return the seconds of CPU that the server and PostgreSQL have used."""
    parts = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    folder = os.environ["VAR_DIR"]
    for each in psutil.process_iter(["cmdline", "name"]):
        if "postgres" in (each.info["name"] or "") and folder in " ".join(each.info["cmdline"] or []):
            parts += [each, *each.children(recursive=True)]
    total = 0.0
    for part in parts:
        try:
            times = part.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def measured(interface, target, mailing_id, count):
    """Return (best CPU seconds per request, requests per second)."""
    process, port = serve(interface, target)
    try:
        asyncio.run(ask_all(port, list(requests(mailing_id, 200))))
        best, rate = float("inf"), 0.0
        for _ in range(3):
            prepared = list(requests(mailing_id, count))
            before = cpu(process)
            statuses, seconds = asyncio.run(ask_all(port, prepared))
            assert set(statuses) == {200, 302}, set(statuses)
            best, rate = min(best, (cpu(process) - before) / count), max(rate, count / seconds)
        return best, rate
    finally:
        process.terminate()
        process.wait()


def emptied():
    """Empty the inbox of what was taken down; return CPU seconds of the worker per event, and how many."""
    from django.utils.timezone import now

    from tracking.services import emptying

    count, began = 0, time.process_time()
    while moved := emptying.empty_inbox(now=now() + timedelta(seconds=10)):
        count += moved
    return (time.process_time() - began) / count, count


def compare():
    """Compare taking events down, and show what emptying costs."""
    mailing_id = mailing()
    naive, naive_rate = measured("wsgi", "bench.naive_edge:application", mailing_id, NAIVE_REQUESTS)
    emptied()
    ours, our_rate = measured("asgi", "tracking.edge.app:app", mailing_id, REQUESTS)
    per_event, count = emptied()
    million = 1_000_000
    return [
        Comparison(
            "Taking opens and clicks down, committed before each answer (PostgreSQL included)",
            "request",
            (
                Figure("edge: bare ASGI, group commit", ours * million),
                Figure("Django view, one row saved by the ORM", naive * million),
            ),
            f"{our_rate:,.0f} requests a second beside {naive_rate:,.0f}, {CLIENTS} clients on the same cores.",
        ),
        Comparison(
            "Emptying the inbox: judging, keeping, adding up (worker only)",
            "event",
            (Figure("one transaction per 10,000", per_event * million),),
            f"{count:,} events.",
        ),
    ]
