"""Asking a web address from outside whether it answers, politely and never inside private networks.

The host is resolved first, every address of it is judged, and the connection goes to an address that was judged: a name
that leads elsewhere a moment later (DNS rebinding) leads nowhere. Each redirect is judged anew.
"""

import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import dns.exception
import dns.resolver

from emailconcert.lib.network import is_public

Resolve = Callable[[str, float], Sequence[str]]
SECONDS = 5.0
REDIRECTS = 5
PORTS = frozenset({80, 443})
_HEAD_BYTES = 16_384
MOVED = {301, 302, 303, 307, 308}
# Servers that don't know HEAD, or refuse it to those they don't know, are asked once more for a single byte.
_ASK_WITH_GET = {400, 401, 403, 404, 405, 406, 429, 500, 501, 503}
_REFUSES_MACHINES = {401, 403, 407, 429, 451, 503, 999}
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_HOST = re.compile(r"[a-z0-9_.\-]{1,253}", re.IGNORECASE)


class CannotAsk(Exception):
    """There is no answer; the message says why."""


@dataclass(frozen=True)
class Answer:
    """What came of asking: `verdict` is answers, dead or unclear; `said` tells a person."""

    verdict: str
    said: str = ""


@dataclass(frozen=True)
class _Reply:
    status: int
    location: str = ""


def resolve(host: str, seconds: float) -> list[str]:
    """Return the addresses of a host, IPv4 first, as the DNS has them."""
    found: list[str] = []
    until = time.monotonic() + seconds
    for kind in ("A", "AAAA"):
        try:
            left = max(until - time.monotonic(), 0.1)
            found += [row.to_text() for row in dns.resolver.resolve(host, kind, lifetime=left)]
        except dns.exception.DNSException:
            continue
    return found


@dataclass(frozen=True)
class Asker:
    """Asks addresses; tests have it resolve, and allow, what they serve themselves."""

    user_agent: str
    resolve: Resolve = resolve
    is_allowed: Callable[[str], bool] = is_public
    ports: frozenset[int] = PORTS
    seconds: float = SECONDS
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def ask(self, url: str) -> Answer:
        """Return what an address answers, redirects followed."""
        try:
            status = self._follow(url)
        except CannotAsk as error:
            return Answer("dead", str(error))
        if status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return Answer("answers")
        said = f"{status} {phrase(status)}".strip()
        return Answer("unclear" if status in _REFUSES_MACHINES else "dead", said)

    def _follow(self, url: str) -> int:
        for _ in range(REDIRECTS + 1):
            reply = self._once("HEAD", url)
            if reply.status in _ASK_WITH_GET:
                reply = self._once("GET", url)
            if reply.status not in MOVED or not reply.location:
                return reply.status
            try:
                url = urljoin(url, reply.location)
            except ValueError:
                raise CannotAsk("it redirects to what is no address") from None
        raise CannotAsk("it redirects again and again")

    def _once(self, method: str, url: str) -> _Reply:
        with self.connected(url) as (connection, parts, until):
            return self._talk(connection, method, parts, until)

    @contextmanager
    def connected(self, url: str) -> Iterator[tuple[socket.socket, SplitResult, float]]:
        """Connect to a judged address; yield the connection, the address in parts and until when there is time.

        Raises `CannotAsk`, also for what goes wrong with the connection inside the block.
        """
        parts, host, port = _split(url)
        if port not in self.ports:
            raise CannotAsk(f"port {port} is not one of the web")
        until = time.monotonic() + self.seconds
        address = self._address(host)
        try:
            with socket.create_connection((address, port), timeout=max(until - time.monotonic(), 0.1)) as plain:
                if parts.scheme == "http":
                    yield plain, parts, until
                    return
                plain.settimeout(max(until - time.monotonic(), 0.1))
                with self.context.wrap_socket(plain, server_hostname=host) as sealed:
                    yield sealed, parts, until
        except TimeoutError:
            raise CannotAsk(f"no answer within {self.seconds:g} seconds") from None
        except ssl.SSLCertVerificationError:
            raise CannotAsk("its certificate is not valid") from None
        except ssl.SSLError:
            raise CannotAsk("no secure connection is possible") from None
        except OSError:
            raise CannotAsk("nobody answers there") from None

    def _address(self, host: str) -> str:
        """Return an address to connect to. One that leads inside spoils all of them: such a name is up to something."""
        try:
            found: Sequence[str] = [str(ipaddress.ip_address(host))]
        except ValueError:
            found = self.resolve(host, self.seconds)
        if not found:
            raise CannotAsk("there is no such host")
        if not all(map(self.is_allowed, found)):
            raise CannotAsk("it leads into a private network")
        return found[0]

    def _talk(self, connection: socket.socket, method: str, parts: SplitResult, until: float) -> _Reply:
        lines = [f"{method} {target(parts)} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}", "Accept: */*"]
        lines += [f"User-Agent: {self.user_agent}", "Connection: close"]
        if method == "GET":
            lines.append("Range: bytes=0-0")
        connection.settimeout(max(until - time.monotonic(), 0.1))
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "ignore"))
        return _read(connection, until)


def target(parts: SplitResult) -> str:
    """Return what a request asks for, in ASCII."""
    asked = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") or "/"
    return asked + ("?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._") if parts.query else "")


def _split(url: str) -> tuple[SplitResult, str, int]:
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii") if parts.hostname else ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except (ValueError, UnicodeError):
        raise CannotAsk("the address can't be read") from None
    is_ipv6 = ":" in host
    if parts.scheme not in ("http", "https") or not (is_ipv6 or _HOST.fullmatch(host)):
        raise CannotAsk("the address can't be read")
    named = f"[{host}]" if is_ipv6 else host
    return parts._replace(netloc=named + (f":{parts.port}" if parts.port else "")), host, port


def _read(connection: socket.socket, until: float) -> _Reply:
    """Read the head of an answer and nothing of what follows it."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        more = connection.recv(4096)
        if not more:
            break
        head += more
    status = _STATUS.match(head)
    if not status:
        raise CannotAsk("what answers there is not the web")
    for line in head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"location":
            return _Reply(int(status[1]), value.strip().decode("utf-8", "replace"))
    return _Reply(int(status[1]))


def phrase(status: int) -> str:
    """Return a status in words; empty where it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
