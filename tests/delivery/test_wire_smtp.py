import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from delivery.wire.feed import Feed
from delivery.wire.mime import Letter
from delivery.wire.sending import Crew
from delivery.wire.smtp import CannotConnect, Connection, Server
from tests.delivery import rough_server
from tests.delivery import smtp_servers as servers


class Ears:
    """Hooks that remember what they heard."""

    def __init__(self, allowed=10**9):
        self.barred = {}
        self.intents, self.outcomes, self.lost, self.returned = [], {}, [], {}
        self.allowed = allowed

    def may_write(self):
        return len(self.intents) < self.allowed

    def on_intent(self, key):
        assert key not in self.intents, "a message was begun twice"
        self.intents.append(key)

    def on_outcome(self, key, code, text):
        assert key not in self.outcomes
        self.outcomes[key] = (code, text)

    def on_barred(self, key, code, text):
        self.barred[key] = (code, text)

    def on_lost(self, key):
        self.lost.append(key)

    def on_returned(self, key, code, text):
        self.returned[key] = code


def letter(to):
    data = b"Subject: hi\r\nTo: <" + to.encode() + b">\r\n\r\nHello " + to.encode() + b"\r\n"
    return Letter(b"b+x@bounce.example", to.encode(), (data,))


def send(address, recipients, *, ears=None, connections=2, **server):
    ears = ears or Ears()

    async def run():
        feed = Feed()
        feed.put((to, letter(to)) for to in recipients)
        feed.close()
        crew = Crew(Server(*address, **{"timeout": 5, **server}), feed, ears, connections=connections)
        await crew.run()
        return crew

    crew = asyncio.run(run())
    ears.trouble, ears.refusal = crew.trouble, crew.refusal
    return ears


@pytest.mark.parametrize("mailbox", [servers.Mailbox, servers.OldMailbox])
@pytest.mark.parametrize("count", [1, 3, 60])
def test_every_letter_arrives_once_with_and_without_pipelining(mailbox, count):
    people = [f"p{number}@example.com" for number in range(count)]
    box = mailbox()
    with servers.running(box) as address:
        ears = send(address, people)

    assert sorted(box.recipients) == sorted(people)
    assert {code for code, _ in ears.outcomes.values()} == {250}
    assert sorted(ears.intents) == sorted(people)
    assert ears.lost == []
    assert ears.returned == {}
    assert all(content.endswith(b"Hello " + rcpts[0].encode() + b"\r\n") for _, rcpts, content in box.received)


@pytest.mark.parametrize("mailbox", [servers.PickyMailbox, servers.PickyOldMailbox])
def test_refused_recipients_get_their_own_reply_and_hold_up_nobody(mailbox):
    people = [
        "bad1@example.com",
        "ok1@example.com",
        "later1@example.com",
        "bad2@example.com",
        "spam@example.com",
        "ok2@example.com",
    ]
    box = mailbox()
    with servers.running(box) as address:
        ears = send(address, people, connections=1)

    assert box.recipients == ["ok1@example.com", "ok2@example.com"]
    assert {to: code for to, (code, _) in ears.outcomes.items()} == {
        "bad1@example.com": 550,
        "bad2@example.com": 550,
        "later1@example.com": 451,
        "ok1@example.com": 250,
        "ok2@example.com": 250,
        "spam@example.com": 554,
    }
    assert ears.outcomes["spam@example.com"][1] == "5.7.1 Not\n5.7.1 wanted"


@pytest.mark.parametrize("mailbox", [servers.SuspendedMailbox, servers.SuspendedOldMailbox])
def test_refusal_of_the_sender_is_told_apart_from_one_of_the_recipient(mailbox):
    with servers.running(mailbox()) as address:
        ears = send(address, ["a@example.com", "b@example.com"], connections=1)

    assert ears.barred == dict.fromkeys(["a@example.com", "b@example.com"], (550, "5.7.1 Account suspended, call us"))
    assert (ears.outcomes, ears.intents) == ({}, [])


def test_connection_dropped_after_the_body_is_lost_and_the_next_letter_is_sent_elsewhere():
    people = ["a@example.com", "drop@example.com", "b@example.com", "c@example.com"]
    box = servers.DroppingMailbox()
    with servers.running(box) as address:
        ears = send(address, people, connections=1)

    # The message pipelined behind the lost one is returned, never begun; everything else arrives.
    assert ears.lost == ["drop@example.com"]
    assert sorted([*box.recipients, *ears.returned]) == ["a@example.com", "b@example.com", "c@example.com"]
    assert set(ears.returned.values()) <= {0}


def test_421_returns_the_letter_unbegun_and_a_new_connection_goes_on():
    people = [f"p{number}@example.com" for number in range(6)]
    box = servers.ClosingMailbox()
    with servers.running(box) as address:
        ears = send(address, people, connections=1)

    assert sorted([*box.recipients, *ears.returned]) == people
    assert set(ears.returned.values()) == {421}
    assert sorted(ears.intents) == sorted(box.recipients)
    assert box.connections > 1


def test_no_body_is_begun_once_may_write_says_no():
    people = [f"p{number}@example.com" for number in range(20)]
    box = servers.Mailbox()
    with servers.running(box) as address:
        ears = send(address, people, ears=Ears(allowed=5), connections=1)

    assert len(box.recipients) == 5
    assert sorted([*ears.outcomes, *ears.returned]) == sorted(people)


def test_stop_awaits_the_reply_of_what_was_begun():
    people = [f"p{number}@example.com" for number in range(500)]
    box = servers.Mailbox()
    ears = Ears()

    async def run(address):
        feed = Feed()
        feed.put((to, letter(to)) for to in people)
        crew = Crew(Server(*address, timeout=5), feed, ears, connections=3)
        running = asyncio.create_task(crew.run())
        while len(ears.outcomes) < 20:  # noqa: ASYNC110  # the hooks know no events
            await asyncio.sleep(0.001)
        crew.stop()
        await asyncio.wait_for(running, 5)

    with servers.running(box) as address:
        asyncio.run(run(address))

    assert ears.lost == []
    assert sorted(box.recipients) == sorted(ears.outcomes)
    assert sorted([*ears.outcomes, *ears.returned]) == sorted(people)
    assert ears.returned


def test_unreachable_server_returns_everything_and_says_why():
    ears = send(("127.0.0.1", 1), ["a@example.com", "b@example.com"], connections=1)

    assert ears.returned == {"a@example.com": 0, "b@example.com": 0}
    assert "127.0.0.1" in ears.trouble
    assert ears.intents == []


@pytest.fixture
def tls():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


@pytest.fixture
def server_context(tls, tmp_path):
    key, certificate = tls
    path = tmp_path / "pair.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_starttls_and_sign_in(server_context):
    box = servers.Mailbox()
    with servers.running(
        box, tls_context=server_context, require_starttls=True, authenticator=servers.accept_alice, auth_required=True
    ) as address:
        ears = send(address, ["a@example.com"], security="starttls", username="alice", password="secret", verify=False)

    assert ears.outcomes == {"a@example.com": (250, "2.0.0 Taken")}


def test_wrong_password_is_trouble_and_sends_nothing(server_context):
    box = servers.Mailbox()
    with servers.running(
        box, tls_context=server_context, authenticator=servers.accept_alice, auth_required=True
    ) as address:
        ears = send(
            address,
            ["a@example.com"],
            security="starttls",
            username="alice",
            password="wrong",
            verify=False,
            connections=1,
        )

    assert ears.returned == {"a@example.com": 0}
    assert "535" in ears.trouble


def test_unknown_certificate_is_refused(server_context):
    async def run(address):
        await Connection(Server(*address, security="starttls", timeout=5), Feed(), Ears()).open()

    with servers.running(servers.Mailbox(), tls_context=server_context) as address, pytest.raises(CannotConnect):
        asyncio.run(run(address))


@pytest.mark.parametrize("pipelining", [True, False])
def test_connection_carries_so_many_messages_and_is_opened_again(pipelining):
    people = [f"p{number}@example.com" for number in range(7)]
    with rough_server.running(pipelining=pipelining) as server:
        ears = send(("127.0.0.1", server.port), people, connections=2, most_messages=3, most_connections=1)

    assert sorted(server.recipients) == people
    assert len(ears.outcomes) == 7
    assert server.connections == 3


def test_refused_recipients_are_no_reason_to_give_a_server_up():
    people = [f"p{number}@example.com" for number in range(7)]
    plan = rough_server.at("rcpt", "no", times=6)
    with rough_server.running(plan) as server:
        ears = send(("127.0.0.1", server.port), people, connections=1, most_messages=1)

    assert sorted(code for code, _ in ears.outcomes.values()) == [250, *[550] * 6]
    assert (ears.trouble, ears.returned) == ("", {})


def test_letter_larger_than_the_server_takes_is_not_sent():
    with servers.running(servers.Mailbox(), data_size_limit=90) as address:
        ears = send(address, ["a@example.com", "a-very-long-name-" + "x" * 40 + "@example.com", "b@example.com"])

    assert sorted(code for code, _ in ears.outcomes.values()) == [250, 250, 552]
    assert len(ears.intents) == 2


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "body"])
def test_answer_given_twice_makes_no_letter_sent_that_was_not(step, pipelining):
    people = [f"p{number}@example.com" for number in range(6)]
    with rough_server.running(rough_server.at(step, "twice", message=2), pipelining=pipelining) as server:
        ears = send(("127.0.0.1", server.port), people, connections=1)

    assert len(set(server.recipients)) == len(server.recipients)
    assert set(ears.outcomes) <= set(server.recipients)
    assert {code for code, _ in ears.outcomes.values()} == {250}
    assert set(server.recipients) <= set(ears.outcomes) | set(ears.lost)
    assert sorted([*ears.outcomes, *ears.lost, *ears.returned]) == people


def test_goodbye_that_is_never_answered_holds_nobody_up():
    with rough_server.running(rough_server.at("quit", "hang")) as server:
        ears = send(("127.0.0.1", server.port), ["a@example.com"], connections=1, timeout=10**6)

    assert len(ears.outcomes) == 1
    assert ears.trouble == ""
