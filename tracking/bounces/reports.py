"""Delivery reports by the standard. Source: RFC 3464, RFC 6533 (addresses beyond ASCII), RFC 3461 §4 (xtext)."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32

from delivery.statuses.table import read_status
from delivery.statuses.weighing import weigh
from tracking.bounces import parts
from tracking.bounces.findings import Act, Finding, Kind, failure, unknown

KINDS = ("message/delivery-status", "message/global-delivery-status")
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_NEWS = {
    "delayed": "Not delivered yet: the server tries again.",
    "relayed": "Passed on to a server that sends no reports.",
    "expanded": "Passed on to several addresses.",
    "delivered": "Delivered.",
}
_MOST_RECIPIENTS = 50

Fields = dict[str, str]


def read_reports(mail: Message) -> list[Finding] | None:
    """Return what the mail's delivery reports say of each recipient; None where it holds none."""
    found = [part for part in parts.leaves(mail) if part.get_content_type() in KINDS]
    if not found:
        return None
    told = [fields for part in found for fields in recipients(part)][:_MOST_RECIPIENTS]
    spoken = parts.words(mail) if any("diagnostic-code" not in fields for fields in told) else ""
    findings = [_finding(fields, spoken if len(told) == 1 else "") for fields in told]
    return findings or [unknown("A delivery report that names no recipient.")]


def recipients(part: Message) -> Iterator[Fields]:
    """Yield the fields of each recipient. The first block is about the mail as a whole. Source: RFC 3464 §2.1."""
    for block in _blocks(part):
        fields: Fields = {}
        for name, value in parts.fields(block):
            fields.setdefault(name, value)
        if "action" in fields or "status" in fields or "final-recipient" in fields:
            yield fields


def _blocks(part: Message) -> Iterator[Message]:
    encoded = str(part.get("Content-Transfer-Encoding", "")).strip().lower() in ("base64", "quoted-printable")
    if part.get_content_type() == KINDS[0] and part.is_multipart() and not encoded:
        yield from parts.inside(part)
        return
    reader = HeaderParser(policy=compat32)
    for text in re.split(r"\n[ \t]*\r?\n", parts.text_of(part)):
        yield reader.parsestr(text.strip() + "\n")


def _finding(fields: Fields, spoken: str) -> Finding:
    recipient = address(fields.get("original-recipient", "")) or address(fields.get("final-recipient", ""))
    event = fields.get("action", "").split("(")[0].strip().lower()
    given = _STATUS.search(fields.get("status", ""))
    status = given[0] if given else ""
    if event in _NEWS:
        return Finding(Kind.NOT_A_BOUNCE, Act.NONE, _NEWS[event], status, recipient, event)
    if event != "failed":
        return unknown("A delivery report without an action that is known.", recipient=recipient, status=status)
    if status.startswith("2"):
        return unknown("A failure with a status of success.", recipient=recipient, status=status)
    words = fields.get("diagnostic-code", "") or spoken
    weighed = weigh(words=words.partition(";")[2] or words, given=read_status(status))
    if weighed is None:
        return unknown("A failure that gives no reason.", recipient=recipient)
    return failure(weighed, recipient=recipient)


def address(field: str) -> str:
    """Return the address of a field such as `rfc822; user@example.com`; empty where it holds none."""
    kind, _, value = field.partition(";")
    value = (value or kind).split("(")[0].strip().strip("<>").strip()
    if kind.strip().lower() == "utf-8":
        value = _UNICODE.sub(lambda found: _character(found[1]), value)
    elif "@" not in value:
        value = _XTEXT.sub(lambda found: chr(int(found[1], 16)), value)
    return value[:320] if "@" in value else ""


def _character(number: str) -> str:
    code = int(number, 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
