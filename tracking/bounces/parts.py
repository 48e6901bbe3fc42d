"""Reading a mail's parts without ever raising: whatever can't be decoded is replaced."""

import html
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

_LARGEST = 256 * 1024
_HEAD_OF_RETURNED = 16 * 1024
_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n")
_TEXT = 32 * 1024
_MOST_PARTS = 100
_RETURNED = re.compile(
    rb"^content-type:[ \t]*(?:message/rfc822|message/global|text/rfc822-headers)\b(?!-)", re.IGNORECASE | re.MULTILINE
)
_REPORT = re.compile(
    rb"^content-type:[ \t]*message/(?:global-)?(?:delivery-status|feedback-report)", re.IGNORECASE | re.MULTILINE
)
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]{0,2000}>", re.IGNORECASE | re.DOTALL)
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li)\b[^>]{0,200}>", re.IGNORECASE)


def parse(content: bytes) -> Message | None:
    """Return the mail, the returned original cut down to its headers; None where it can't be read at all."""
    content = content[:_LARGEST]
    found = _RETURNED.search(content)
    # Only where no report follows, as RFC 6522 §3 orders the parts.
    if found and not _REPORT.search(content, found.end()):
        content = content[: _end_of_heads(content, found.end())]
    if content.lower().count(b"boundary=") > _MOST_PARTS:
        return None
    try:
        return BytesParser(policy=compat32).parsebytes(content)
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError):
        return None  # parts within parts, or a header that the library trips over


def _end_of_heads(content: bytes, start: int) -> int:
    """Return where the headers of the part that starts here end, and those of the mail inside it."""
    end = start
    for _ in range(2):
        blank = _BLANK.search(content, end, start + _HEAD_OF_RETURNED)
        end = blank.end() if blank else start + _HEAD_OF_RETURNED
    return end


def leaves(mail: Message, *, depth: int = 0) -> Iterator[Message]:
    """Yield the parts that hold something, not entering mails that are enclosed."""
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in inside(mail)[:50] if depth < 8 else []:
            yield from leaves(part, depth=depth + 1)
    else:
        yield mail


def inside(part: Message) -> list[Message]:
    """Return the parts, blocks or mail inside a part; none where it holds text."""
    payload = part.get_payload() if part.is_multipart() else []
    return [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []


def fields(mail: Message) -> Iterator[tuple[str, str]]:
    """Yield the names, in lower case, and values of the headers, as UTF-8 where they are more than ASCII."""
    for name, value in mail.raw_items():
        raw = str(value)[:4_000].encode("utf-8", "surrogateescape")
        yield name.lower(), " ".join(decode(raw, "utf-8").split())


def header(mail: Message, name: str) -> str:
    """Return a header's first value in one line, encoded words decoded; empty where there is none."""
    value = next((value for each, value in fields(mail) if each == name.lower()), "") if name in mail else ""
    if "=?" in value:
        try:
            value = "".join(_decode(part, charset) for part, charset in decode_header(value))
        except (ValueError, LookupError, TypeError, AttributeError, IndexError):
            return value
    return " ".join(value.split())


def _decode(part: bytes | str, charset: str | None) -> str:
    return part if isinstance(part, str) else decode(part, charset)


def decode(raw: bytes, charset: str | None) -> str:
    """Return bytes as text by the charset named, else by a guess that always succeeds."""
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name) if name else raw.decode("utf-8")
        except (LookupError, ValueError):
            continue
    return raw.decode("cp1252", "replace")


def text_of(part: Message) -> str:
    """Return a part's text, decoded; also of a part that the library has parsed into headers."""
    try:
        if part.is_multipart():
            text = "\n".join(each.as_string() for each in inside(part))
            encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
            return _decoded_anyway(text, encoding) if encoding in ("base64", "quoted-printable") else text
        raw = part.get_payload(decode=True)
        charset = part.get_content_charset()
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, RecursionError):
        return ""
    return decode(raw[: _TEXT * 2], charset) if isinstance(raw, bytes) else ""


def _decoded_anyway(text: str, encoding: str) -> str:
    """Decode a report that its sender encoded although RFC 6522 forbids it."""
    inner = Message()
    inner["Content-Transfer-Encoding"] = encoding
    inner.set_payload(text.strip())
    raw = inner.get_payload(decode=True)
    return decode(raw, "utf-8") if isinstance(raw, bytes) else text


def words(mail: Message) -> str:
    """Return what the mail says to a person: its plain parts, or its HTML without the tags."""
    plain, marked = [], []
    for part in leaves(mail):
        kind = part.get_content_type()
        if kind == "text/plain":
            plain.append(text_of(part)[:_TEXT])
        elif kind == "text/html":
            marked.append(text_of(part)[:_TEXT])
    text = "\n".join(plain)
    if not text.strip() and marked:
        text = html.unescape(_TAGS.sub("", _BREAKS.sub("\n", "\n".join(marked)[:_TEXT])))
    return text[:_TEXT].replace("\r\n", "\n").replace("\xa0", " ").replace("\0", "")
