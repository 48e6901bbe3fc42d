"""Looking into a mailbox where bounces are delivered, by IMAP or POP3, for who can't have an MX record lead to us.

A mail is deleted there only after it was taken, so a process that dies leaves it to be taken again, which changes nothing.
"""

import imaplib
import ipaddress
import logging
import poplib
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from tracking.doors.receiving import is_ours

logger = logging.getLogger(__name__)

Take = Callable[[str, bytes], None]

_MOST = 200
_LARGEST = 1024 * 1024
_TIMEOUT = 20
_PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110}
_ENVELOPE = re.compile(
    rb"^(?:Delivered-To|X-Original-To|Envelope-To|X-Envelope-To|X-Rcpt-To|To|Cc):[^\n]*(?:\n[ \t][^\n]*)*",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(r"[bu]\+[A-Za-z0-9_-]{32}@[A-Za-z0-9.-]{1,253}", re.IGNORECASE)
_COMPLAINTS = "fbl@localhost"


class CannotLook(Exception):
    """The mailbox could not be opened; the text says why, without its password."""


@dataclass(frozen=True)
class Mailbox:
    """Where a mailbox is, from imaps://USER:PASSWORD@HOST/FOLDER or pop3s://USER:PASSWORD@HOST."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str

    @classmethod
    def of(cls, url: str) -> "Mailbox":
        """Read an address that the settings have checked."""
        found = urlsplit(url)
        return cls(
            scheme=found.scheme,
            host=found.hostname or "localhost",
            port=found.port or _PORTS[found.scheme],
            user=unquote(found.username or ""),
            password=unquote(found.password or ""),
            folder=unquote(found.path.strip("/")) or "INBOX",
        )

    @property
    def is_beside_us(self) -> bool:
        """Tell whether no network lies between, so that nothing need be encrypted."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"


def empty(mailbox: Mailbox, take: Take, *, may_go_on: Callable[[], bool]) -> int:
    """Take what lies in a mailbox, and delete it there; return how many were taken. Raises `CannotLook`."""
    look = _empty_imap if mailbox.scheme.startswith("imap") else _empty_pop
    try:
        return look(mailbox, take, may_go_on)
    except (OSError, imaplib.IMAP4.error, poplib.error_proto, ssl.SSLError) as error:
        raise CannotLook(f"{type(error).__name__} at {mailbox.host}") from error


def recipient_of(content: bytes) -> str:
    """Return which of our addresses a mail was delivered to, by its headers; the complaints' where none is."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    for line in _ENVELOPE.findall(head):
        for address in _ADDRESS.findall(line.decode("utf-8", "replace")):
            if is_ours(address):
                return str(address)
    return _COMPLAINTS


def _taken(content: bytes, take: Take) -> bool:
    try:
        take(recipient_of(content), content)
    except Exception:  # whatever failed, the mail stays where it is
        logger.exception("mail could not be taken")
        return False
    return True


def _empty_imap(mailbox: Mailbox, take: Take, may_go_on: Callable[[], bool]) -> int:
    taken = 0
    with _imap(mailbox) as server:
        _ask(server.select(_quoted(mailbox.folder)))
        numbers = _ask(server.uid("SEARCH", "UNDELETED"))[0].split()[:_MOST]
        for number in numbers:
            if not may_go_on():
                break
            fetched = _ask(server.uid("FETCH", number.decode(), f"(BODY.PEEK[]<0.{_LARGEST}>)"))
            content = next((each[1] for each in fetched if isinstance(each, tuple)), None)
            if content is not None and _taken(content, take):
                _ask(server.uid("STORE", number.decode(), "+FLAGS.SILENT", r"(\Seen \Deleted)"))
                taken += 1
        _ask(server.close())  # removes for good what was deleted
    return taken


@contextmanager
def _imap(mailbox: Mailbox) -> Iterator[imaplib.IMAP4]:
    context = ssl.create_default_context()
    if mailbox.scheme == "imaps":
        server: imaplib.IMAP4 = imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=context, timeout=_TIMEOUT)
    else:
        server = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=_TIMEOUT)
    try:
        if mailbox.scheme == "imap" and not mailbox.is_beside_us:
            server.starttls(context)
        server.login(mailbox.user, mailbox.password)
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _ask(answer: tuple[str, list[Any]]) -> list[Any]:
    """Return what the server said. Raises `imaplib.IMAP4.error` where it said no."""
    kind, found = answer
    if kind != "OK":
        raise imaplib.IMAP4.error("The server refused.")
    return found


def _empty_pop(mailbox: Mailbox, take: Take, may_go_on: Callable[[], bool]) -> int:
    taken = 0
    context = ssl.create_default_context()
    if mailbox.scheme == "pop3s":
        server: poplib.POP3 = poplib.POP3_SSL(mailbox.host, mailbox.port, timeout=_TIMEOUT, context=context)
    else:
        server = poplib.POP3(mailbox.host, mailbox.port, timeout=_TIMEOUT)
    try:
        if mailbox.scheme == "pop3" and not mailbox.is_beside_us:
            server.stls(context)
        server.user(mailbox.user)
        server.pass_(mailbox.password)
        for line in server.list()[1][:_MOST]:
            if not may_go_on():
                break
            number, size = (int(part) for part in line.split()[:2])
            # The first lines say what it is; the mail that is sent back may be long.
            lines = server.retr(number)[1] if size <= _LARGEST else server.top(number, 2_000)[1]
            if _taken(b"\r\n".join(lines), take):
                server.dele(number)
                taken += 1
        server.quit()  # until then nothing is deleted
    finally:
        server.close()
    return taken
