"""Each way of signing in, to a real server that checks it."""

import asyncio
import hmac
from base64 import b64decode, b64encode

import pytest
from aiosmtpd.smtp import MISSING, AuthResult

from delivery.wire import signing_in
from delivery.wire.replies import Reply
from delivery.wire.server import CannotConnect, Server
from tests.delivery import smtp_servers
from tests.delivery.test_wire_smtp import send

CHALLENGE = b"<1896.697170952@rough.test>"


class Doorkeeper(smtp_servers.Mailbox):
    """Knows alice by any way."""

    async def auth_CRAM__MD5(self, server, args):  # noqa: N802  # aiosmtpd's name
        answer = await server.challenge_auth(CHALLENGE.decode())
        name, _, digest = (b"" if answer is MISSING else answer).partition(b" ")
        good = name == b"alice" and digest.decode() == hmac.new(b"secret", CHALLENGE, "md5").hexdigest()
        return AuthResult(success=good, handled=False)

    async def auth_XOAUTH2(self, server, args):  # noqa: N802  # aiosmtpd's name
        if b64decode(args[1]) == b"user=alice\x01auth=Bearer secret\x01\x01":
            return AuthResult(success=True)
        await server.push("334 " + b64encode(b'{"status":"401"}').decode())
        assert await server._reader.readline() == b"\r\n"
        return AuthResult(success=False, handled=False)


@pytest.fixture(scope="module")
def door():
    options = {"authenticator": smtp_servers.accept_alice, "auth_require_tls": False}
    with smtp_servers.running(Doorkeeper(), **options) as address:
        yield address


@pytest.mark.parametrize("way", ["", "plain", "login", "cram-md5", "xoauth2"])
def test_each_way_lets_in_who_knows_the_password_and_nobody_else(door, way):
    known = send(door, ["a@example.com"], connections=1, username="alice", password="secret", sign_in_by=way)
    assert known.outcomes == {"a@example.com": (250, "2.0.0 Taken")}

    stranger = send(door, ["a@example.com"], connections=1, username="alice", password="guess", sign_in_by=way)
    assert (stranger.intents, stranger.returned) == ([], {"a@example.com": 0})
    assert "535" in stranger.refusal


def test_way_that_is_not_offered_is_named(door):
    ears = send(door, ["a@example.com"], connections=1, username="alice", password="secret", sign_in_by="ntlm")
    assert ears.refusal == "127.0.0.1 does not offer to sign in by NTLM."


def sign_in(*, offered, answers, said, **settings):
    replies = iter(answers)

    async def ask(line):
        said.append(line)
        return next(replies)

    server = Server("mail.test", 25, username="alice", password="secret", **settings)
    asyncio.run(signing_in.sign_in(server, offered=offered, is_readable=True, ask=ask))


def test_password_is_never_sent_over_a_readable_line_unless_the_owner_says_so():
    said = []
    with pytest.raises(CannotConnect, match="without encryption, so the password is not sent") as error:
        sign_in(offered=["PLAIN", "LOGIN", "CRAM-MD5"], answers=[], said=said)
    assert error.value.is_final
    assert said == []

    good = Reply(235, "Welcome")
    sign_in(offered=["PLAIN"], answers=[good], said=said, may_sign_in_readably=True)
    assert said == ["AUTH PLAIN AGFsaWNlAHNlY3JldA=="]


def test_server_that_overlooks_what_comes_with_the_command_is_told_again():
    said = []
    sign_in(offered=["PLAIN"], answers=[Reply(334, ""), Reply(235, "")], said=said, may_sign_in_readably=True)
    assert said == ["AUTH PLAIN AGFsaWNlAHNlY3JldA==", "AGFsaWNlAHNlY3JldA=="]


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("", True), ("10.0.0.1", False), ("fe80::1%eth0", False)],
)
def test_only_lines_that_never_leave_the_machine_are_loopback(address, expected):
    assert signing_in.is_loopback(address) is expected
