"""Email addresses: one spelling each, and a keyed hash that outlives them.

`normalise` gives the spelling that is stored and mailed; two spellings that reach the same mailbox *by the standards*
(case, Unicode form, IDN against punycode) come out equal. Provider habits (dots, plus tags) are not guessed at.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable

import idna
from email_validator import EmailNotValidError, validate_email

from emailconcert.lib import keys
from emailconcert.lib.errors import ExpectedError

# The spellings that nearly every address has; anything else goes to email-validator, which costs 70 µs.
# Source: RFC 5321 §4.1.2 (dot-atom), §4.5.3.1 (64 and 254 octets), RFC 1035 §2.3.4 (labels of 63).
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)"
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z"
)
_SPECIAL_USE = (".invalid", ".localhost", ".local", ".onion", ".arpa")


class BadAddress(ExpectedError):
    """The text is not an email address that mail can be sent to."""


def normalise(text: str) -> str:
    """Return the stored spelling: trimmed, lower case, NFC, domain in its ASCII form.

    Raises `BadAddress`. Source: RFC 5321 §2.4 (domains ignore case; local parts do in practice), RFC 5891 (IDNA).
    """
    address = text.strip().lower()
    if _PLAIN.match(address) and "xn--" not in address and not address.endswith(_SPECIAL_USE):
        return address
    return _normalise_unusual(address)


def as_looked_up(text: str) -> str:
    """Return the spelling to look an address up by: the stored one, or what was typed where that is no address."""
    try:
        return normalise(text)
    except BadAddress:
        return text.strip().lower()


def _normalise_unusual(address: str) -> str:
    address = unicodedata.normalize("NFC", address)
    if len(address) > 320:
        raise BadAddress("An email address has at most 254 characters.")
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise BadAddress(f"“{_shorten(address)}” is not an email address: {error}") from None
    if found.ascii_domain.endswith(_SPECIAL_USE):
        raise BadAddress(f"“{_shorten(address)}” is at a domain that cannot receive mail.")
    local = unicodedata.normalize("NFC", found.local_part.lower())
    return f"{local}@{found.ascii_domain.lower()}"


def domain_of(address: str) -> str:
    """Return the domain of a normalised address."""
    return address.rpartition("@")[2]


def for_display(address: str) -> str:
    """Return the address with its domain in the script that people write."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except idna.IDNAError:
        return address


def address_hash(address: str, *, account_id: int) -> bytes:
    """Return the keyed hash (32 bytes, BLAKE2b) of a normalised address within an account.

    The account is part of it, so hashes of two accounts cannot be matched. Account 0 stands for the platform.
    """
    return keyed_hash(f"{account_id}:{address}".encode(), purpose="address")


def address_hasher(*, account_id: int) -> Callable[[str], bytes]:
    """Return `address_hash` of one account, for many addresses: what all of them share is hashed once."""
    shared = _blake2("address")
    shared.update(f"{account_id}:".encode())

    def digest(address: str) -> bytes:
        one = shared.copy()
        one.update(address.encode())
        return one.digest()

    return digest


def keyed_hash(data: bytes, *, purpose: str) -> bytes:
    """Return a 32-byte BLAKE2b hash under the address hash key; `purpose` (≤ 16 bytes) separates uses."""
    hashed = _blake2(purpose)
    hashed.update(data)
    return hashed.digest()


def _blake2(purpose: str) -> "hashlib.blake2b":
    return hashlib.blake2b(digest_size=32, key=keys.address_hash_key(), person=purpose.encode()[:16])


def _shorten(address: str) -> str:
    return address if len(address) <= 60 else address[:57] + "…"
