"""DKIM signatures, relaxed/relaxed, by RSA-2048 and Ed25519 (RFC 6376, RFC 8463).

Bodies from `wire.encoding` are canonical already, so their hash is the hash of their bytes. From, Subject, To and both
List-Unsubscribe fields are signed once more than they occur, so that nobody can add another (RFC 6376 §5.4).
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
Headers = Sequence[tuple[bytes, bytes]]

OVERSIGNED = (b"from", b"to", b"subject", b"list-unsubscribe", b"list-unsubscribe-post")
_BLANKS = re.compile(rb"[ \t\r\n]+")


@dataclass(frozen=True)
class Signer:
    """A domain's key under one selector."""

    domain: str
    selector: str
    key: Key

    def signature(self, headers: Headers, body_hash: bytes, *, at: int) -> bytes:
        """Return a whole DKIM-Signature header, CRLF included."""
        names = _signed_names(headers)
        rsa_key = isinstance(self.key, rsa.RSAPrivateKey)
        value = b"v=1; a=%b-sha256; c=relaxed/relaxed; d=%b; s=%b;\r\n t=%d; h=%b;\r\n bh=%b;\r\n b=" % (
            b"rsa" if rsa_key else b"ed25519",
            self.domain.encode(),
            self.selector.encode(),
            at,
            b":\r\n ".join(b":".join(names[start : start + 5]) for start in range(0, len(names), 5)),
            b64encode(body_hash),
        )
        signed = b"".join([*_canonical(headers), b"dkim-signature:" + _relax(value)])
        made = b64encode(self._sign(signed))
        folded = b"\r\n ".join(made[start : start + 72] for start in range(0, len(made), 72))
        return b"DKIM-Signature: " + value + folded + b"\r\n"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(sha256(data).digest())


def _signed_names(headers: Headers) -> list[bytes]:
    names = [name.lower() for name, _ in headers]
    return names + [name for name in OVERSIGNED if name in names or name == b"to"]


def _canonical(headers: Headers) -> list[bytes]:
    # Each header once, in the order of h=; the second mention of an oversigned one stands for nothing.
    return [name.lower() + b":" + _relax(value) + b"\r\n" for name, value in headers]


def _relax(value: bytes) -> bytes:
    return _BLANKS.sub(b" ", value).strip(b" ")


def body_hash(body: bytes) -> bytes:
    """Return the hash of a body that is canonical already."""
    return sha256(body).digest()


def canonical_body(body: bytes) -> bytes:
    """Return any body in relaxed form, for mails that did not come from `wire.encoding`."""
    body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n")
    return re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n" if body.strip() else b""


def new_rsa_key() -> Key:
    """Make the key that every receiver understands."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_ed25519_key() -> Key:
    """Make the short key that stands beside it."""
    return ed25519.Ed25519PrivateKey.generate()


def private_bytes(key: Key) -> bytes:
    """Return a key as DER (PKCS #8), to be sealed."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(der: bytes) -> Key:
    """Return a key from `private_bytes`."""
    key = serialization.load_der_private_key(der, password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise TypeError("A DKIM key is RSA or Ed25519.")
    return key


def public_record(key: Key) -> str:
    """Return the TXT record for `selector._domainkey.domain` (RFC 6376 §3.6.1, RFC 8463 §4.2)."""
    if isinstance(key, rsa.RSAPrivateKey):
        der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return f"v=DKIM1; k=rsa; p={b64encode(der).decode()}"
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={b64encode(raw).decode()}"
