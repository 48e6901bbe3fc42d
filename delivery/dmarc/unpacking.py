"""Finding the XML of a report in a mail: plain, gzipped or zipped, and never more of it than a report has."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

LARGEST = 8 * 1024 * 1024  # unpacked
_RATIO = 400  # XML of many similar records shrinks to a hundredth
_RATIO_FROM = 512 * 1024  # what is smaller may be as dense as it likes
_MOST_PARTS, _DEPTH = 30, 4
_MOST_FILES = 10
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_BROKEN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError, RuntimeError,
    NotImplementedError, OverflowError,
)  # fmt: skip


class NotAReport(Exception):
    """Nothing in the mail can be read as a report."""


def xml_of(content: bytes) -> bytes:
    """Return the XML that a mail carries. Raises `NotAReport`."""
    try:
        mail = BytesParser(policy=compat32).parsebytes(content)
        for part in _leaves(mail, 0):
            raw = part.get_payload(decode=True)
            if isinstance(raw, bytes) and (found := unpack(raw)):
                return found
    except (RecursionError, TypeError, AttributeError, *_BROKEN) as error:
        raise NotAReport("The mail can't be read.") from error
    raise NotAReport("The mail carries no report.")


def unpack(raw: bytes) -> bytes:
    """Return the XML in an attachment, empty where there is none. Raises `NotAReport` for what is too large or broken."""
    try:
        if raw.startswith(_GZIP):
            return _if_xml(_gunzip(raw))
        if raw.startswith(_ZIP):
            return _if_xml(_unzip(raw))
    except _BROKEN as error:
        raise NotAReport("The archive can't be read.") from error
    return _if_xml(raw)


def _leaves(part: Message, depth: int) -> Iterator[Message]:
    inside = part.get_payload() if part.is_multipart() else None
    if isinstance(inside, list):
        for each in inside[:_MOST_PARTS] if depth < _DEPTH else []:
            if isinstance(each, Message):
                yield from _leaves(each, depth + 1)
    else:
        yield part


def _gunzip(raw: bytes) -> bytes:
    unpacked = zlib.decompressobj(wbits=31).decompress(raw, LARGEST + 1)
    return _within(unpacked, packed=len(raw))


def _unzip(raw: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for entry in archive.infolist()[:_MOST_FILES]:
            if entry.filename.lower().endswith(".xml"):
                with archive.open(entry) as file:  # what its header says of its size is not believed
                    return _within(file.read(LARGEST + 1), packed=len(raw))
    return b""


def _within(unpacked: bytes, *, packed: int) -> bytes:
    if len(unpacked) > LARGEST or (len(unpacked) > _RATIO_FROM and len(unpacked) > packed * _RATIO):
        raise NotAReport("The archive unpacks to more than a report has.")
    return unpacked


def _if_xml(raw: bytes) -> bytes:
    text = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text if text.startswith(b"<") and len(text) <= LARGEST and b"feedback" in text[:2_000] else b""
