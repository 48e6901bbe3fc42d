"""Quoted-printable and header text, written so that nothing after them needs to look at the bytes again.

A body made of these pieces is its own DKIM-relaxed canonical form and its own SMTP form: no line begins with a dot, no
run of blanks is longer than one, no line ends in a blank, every line ends in CRLF and is at most 76 characters long.
Sources: RFC 2045 §6.7, RFC 6376 §3.4.4, RFC 5321 §4.5.2, RFC 2047 §5.
"""

import re
from base64 import b64encode

_LINE = 75  # RFC 2045 allows 76, of which one is the "=" of a soft break
SOFT_BREAK = b"=\r\n"
_DOT = ord(".")
_SPECIAL = re.compile(rb"[^ -<>-~]")
_SIMPLE = re.compile(r"(?!\.)[!-<>-~]+(?: [!-<>-~]+)*").fullmatch
_MARKUP = re.compile(r"[&<>\"']").search
_NEWLINES = re.compile(r"\r\n|\r|\n")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")
_WORD_BYTES = 39  # 52 characters of base64 and 12 around them; 73 after "Subject: "
_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9.\[\]:-]+")


class CannotAddress(ValueError):
    """The address can't be written in an SMTP command."""


def quoted_printable(text: str) -> bytes:
    """Encode a text, lines ended by CRLF; the end of the text gets no line end of its own."""
    return b"\r\n".join(_encode_line(line.encode()) for line in _NEWLINES.split(text))


def slot(text: str) -> bytes:
    """Encode a value that stands between two soft line breaks."""
    if len(text) <= _LINE and _SIMPLE(text):
        return text.encode("ascii")
    return quoted_printable(text.encode("utf-8", "replace").decode())


def is_same_in_html(text: str) -> bool:
    """Tell whether nothing in a text is written otherwise in HTML."""
    return not _MARKUP(text)


def _encode_line(line: bytes) -> bytes:
    """Encode one line, with soft breaks where it is long; no piece begins with a dot or ends between "=" and its digits."""
    encoded = _SPECIAL.sub(_escaped, line).replace(b"  ", b" =20")
    if encoded[-1:] == b" ":
        encoded = encoded[:-1] + b"=20"
    if len(encoded) <= _LINE and encoded[:1] != b".":
        return encoded
    pieces, start, end = [], 0, len(encoded)
    while start < end:
        is_dot = encoded[start] == _DOT
        stop = start + _LINE - 2 * is_dot
        if stop < end:
            escape = encoded.rfind(b"=", stop - 2, stop)
            stop = stop if escape < 0 else escape
        pieces.append(b"=2E" + encoded[start + 1 : stop] if is_dot else encoded[start:stop])
        start = stop
    return SOFT_BREAK.join(pieces)


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"=%02X" % found[0][0]


def header_text(text: str) -> bytes:
    """Encode the value of an unstructured header; control characters, line ends among them, become blanks."""
    text = one_line(text)
    if text.isascii() and "=?" not in text and all(len(word) <= 60 for word in text.split(" ")):
        return _fold(text.encode())
    return b"\r\n ".join(b"=?utf-8?b?" + b64encode(word) + b"?=" for word in _words(text))


def phrase(text: str) -> bytes:
    """Encode a display name: plain, quoted, or as encoded words (RFC 5322 §3.2.5)."""
    text = one_line(text)[:200]
    if not text.isascii() or "=?" in text:
        return header_text(text)
    if re.fullmatch(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]*", text):
        return text.encode()
    return b'"' + re.sub(r'(["\\])', r"\\\1", text).encode() + b'"'


def address(text: str) -> bytes:
    """Encode an address for a command or a header. Raises `CannotAddress`."""
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise CannotAddress("This address can't be used with SMTP.")
    return text.encode("ascii")


def mailbox(name: str, email: str) -> bytes:
    """Encode a display name and an address."""
    shown = phrase(name) if name.strip() else b""
    return shown + (b" <" if shown else b"<") + address(email) + b">"


def one_line(text: str) -> str:
    """Return the text with every control character and run of blanks as one blank."""
    return _CONTROLS.sub(" ", text.encode("utf-8", "replace").decode()).strip()


def _fold(text: bytes) -> bytes:
    if len(text) <= 66:
        return text
    lines, line = [], b""
    for word in text.split(b" "):
        if line and len(line) + 1 + len(word) > 66:
            lines.append(line)
            line = word
        else:
            line = line + b" " + word if line else word
    return b"\r\n ".join([*lines, line])


def _words(text: str) -> list[bytes]:
    words, word = [], b""
    for character in text:
        raw = character.encode()
        if len(word) + len(raw) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += raw
    return [*words, word]
