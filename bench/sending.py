"""Sending over SMTP to a sink: pipelined and pre-encoded, beside EmailMultiAlternatives on a kept connection."""

import asyncio
import subprocess
import sys
from pathlib import Path

from bench import compiling
from bench.measure import Comparison, figure

COUNT, NAIVE, PEOPLE = 2_000, 300, 5_000


def start_sink():
    """Start the sink; return it and its port."""
    sink = subprocess.Popen([sys.executable, Path(__file__).parent / "sink.py"], stdout=subprocess.PIPE)
    return sink, int(sink.stdout.readline())


class Ears:
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


def skeleton(signers=()):
    from delivery.wire.mime import Identity, Skeleton

    identity = Identity(
        "Shop", "news@shop.example", "", "News", "l1.shop.example", "1:1:campaign:bench", "bounce.shop.example",
        "https://t.example",
    )  # fmt: skip
    return Skeleton(compiling.program(), identity, signers)


def ours(port, frame):
    import uvloop

    from delivery.wire.feed import Feed
    from delivery.wire.sending import Crew
    from delivery.wire.smtp import Server

    async def run():
        feed, ears = Feed(), Ears()
        crew = asyncio.create_task(Crew(Server("127.0.0.1", port), feed, ears, connections=8).run())
        for number in range(COUNT):
            letter = frame.fill(
                recipient=f"p{number}@example.com", values=compiling.values(number), token=compiling.TOKEN
            )
            feed.put([(number, letter)])
            if number % 50 == 49:
                await asyncio.sleep(0)
        feed.close()
        await crew
        assert ears.taken == COUNT, ears.taken

    uvloop.run(run())


def naive(port):
    from django.core.mail import EmailMultiAlternatives, get_connection

    render = compiling.django_templates()
    backend = "django.core.mail.backends.smtp.EmailBackend"
    with get_connection(backend, host="127.0.0.1", port=port) as connection:
        for number in range(NAIVE):
            parts = render(number)
            message = EmailMultiAlternatives(
                parts["subject"], parts["text"], "Shop <news@shop.example>", [f"p{number}@example.com"],
                headers={"List-Unsubscribe": f"<https://t.example/u/{number}>"}, connection=connection,
            )  # fmt: skip
            message.attach_alternative(parts["html"], "text/html")
            message.send()


def end_to_end(port):
    """Return what sends a whole mailing with its claims, journal and ledger; each call sends a mailing of its own."""
    from django.conf import settings

    from delivery import queries
    from delivery.services import starting
    from tests.delivery import makers
    from tests.factories import AccountFactory

    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.SEND_RATE, settings.SMTP_CONNECTIONS = 1_000_000, 8
    started = [
        makers.make_started(
            account=AccountFactory(sending_quota=10**6),
            people=PEOPLE,
            source=compiling.SOURCE.replace("contact.city", "contact.country"),
        )
        for _ in range(3)
    ]

    def send():
        mailing = started.pop()
        starting.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=60, should_yield=lambda: False)
        assert queries.ledger(mailing).sent == PEOPLE

    return send


def compare():
    """Compare per message; the size of a message is printed."""
    from delivery.wire import dkim

    sink, port = start_sink()
    try:
        plain = skeleton()
        size = len(plain.fill(recipient="p@example.com", values=compiling.values(1), token=compiling.TOKEN).data)
        short = skeleton([dkim.Signer("shop.example", "e1", dkim.new_ed25519_key())])
        long = skeleton([dkim.Signer("shop.example", "r1", dkim.new_rsa_key())])
        return Comparison(
            f"Sending one message of {size / 1000:.0f} KB over SMTP",
            "message",
            (
                figure("filled and pipelined, 8 connections", lambda: ours(port, plain), units=COUNT),
                figure("the same, signed with Ed25519", lambda: ours(port, short), units=COUNT),
                figure("the same, signed with RSA-2048", lambda: ours(port, long), units=COUNT),
                figure("worker end to end: claim, journal, ledger", end_to_end(port), units=PEOPLE),
                figure("Django: template, EmailMultiAlternatives, kept connection", lambda: naive(port), units=NAIVE),
            ),
            "The sink and PostgreSQL are other processes and not counted.",
        )
    finally:
        sink.kill()
        sink.wait()
        sink.stdout.close()
