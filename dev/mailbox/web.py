"""The mailbox's web server: pages for people, JSON for tests; on this machine only."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from dev.mailbox import pages, reading
from dev.mailbox.store import Store, Summary

PAGE_SIZE = 50
LARGEST_PAGE = 1000
STYLE = Path(__file__).with_name("mailbox.css")
OWN_HOSTS = {"localhost", "127.0.0.1", "::1"}
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'none'"
# A message may show pictures (so that opens happen) and open links in new tabs, and may do nothing else.
SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
MESSAGE_POLICY = (
    f"sandbox {SANDBOX}; default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src *; base-uri 'none'"
)


class MailboxServer(ThreadingHTTPServer):
    """The server with the store that its pages show."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: Store) -> None:
        self.store = store
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection's requests."""

    protocol_version = "HTTP/1.1"
    server: MailboxServer

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: addresses would be in it, and the mailbox shows all there is to know."""

    def do_GET(self) -> None:
        """Answer pages and the API's reads."""
        self._answer("GET")

    def do_POST(self) -> None:
        """Answer the page's buttons."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer("POST")

    def do_DELETE(self) -> None:
        """Answer the API's deletion."""
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        if (urlsplit(f"//{self.headers.get('Host', '')}").hostname or "") not in OWN_HOSTS:
            self._send("Not here.", kind="text/plain", status=HTTPStatus.MISDIRECTED_REQUEST)
            return
        if method != "GET" and self.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            self._send("Not from another site.", kind="text/plain", status=HTTPStatus.FORBIDDEN)
            return
        address = urlsplit(self.path)
        self.query = parse_qs(address.query)
        for wanted, pattern, act in ROUTES:
            if wanted == method and (match := re.fullmatch(pattern, address.path)):
                act(self, *match.groups())
                return
        self._send(pages.not_found(), status=HTTPStatus.NOT_FOUND)

    def _send(
        self, body: str, *, kind: str = "text/html", status: HTTPStatus = HTTPStatus.OK, policy: str = PAGE_POLICY
    ) -> None:
        content = body.encode("utf-8", "replace")
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _send_json(self, value: object, *, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value, default=str), kind="application/json", status=status)

    def list_page(self) -> None:
        """Show one page of the list."""
        text, number = _first(self.query, "q"), max(1, _number(self.query, "page", 1))
        total, found = self.server.store.search(either=text, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
        self._send(pages.list_page(messages=found, total=total, query=text, page=number, page_size=PAGE_SIZE))

    def message_page(self, number: str) -> None:
        """Show one message under one of its tabs."""
        found = self.server.store.get(int(number))
        if found is None:
            self._send(pages.not_found(), status=HTTPStatus.NOT_FOUND)
            return
        summary, source = found
        letter = reading.read(source)
        self._send(
            pages.message_page(
                summary=summary, letter=letter, source=source, tab=_first(self.query, "tab"), sandbox=SANDBOX
            )
        )

    def message_html(self, number: str) -> None:
        """Serve a message's own HTML, for the sandboxed frame."""
        found = self.server.store.get(int(number))
        html = reading.read(found[1]).html if found else None
        if html is None:
            self._send(pages.not_found(), status=HTTPStatus.NOT_FOUND)
            return
        self._send(pages.with_new_tabs(html), policy=MESSAGE_POLICY)

    def style(self) -> None:
        """Serve the style sheet."""
        self._send(STYLE.read_text(), kind="text/css")

    def delete_all(self) -> None:
        """Delete all messages and go back to the empty list."""
        self.server.store.clear()
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def api_list(self) -> None:
        """Answer `{"total": …, "messages": […]}`, the newest first."""
        total, found = self.server.store.search(
            to=_first(self.query, "to"),
            subject=_first(self.query, "subject"),
            limit=min(_number(self.query, "limit", PAGE_SIZE), LARGEST_PAGE),
            offset=_number(self.query, "offset", 0),
        )
        self._send_json({"total": total, "messages": [_as_json(message) for message in found]})

    def api_message(self, number: str) -> None:
        """Answer one message, taken apart."""
        found = self.server.store.get(int(number))
        if found is None:
            self._send_json({"error": "There is no such message."}, status=HTTPStatus.NOT_FOUND)
            return
        summary, source = found
        self._send_json(
            _as_json(summary) | asdict(reading.read(source)) | {"source": source.decode("utf-8", "replace")}
        )

    def api_clear(self) -> None:
        """Delete all messages."""
        self.server.store.clear()
        self._send_json({"total": 0})


ROUTES: tuple[tuple[str, str, Callable[..., None]], ...] = (
    ("GET", r"/", Handler.list_page),
    ("GET", r"/mailbox\.css", Handler.style),
    ("GET", r"/messages/(\d{1,15})", Handler.message_page),
    ("GET", r"/messages/(\d{1,15})/html", Handler.message_html),
    ("POST", r"/delete-all", Handler.delete_all),
    ("GET", r"/api/messages", Handler.api_list),
    ("GET", r"/api/messages/(\d{1,15})", Handler.api_message),
    ("DELETE", r"/api/messages", Handler.api_clear),
)


def _first(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0].strip()


def _number(query: dict[str, list[str]], name: str, default: int) -> int:
    text = _first(query, name)
    return int(text) if text.isdigit() and len(text) < 10 else default


def _as_json(message: Summary) -> dict[str, object]:
    return asdict(message)


def make_server(*, store: Store, host: str, port: int) -> MailboxServer:
    """Return the server, listening."""
    return MailboxServer((host, port), store)
