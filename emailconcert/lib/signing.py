"""Compact signed tokens, each bound to one purpose.

`sign` and `unsign` carry any bytes with an expiry; `message_token` and `read_message_token` are the short form for the
links of messages: (mailing, sequence), no expiry, and verified without a database. Keys are numbered and never
retired, so an opt-out link works for ever.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from datetime import datetime

from emailconcert.lib import keys
from emailconcert.lib.errors import ExpectedError

_MAC = 16


class BadToken(ExpectedError):
    """The link was cut short, changed, is for something else, or has run out."""

    def __init__(self) -> None:
        super().__init__("This link is not valid any more. Ask for a new one.")


def sign(payload: bytes, *, purpose: str, expires_at: datetime | None = None) -> str:
    """Return a URL-safe token over `payload` for one `purpose`; without `expires_at` it is valid for ever."""
    number, key = next(iter(keys.token_ring().items()))
    expiry = int(expires_at.timestamp()) if expires_at else 0
    body = struct.pack(">BI", number, expiry) + payload
    return _encode(body + _mac(key, purpose, body))


def unsign(token: str, *, purpose: str, now: datetime) -> bytes:
    """Return the payload. Raises `BadToken`."""
    raw = _decode(token)
    if len(raw) < 5 + _MAC:
        raise BadToken
    body, mac = raw[:-_MAC], raw[-_MAC:]
    number, expiry = struct.unpack(">BI", body[:5])
    key = keys.token_ring().get(number)
    if key is None or not hmac.compare_digest(mac, _mac(key, purpose, body)):
        raise BadToken
    if expiry and expiry < now.timestamp():
        raise BadToken
    return body[5:]


def message_token(mailing_id: int, sequence: int, *, ring: dict[int, bytes] | None = None) -> str:
    """Return the public token of one message: 24 bytes in 32 characters, no contact id inside.

    Layout: key number (1 byte) · mailing (6 bytes) · sequence (4 bytes) · keyed BLAKE2b (13 bytes).
    """
    number, key = next(iter((ring or keys.token_ring()).items()))
    body = bytes((number,)) + mailing_id.to_bytes(6) + sequence.to_bytes(4)
    return _encode(body + _message_mac(key, body))


def read_message_token(token: str, *, ring: dict[int, bytes] | None = None) -> tuple[int, int]:
    """Return (mailing id, sequence). Raises `BadToken`. Needs no database."""
    raw = _decode(token)
    if len(raw) != 24:
        raise BadToken
    body = raw[:11]
    key = (ring or keys.token_ring()).get(body[0])
    if key is None or not hmac.compare_digest(raw[11:], _message_mac(key, body)):
        raise BadToken
    return int.from_bytes(body[1:7]), int.from_bytes(body[7:])


def new_secret() -> str:
    """Return a fresh secret of 256 bits for a link that is stored only as its hash."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str, *, purpose: str) -> bytes:
    """Return the 32-byte hash under which a secret of `new_secret` is stored."""
    return hashlib.blake2b(secret.encode(), digest_size=32, person=purpose.encode()[:16]).digest()


def _mac(key: bytes, purpose: str, body: bytes) -> bytes:
    return hashlib.blake2b(purpose.encode() + b"\0" + body, digest_size=_MAC, key=key, person=b"ec.token").digest()


def _message_mac(key: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=13, key=key, person=b"ec.message").digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    try:
        return base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise BadToken from None
