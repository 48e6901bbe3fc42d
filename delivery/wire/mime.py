"""A mailing's message as bytes with slots: everything that can be encoded once is, a recipient only fills slots.

Each slot in the body stands between two soft line breaks, so that a value never touches the encoding around it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from markupsafe import escape

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


@dataclass(frozen=True, slots=True)
class Letter:
    """One message ready for the wire, in pieces that are written one after another.

    It ends in CRLF and needs no dot-stuffing.
    """

    sender: bytes
    recipient: bytes
    pieces: tuple[bytes, ...]

    @property
    def data(self) -> bytes:
        """Return all of it as one."""
        return b"".join(self.pieces)


class _Body:
    """Both parts' bytes with slots, from the first boundary to the last."""

    def __init__(self, text: Part, html: Part) -> None:
        self._html = html
        self._template: list[bytes] = [_opening(b"plain")]
        self._tokens: list[int] = []
        self._variables: dict[Variable, tuple[list[int], list[int]]] = {}
        self._others: list[tuple[int, Part, Shared | Fragment]] = []
        self._take(text)
        self._template.append(b"\r\n" + _opening(b"html"))
        self._take(html)
        self._template.append(b"\r\n--" + _BOUNDARY + b"--\r\n")

    def _take(self, part: Part) -> None:
        for piece in part.pieces:
            if isinstance(piece, str):
                self._template.append(encoding.quoted_printable(piece))
                continue
            self._template += [encoding.SOFT_BREAK, b"", encoding.SOFT_BREAK]
            index = len(self._template) - 2
            if isinstance(piece, Token):
                self._tokens.append(index)
            elif isinstance(piece, Variable):
                self._variables.setdefault(piece, ([], []))[part.html].append(index)
            else:
                self._others.append((index, part, piece))

    def fill(self, values: Mapping[str, Any], token: str) -> bytes:
        """Return the body for one recipient; a value that is the same in both parts is encoded once."""
        parts = self._template.copy()
        raw_token = token.encode()
        for index in self._tokens:
            parts[index] = raw_token
        for variable, (in_text, in_html) in self._variables.items():
            said = self._html.said(variable, values)
            filled = encoding.slot(said)
            for index in in_text:
                parts[index] = filled
            if in_html:
                if not encoding.is_same_in_html(said):
                    filled = encoding.slot(str(escape(said)))
                for index in in_html:
                    parts[index] = filled
        if self._others:
            self._fill_others(parts, values, token)
        return b"".join(parts)

    def _fill_others(self, parts: list[bytes], values: Mapping[str, Any], token: str) -> None:
        fillings: dict[bool, Filling] = {}
        known: dict[tuple[bool, Shared], bytes] = {}
        for index, part, piece in self._others:
            if isinstance(piece, Fragment):
                filling = fillings.get(part.html) or fillings.setdefault(part.html, part.filling(values, token))
                parts[index] = encoding.slot(part.run(piece, filling, values, token))
            else:
                key = (part.html, piece)
                if key not in known:
                    known[key] = encoding.slot(part.show(piece, values))
                parts[index] = known[key]


def _opening(kind: bytes) -> bytes:
    return (
        b"--" + _BOUNDARY + b"\r\nContent-Type: text/" + kind + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


class Skeleton:
    """A mailing's message, to be filled per recipient."""

    def __init__(self, program: Program, identity: Identity, signers: Sequence[dkim.Signer] = ()) -> None:
        self._subject, self._identity, self._signers = program.subject, identity, signers
        self._body = _Body(program.text, program.html)
        self._bounce = encoding.address(f"b@{identity.bounce_domain}")[1:]
        self._unsubscribe = identity.tracking_url.encode() + b"/u/"
        self._fixed_subject = None if program.subject.fixed is None else self._encode_subject({}, "")
        self._static = self._static_headers()
        self._static_lines = _lines(self._static)

    def fill(self, *, recipient: str, values: Mapping[str, Any], token: str, at: float | None = None) -> Letter:
        """Return one recipient's letter, signed. Raises `CannotAddress` and `LiquidError`."""
        at = time.time() if at is None else at
        to = encoding.address(recipient)
        body = self._body.fill(values, token)
        own = self._own_headers(to, values, token, at)
        head = [_lines(own), self._static_lines, b"\r\n"]
        if self._signers:
            digest = dkim.body_hash(body)
            headers = [*own, *self._static]
            head[:0] = [signer.signature(headers, digest, at=int(at)) for signer in self._signers]
        return Letter(b"b+" + token.encode() + self._bounce, to, (b"".join(head), body))

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

    def _own_headers(self, to: bytes, values: Mapping[str, Any], token: str, at: float) -> list[tuple[bytes, bytes]]:
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
        ]

    def _encode_subject(self, values: Mapping[str, Any], token: str) -> bytes:
        return encoding.header_text(self._subject.render(values, token))


def _lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])


_dates: dict[int, bytes] = {}


def _date(at: int) -> bytes:
    found = _dates.get(at)
    if found is None:
        _dates.clear()
        found = _dates[at] = formatdate(at, usegmt=True).encode()
    return found
