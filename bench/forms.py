"""Submissions of a hosted form, end to end with all limits on, beside one statement per row."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from bench.measure import Comparison, Figure
from bench.tracking import ask_all, cpu

SUBMISSIONS, WARM_UP = 240, 40
RUNS = 2


def make_form():
    """Make an account with a form of two lists; return the form."""
    from django.utils.timezone import now

    from accounts.models import Account
    from contacts.hosted import blueprint
    from contacts.models import List
    from contacts.services.hosted import form_keeping
    from emailconcert.lib import encryption
    from emailconcert.lib.tenancy import account_scope

    number = time.time_ns()
    account = Account.objects.create(
        slug=f"bench-{number}", name="Bench", postal_address="1 High Street", country="IE", sending_quota=1
    )
    _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
    account.save()
    with account_scope(account):
        lists = [List.objects.create(name=name).pk for name in ("News", "Events")]
        draft = blueprint.from_json({"questions": [{"field": "first_name"}, {"field": "country"}], "lists": lists})
        form = form_keeping.create_form(account=account, name="Bench", slug=f"bench-{number}", draft=draft, now=now())
        form_keeping.publish(form=form, draft=draft, now=now())
    return form


def requests(form, run, count=SUBMISSIONS):
    """Return raw requests, each of another person and network, with the work done."""
    from django.conf import settings
    from django.utils.timezone import now

    from contacts.hosted import proof

    host = urlsplit(settings.CONTENT_URL).netloc
    for number in range(count):
        stamp = proof.new_stamp(form_id=form.pk, now=now() - timedelta(seconds=5))
        body = urlencode(
            {
                "email": f"p{run}-{number}@example.com",
                "first_name": "Zoe",
                "country": "IE",
                "lang": "en",
                "stamp": stamp,
                "work": proof.do_work(stamp),
                "website": "",
            }
        ).encode()
        head = (
            f"POST /f/{form.slug} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\nX-Forwarded-For: 10.{run}.{number // 250}.{number % 250}\r\n\r\n"
        )
        yield head.encode() + body


def serve(target):
    """Start granian with a worker for each of two cores; return it and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "2", "--no-ws", "--log-level", "error", target]
    process = subprocess.Popen(command, env={**os.environ, "TRUSTED_PROXIES": "1"})
    until = time.monotonic() + 60
    while True:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process, port
        assert time.monotonic() < until, f"{target} did not start"
        time.sleep(0.1)


def measured(target, form, offset):
    """Return (least CPU seconds per submission, most submissions a second); PostgreSQL included, the client not."""
    process, port = serve(target)
    try:
        best, rate = float("inf"), 0.0
        asyncio.run(ask_all(port, list(requests(form, offset, WARM_UP))))
        for run in range(1, RUNS + 1):
            prepared = list(requests(form, offset + run))
            before = cpu(process)
            statuses, seconds = asyncio.run(ask_all(port, prepared))
            assert set(statuses) == {200}, set(statuses)
            best, rate = min(best, (cpu(process) - before) / len(statuses)), max(rate, len(statuses) / seconds)
        return best, rate
    finally:
        process.terminate()
        process.wait()


def taken(form):
    """Return how many submissions were written down."""
    from contacts.models import FormSubmission
    from emailconcert.lib.tenancy import account_scope

    with account_scope(form.account_id):
        return FormSubmission.objects.filter(form=form).count()


def compare():
    """Compare taking submissions."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)  # the pages name their stylesheets
    form = make_form()
    naive, naive_rate = measured("bench.naive_forms:application", form, 100)
    ours, our_rate = measured("emailconcert.wsgi:application", form, 1)
    expected = 2 * (WARM_UP + RUNS * SUBMISSIONS)
    assert taken(form) == expected, (taken(form), expected)
    million = 1_000_000
    return Comparison(
        "Submissions of a hosted form, end to end, all limits on (PostgreSQL included)",
        "submission",
        (
            Figure("eight queries, rows in one statement", ours * million),
            Figure("each row by the ORM", naive * million),
        ),
        f"{our_rate:,.0f} submissions a second beside {naive_rate:,.0f}, 2 workers, clients on the same cores.",
    )
