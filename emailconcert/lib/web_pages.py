"""Getting what a web address holds: as politely, and as far from private networks, as `web` asks; only so much of it."""

import http.client
import io
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin

from emailconcert.lib.web import MOVED, REDIRECTS, Asker, CannotAsk, phrase, target

_PIECE = 65_536


class TooLarge(CannotAsk):
    """It holds more than is taken."""


@dataclass(frozen=True)
class Known:
    """What an earlier answer said of itself, so that nothing is sent again that has not changed."""

    etag: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Page:
    """What was answered; `is_same` where it has not changed, and then without a body."""

    body: bytes
    kind: str
    known: Known
    is_same: bool = False


@dataclass(frozen=True)
class Getter(Asker):
    """Gets addresses; tests have it resolve, and allow, what they serve themselves."""

    seconds: float = 20.0
    most_bytes: int = 2_000_000
    accept: str = "*/*"

    def get(self, url: str, known: Known | None = None) -> Page:
        """Return what an address holds, redirects followed. Raises `CannotAsk`, which says why there is nothing."""
        for _ in range(REDIRECTS + 1):
            status, headers, body = self._get_once(url, known or Known())
            if status in MOVED and headers.get("location"):
                url = urljoin(url, headers["location"])
                continue
            if status == HTTPStatus.NOT_MODIFIED:
                return Page(b"", "", known or Known(), is_same=True)
            if status != HTTPStatus.OK:
                raise CannotAsk(f"it answers {status} {phrase(status)}".strip())
            seen = Known(headers.get("etag", "")[:200], headers.get("last-modified", "")[:100])
            return Page(body, headers.get("content-type", ""), seen)
        raise CannotAsk("it redirects again and again")

    def _get_once(self, url: str, known: Known) -> tuple[int, Mapping[str, str], bytes]:
        with self.connected(url) as (connection, parts, until):
            connection.settimeout(max(until - time.monotonic(), 0.1))
            connection.sendall(self._request(parts, known))
            # A wall clock for the whole answer: a server that sends a byte now and then is not waited for.
            answer = http.client.HTTPResponse(_Timed(connection, until), method="GET")  # type: ignore[arg-type]  # all it uses is makefile
            try:
                answer.begin()
                headers = {name.lower(): value for name, value in answer.getheaders()}
                return answer.status, headers, self._body(answer)
            except http.client.HTTPException:
                raise CannotAsk("what answers there is not the web") from None
            finally:
                answer.close()

    def _request(self, parts: SplitResult, known: Known) -> bytes:
        lines = [f"GET {target(parts)} HTTP/1.1", f"Host: {parts.netloc.rpartition('@')[2]}"]
        lines += [f"User-Agent: {self.user_agent}", f"Accept: {self.accept}", "Accept-Encoding: identity"]
        if known.etag:
            lines.append(f"If-None-Match: {_one_line(known.etag)}")
        if known.modified:
            lines.append(f"If-Modified-Since: {_one_line(known.modified)}")
        lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "ignore")

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        if answer.status != HTTPStatus.OK:
            return b""
        if (answer.length or 0) > self.most_bytes:
            raise TooLarge("it is too large")
        if answer.getheader("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise CannotAsk("it is compressed, which was not asked for")
        found = io.BytesIO()
        while piece := answer.read(_PIECE):
            if found.write(piece) and found.tell() > self.most_bytes:
                raise TooLarge("it is too large")
        return found.getvalue()


class _Timed(io.RawIOBase):
    """A connection read as a file, for so long and no longer."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        super().__init__()
        self._connection, self._until = connection, until

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002  # as a socket's
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # what BufferedReader gives
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def _one_line(text: str) -> str:
    return "".join(each for each in text if each.isprintable())
