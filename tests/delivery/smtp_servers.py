"""Real SMTP servers with manners good and bad, for tests."""

from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Mailbox:
    """Takes everything, offers PIPELINING, and keeps what it accepted in `received`."""

    pipelining = True

    def __init__(self):
        self.received = []
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802  # aiosmtpd's name
        session.host_name = hostname
        self.connections += 1
        if self.pipelining:
            responses.insert(1, "250-PIPELINING")
        return responses

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 2.0.0 Taken"

    @property
    def recipients(self):
        return [rcpt for _, rcpts, _ in self.received for rcpt in rcpts]


class OldMailbox(Mailbox):
    pipelining = False


class PickyMailbox(Mailbox):
    """Refuses recipients called bad…, defers those called later…, refuses content with the word spam."""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        if address.startswith("bad"):
            return "550 5.1.1 No such mailbox"
        if address.startswith("later"):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        if b"spam" in envelope.content:
            return "554-5.7.1 Not\r\n554 5.7.1 wanted"
        return await super().handle_DATA(server, session, envelope)


class PickyOldMailbox(PickyMailbox):
    pipelining = False


class SuspendedMailbox(Mailbox):
    """Takes nothing from this sender, whoever the recipient."""

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        return "550 5.7.1 Account suspended, call us"


class SuspendedOldMailbox(SuspendedMailbox):
    pipelining = False


class DroppingMailbox(Mailbox):
    """Closes the connection after the body of messages to drop…, with or without having kept them."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        if envelope.rcpt_tos[0].startswith("drop"):
            server.transport.abort()
            return "250 never heard"
        return await super().handle_DATA(server, session, envelope)


class ClosingMailbox(Mailbox):
    """Says 421 and closes at the second message of each connection."""

    def __init__(self):
        super().__init__()
        self._seen = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's name
        self._seen[id(session)] = self._seen.get(id(session), 0) + 1
        if self._seen[id(session)] == 2:
            await server.push("421 4.3.2 Too many messages here")
            server.transport.close()
            return "421 again"
        envelope.rcpt_tos.append(address)
        return "250 Ok"


@contextmanager
def running(handler, **kwargs):
    """Run a server on a free port; yields (host, port)."""
    controller = Controller(handler, hostname="127.0.0.1", port=0, **kwargs)
    # Controller wants a fixed port to test itself; ask the kernel for a free one.
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        controller.port = probe.getsockname()[1]
    controller.start()
    try:
        yield "127.0.0.1", controller.port
    finally:
        controller.stop()


def accept_alice(server, session, envelope, mechanism, auth_data):
    """Authenticate alice with the password secret."""
    good = auth_data.login == b"alice" and auth_data.password == b"secret"
    return AuthResult(success=good, handled=False)
