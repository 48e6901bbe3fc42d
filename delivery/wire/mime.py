"""A mailing's message as bytes with slots: everything that can be encoded once is, a recipient only fills slots.

Each slot in the body stands between two soft line breaks, so that a value never touches the encoding around it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from delivery.content.liquid import Filling
from delivery.content.pieces import Fragment, Shared, Token, Variable
from delivery.content.program import Part, Program
from delivery.wire import dkim, encoding

_BOUNDARY = b"=_ec_part"  # "=_" can't occur in quoted-printable text


@dataclass(frozen=True)
class Identity:
    """Who a mailing comes from, as its headers say it."""

    from_name: str
    from_email: str
    reply_to: str
    list_name: str
    list_id: str
    feedback_id: str
    bounce_domain: str
    tracking_url: str


@dataclass(frozen=True)
class Letter:
    """One message ready for the wire; `data` ends in CRLF and needs no dot-stuffing."""

    sender: bytes
    recipient: bytes
    data: bytes


class _Body:
    """One part's bytes with slots."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._template: list[bytes] = []
        self._slots: list[tuple[int, Variable | Shared | Fragment]] = []
        self._tokens: list[int] = []
        for piece in part.pieces:
            if isinstance(piece, str):
                self._template.append(encoding.quoted_printable(piece))
                continue
            self._template += [encoding.SOFT_BREAK, b"", encoding.SOFT_BREAK]
            if isinstance(piece, Token):
                self._tokens.append(len(self._template) - 2)
            else:
                self._slots.append((len(self._template) - 2, piece))

    def fill(self, values: Mapping[str, Any], token: str) -> bytes:
        part, parts = self._part, self._template.copy()
        filling: Filling | None = None
        raw_token = token.encode()
        for index in self._tokens:
            parts[index] = raw_token
        known: dict[Variable | Shared, bytes] = {}
        for index, piece in self._slots:
            if isinstance(piece, Fragment):
                filling = filling or part.filling(values, token)
                filled = encoding.slot(part.run(piece, filling, values, token))
            elif piece in known:
                filled = known[piece]
            else:
                filled = known[piece] = encoding.slot(part.show(piece, values))
            parts[index] = filled
        return b"".join(parts)


class Skeleton:
    """A mailing's message, to be filled per recipient."""

    def __init__(self, program: Program, identity: Identity, signers: Sequence[dkim.Signer] = ()) -> None:
        self._subject, self._identity, self._signers = program.subject, identity, signers
        self._text, self._html = _Body(program.text), _Body(program.html)
        self._bounce = encoding.address(f"b@{identity.bounce_domain}")[1:]
        self._unsubscribe = identity.tracking_url.encode() + b"/u/"
        self._fixed_subject = None if program.subject.fixed is None else self._encode_subject({}, "")
        self._before = self._static_headers()
        open_part = b"--" + _BOUNDARY + b"\r\nContent-Type: text/%b; charset=utf-8\r\n"
        open_part += b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        self._frame = (open_part % b"plain", b"\r\n" + open_part % b"html", b"\r\n--" + _BOUNDARY + b"--\r\n")

    def fill(self, *, recipient: str, values: Mapping[str, Any], token: str, at: float | None = None) -> Letter:
        """Return one recipient's letter, signed. Raises `CannotAddress` and `LiquidError`."""
        at = time.time() if at is None else at
        to = encoding.address(recipient)
        before, between, after = self._frame
        body = b"".join((before, self._text.fill(values, token), between, self._html.fill(values, token), after))
        headers = self._headers(to, values, token, at)
        signatures = b""
        if self._signers:
            digest = dkim.body_hash(body)
            signatures = b"".join(signer.signature(headers, digest, at=int(at)) for signer in self._signers)
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return Letter(b"b+" + token.encode() + self._bounce, to, b"".join((signatures, lines, b"\r\n", body)))

    def _static_headers(self) -> list[tuple[bytes, bytes]]:
        one = self._identity
        headers = [(b"From", encoding.mailbox(one.from_name, one.from_email))]
        if one.reply_to:
            headers.append((b"Reply-To", b"<" + encoding.address(one.reply_to) + b">"))
        list_id = b"<" + encoding.header_text(one.list_id) + b">"
        if one.list_name.strip():
            list_id = encoding.phrase(one.list_name[:60]) + b"\r\n " + list_id
        return [
            *headers,
            (b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"),
            (b"List-Id", list_id),
            (b"Feedback-ID", encoding.header_text(one.feedback_id)),
            (b"MIME-Version", b"1.0"),
            (b"Content-Type", b'multipart/alternative; boundary="' + _BOUNDARY + b'"'),
        ]

    def _headers(self, to: bytes, values: Mapping[str, Any], token: str, at: float) -> list[tuple[bytes, bytes]]:
        raw = token.encode()
        subject = self._fixed_subject
        if subject is None:
            subject = self._encode_subject(values, token)
        return [
            (b"To", b"<" + to + b">"),
            (b"Subject", subject),
            (b"Date", _date(int(at))),
            (b"Message-ID", b"<" + raw + self._bounce + b">"),
            (b"List-Unsubscribe", b"<%b%b>,\r\n <mailto:u+%b%b>" % (self._unsubscribe, raw, raw, self._bounce)),
            *self._before,
        ]

    def _encode_subject(self, values: Mapping[str, Any], token: str) -> bytes:
        return encoding.header_text(self._subject.render(values, token))


_dates: dict[int, bytes] = {}


def _date(at: int) -> bytes:
    found = _dates.get(at)
    if found is None:
        _dates.clear()
        found = _dates[at] = formatdate(at, usegmt=True).encode()
    return found
