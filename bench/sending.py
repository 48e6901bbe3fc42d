"""Sending the same newsletter to a sink on loopback in several ways; CPU per message, the sink's own not counted.

The worker is measured whole: claim, journal, filling, wire, outcomes, limits, with PostgreSQL's share beside it.
"""

import asyncio
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

from bench import compiling, letters
from bench.measure import Comparison, figure, rows

COUNT, NAIVE, PRECOMPILED, SIGNED = 3_000, 300, 1_000, 200
PEOPLE = rows(10_000)
FAR, CONNECTIONS, FAR_COUNT, FAR_NAIVE = 0.020, 128, 10_000, 2_000


@contextmanager
def sink(*, delay=0.0, certificate=""):
    """Run a sink; yield its port."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__).parent / "sink.py", str(delay), str(certificate)], stdout=subprocess.PIPE
    )
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Ears:
    """Hooks that count."""

    def __init__(self):
        self.taken = 0

    def may_write(self):
        return True

    def on_intent(self, key):
        pass

    def on_outcome(self, key, code, text):
        self.taken += code == 250

    def on_barred(self, key, code, text):
        raise AssertionError(text)

    def on_lost(self, key):
        raise AssertionError(key)

    def on_returned(self, key, code, text):
        raise AssertionError(key)


def ours(port, frame, *, count=COUNT, connections=8, security="plain"):
    """Fill and send over our own connections."""
    import uvloop

    from delivery.wire.feed import Feed
    from delivery.wire.sending import Crew
    from delivery.wire.smtp import Server

    async def run():
        feed, ears = Feed(), _Ears()
        server = Server("127.0.0.1", port, security=security, verify=False)
        crew = asyncio.create_task(Crew(server, feed, ears, connections=connections).run())
        for number in range(count):
            feed.put([(number, letters.fill(frame, number))])
            while number % 50 == 49 and len(feed) > max(200, connections):  # noqa: ASYNC110  # the wire's turn
                await asyncio.sleep(0)
        feed.close()
        await crew
        assert ears.taken == count, ears.taken

    uvloop.run(run())


def django(port):
    """Render with Django and send each message over one kept connection."""
    from django.core.mail import EmailMultiAlternatives, get_connection

    made = compiling.sources(letters.source())
    html, text = compiling.django_templates(made["html"]), compiling.django_templates(made["text"])
    backend = "django.core.mail.backends.smtp.EmailBackend"
    with get_connection(backend, host="127.0.0.1", port=port) as connection:
        for number in range(NAIVE):
            message = EmailMultiAlternatives(
                f"News for First {number}", text(number), letters.SENDER, [f"p{number}@example.com"],
                headers={"List-Unsubscribe": f"<https://t.example/u/{number}>"}, connection=connection,
            )  # fmt: skip
            message.attach_alternative(html(number), "text/html")
            message.send()


def precompiled(port, frame, count=PRECOMPILED):
    """Send what our skeleton fills with the standard library, over one kept connection."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(count):
            letter = letters.fill(frame, number)
            server.sendmail(letter.sender.decode(), letter.recipient.decode(), letter.data)


def many_threads(port, frame):
    """Do the same in as many threads as we have connections."""
    share = FAR_NAIVE // CONNECTIONS
    threads = [threading.Thread(target=precompiled, args=(port, frame, share)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def smtp_source(port):
    """Postfix's own load generator: C, one message after another, nothing filled in."""
    command = ["smtp-source", "-s", "1", "-m", str(COUNT), "-l", "27500", "-d", f"127.0.0.1:{port}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def worker(port):
    """Return what sends a whole mailing of its own at each call, with claims, journal, limits and ledger."""
    from django.conf import settings

    from delivery import queries
    from delivery.services import starting
    from tests.delivery import makers
    from tests.factories import AccountFactory

    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.SEND_RATE, settings.SMTP_CONNECTIONS = 1_000_000, 8
    started = [
        makers.make_started(account=AccountFactory(sending_quota=10**7), people=PEOPLE, source=letters.source())
        for _ in range(3)
    ]

    def send():
        mailing = started.pop()
        starting.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=600, should_yield=lambda: False)
        assert queries.ledger(mailing).sent == PEOPLE

    return send


def compare():
    """Compare per message: sending, signing, and a server that is far away."""
    yield plain()
    yield signed()
    yield far()


def plain():
    """Compare ways of sending unsigned mail."""
    frame = letters.skeleton()
    size = len(letters.fill(frame, 1).data)
    with tempfile.TemporaryDirectory() as folder, sink() as port, sink(certificate=_certificate(folder)) as safe:
        figures = [
            figure("ours: filled and pipelined, 8 connections", lambda: ours(port, frame), units=COUNT),
            figure("ours over TLS", lambda: ours(safe, frame, security="tls"), units=COUNT),
            figure("ours, the worker whole: claim, journal, ledger", worker(port), units=PEOPLE, server=True),
            figure("smtplib, kept connection, our filled bytes", lambda: precompiled(port, frame), units=PRECOMPILED),
            figure("Django: templates, EmailMultiAlternatives, kept", lambda: django(port), units=NAIVE),
        ]
        if shutil.which("smtp-source"):
            figures.append(figure("smtp-source (C)", lambda: smtp_source(port), units=COUNT))
    return Comparison(
        f"Sending one message of {size / 1000:.0f} KB over SMTP",
        "message",
        tuple(figures),
        "The sink is another process and not counted; PostgreSQL's share stands beside the worker's.",
    )


def signed():
    """Compare signing: the whole message, and the signature alone beside dkimpy's."""
    from delivery.wire import dkim

    keys = {"Ed25519": dkim.new_ed25519_key(), "RSA-2048": dkim.new_rsa_key()}
    frames = {name: letters.skeleton([dkim.Signer("shop.example", "s1", key)]) for name, key in keys.items()}
    unsigned = letters.fill(letters.skeleton(), 1)
    with sink() as port:
        sent = [
            figure(f"ours, filled, signed with {name}, sent", lambda frame=frame: ours(port, frame), units=COUNT)
            for name, frame in frames.items()
        ]
    alone = figure("dkimpy, signing alone, RSA-2048", lambda: _by_dkimpy(unsigned.data, keys["RSA-2048"]), units=SIGNED)
    return Comparison("Signing with DKIM, relaxed/relaxed", "message", (*sent, alone))


def _by_dkimpy(data, key):
    import dkim as dkimpy
    from cryptography.hazmat.primitives import serialization as forms

    secret = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.TraditionalOpenSSL, forms.NoEncryption())
    for _ in range(SIGNED):
        dkimpy.sign(data, b"s1", b"shop.example", secret, canonicalize=(b"relaxed", b"relaxed"))


def far():
    """Compare sending to a server whose answers take 20 ms, over 128 connections."""
    frame = letters.skeleton()
    with sink(delay=FAR) as port:
        figures = (
            figure(
                f"ours, {CONNECTIONS} connections",
                lambda: ours(port, frame, count=FAR_COUNT, connections=CONNECTIONS),
                units=FAR_COUNT,
                runs=2,
                server=True,
            ),
            figure(
                f"smtplib in {CONNECTIONS} threads, our filled bytes",
                lambda: many_threads(port, frame),
                units=FAR_NAIVE // CONNECTIONS * CONNECTIONS,
                runs=2,
                server=True,
            ),
        )
    return Comparison(
        f"A server {FAR * 1000:.0f} ms away", "message", figures, "Wall: one million by it is the rate a second."
    )


def _certificate(folder):
    path = Path(folder) / "sink.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=127.0.0.1", "-days", "2", "-keyout", str(path), "-out", str(path) + ".crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path
