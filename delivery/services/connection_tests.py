"""Trying a connection step by step, so that what fails is said in words. A worker does this, outside any transaction."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from delivery.models import Connection
from delivery.services import connections
from delivery.wire.server import Server, judged_addresses
from emailconcert.lib.tenancy import account_scope

_SECONDS = 10.0
_READY, _REFUSED = 220, 400
ANSWER_WITHIN = timedelta(seconds=90)
Step = tuple[str, bool, str]


class _Failed(Exception):
    """A step failed; the message is a sentence to the owner."""


def is_under_way(connection: Connection, *, now: datetime) -> bool:
    """Tell whether a test that was asked for has not come back and still may."""
    asked, tested = connection.test_asked_at, connection.tested_at
    return bool(asked and (tested is None or tested < asked) and now - asked < ANSWER_WITHIN)


def run_test(*, account_id: int, connection_id: int, sender: str, to: str, now: datetime) -> list[Step]:
    """Try a connection and keep how far it came; `sender` is whom it is tried as, `to` gets a provider's test mail."""
    with account_scope(account_id):
        found = Connection.objects.filter(pk=connection_id).first()
        if found is None:
            return []
        is_smtp = found.kind == Connection.Kind.SMTP
        server = connections.server_for(found) if is_smtp else None
        options = {} if is_smtp else connections.open_settings(found)
    tried = _smtp_steps(server, sender) if server else _provider_steps(found.backend, options, sender, to)
    steps = list(tried)
    with account_scope(account_id):
        Connection.objects.filter(pk=connection_id).update(tested_at=now, test_steps=steps)
    return steps


def _smtp_steps(server: Server, sender: str) -> Iterator[Step]:
    """Yield each step in turn; after one that failed there is none."""
    made: list[smtplib.SMTP] = []
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Find the server", partial(_find, server)),
        ("Connect", partial(_connect, server, made)),
        ("Secure the connection", partial(_secure, server, made)),
        ("Sign in", partial(_sign_in, server, made)),
        ("Offer a mail", partial(_offer, sender, made)),
    )
    try:
        for title, step in steps:
            try:
                said = step()
            except _Failed as error:
                yield title, False, str(error)
                return
            yield title, True, said
    finally:
        for client in made:
            client.close()


def _find(server: Server) -> str:
    try:
        found = judged_addresses(server)
    except socket.gaierror:
        raise _Failed(f"There is no server called {server.host}. Check how it is written.") from None
    except OSError as error:
        raise _Failed(str(error)) from None
    return found[0]


class _Judged(smtplib.SMTP):
    """Connects to an address that was judged, and goes on calling the server by its name."""

    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(timeout=_SECONDS, local_hostname=server.local_name)
        self._host = server.host

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:  # noqa: ARG002  # smtplib calls it so
        plain = socket.create_connection((judged_addresses(self._server)[0], port), timeout)
        if self._server.security != "tls":
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self._server.host)


def _connect(server: Server, made: list[smtplib.SMTP]) -> str:
    client = _Judged(server)
    where = f"{server.host}, port {server.port}"
    try:
        code, words = client.connect(server.host, server.port)
    except ConnectionRefusedError:
        raise _Failed(f"Nothing listens at {where}. Check the port.") from None
    except ssl.SSLCertVerificationError as error:
        raise _Failed(f"Its certificate is not valid for {server.host}: {error.verify_message}.") from None
    except ssl.SSLError:
        raise _Failed(f"No TLS at {where}: this port may want STARTTLS or none.") from None
    except TimeoutError:
        raise _Failed(
            f"{where} did not answer within {_SECONDS:g} seconds. A firewall may stop us, or port 465 needs TLS."
        ) from None
    except smtplib.SMTPServerDisconnected:
        raise _Failed(f"{where} closed the connection at once: it may want TLS from the start.") from None
    except OSError as error:
        raise _Failed(f"{where} can't be reached: {error.strerror or error}.") from None
    made.append(client)
    if code != _READY:
        raise _Failed(f"The server turned us away: {code} {words.decode('utf-8', 'replace')[:200]}")
    return ""


def _secure(server: Server, made: list[smtplib.SMTP]) -> str:
    [client] = made
    try:
        client.ehlo_or_helo_if_needed()
        if server.security != "starttls":
            return "TLS from the start" if server.security == "tls" else "Not secured, as chosen"
        client.starttls(context=ssl.create_default_context())
        client.ehlo()
    except smtplib.SMTPNotSupportedError:
        raise _Failed("It does not offer STARTTLS. Choose TLS from the start (port 465), or another port.") from None
    except ssl.SSLCertVerificationError as error:
        raise _Failed(f"Its certificate is not valid for {server.host}: {error.verify_message}.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise _Failed(f"Securing failed: {_words(error)}") from None
    return "STARTTLS"


def _sign_in(server: Server, made: list[smtplib.SMTP]) -> str:
    [client] = made
    if not server.username:
        return "Without a user name, as entered"
    try:
        client.login(server.username, server.password)
    except smtplib.SMTPAuthenticationError as error:
        raise _Failed(f"It refuses the user name or password: {_words(error)}") from None
    except smtplib.SMTPNotSupportedError:
        raise _Failed("It offers no sign-in on this port. Try 587 with STARTTLS or 465 with TLS.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise _Failed(f"Signing in failed: {_words(error)}") from None
    return ""


def _offer(sender: str, made: list[smtplib.SMTP]) -> str:
    """Begin a mail of the sender and take it back: nothing is sent."""
    [client] = made
    try:
        code, words = client.mail(sender)
        client.rset()
        client.quit()
    except (smtplib.SMTPException, OSError) as error:
        raise _Failed(f"The connection broke: {_words(error)}") from None
    if code >= _REFUSED:
        raise _Failed(f"It takes no mail from {sender}: {code} {words.decode('utf-8', 'replace')[:200]}")
    return f"It takes mail from {sender}. Nothing was sent."


def _provider_steps(backend: str, options: dict[str, Any], sender: str, to: str) -> Iterator[Step]:
    body = f"This mail came through the connection you tested at {settings.PLATFORM_NAME}."
    message = EmailMessage("Your connection works", body, sender, [to])
    try:
        with get_connection(backend, **options) as made:
            made.send_messages([message])
    except Exception as error:  # noqa: BLE001  # whatever it was, its owner asked to be told
        yield f"Send a mail to {to}", False, _provider_words(error)
    else:
        yield f"Send a mail to {to}", True, "The provider took it. Look whether it arrives."


def _provider_words(error: Exception) -> str:
    code = getattr(error, "status_code", None)
    known = {
        401: "The key is refused. Copy it again, whole.",
        403: "The key may not send, or the provider has not verified the sender's domain.",
        402: "The provider wants to be paid first.",
        422: f"The provider does not take this sender or mail: {_words(error)}",
        429: "The provider asks us to slow down. Try again in a minute.",
    }
    if code in known:
        return known[code]
    return f"The provider answered {code}: {_words(error)}" if code else f"It can't be reached: {_words(error)}"


def _words(error: BaseException) -> str:
    said = getattr(error, "smtp_error", b"") or str(error) or "no answer"
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:200]
