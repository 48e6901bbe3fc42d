"""Complaints: abuse reports by the standard (RFC 5965), and Microsoft's older form (the complained-of mail, attached)."""

import re
from email.message import Message

from tracking.bounces import parts
from tracking.bounces.findings import Act, Finding, Kind, unknown
from tracking.bounces.reports import address

KIND = "message/feedback-report"
_FIELD = re.compile(r"^([A-Za-z-]{1,60}):[ \t]*(.*)$", re.MULTILINE)
_COMPLAINTS = {"abuse": "Reported as spam.", "fraud": "Reported as fraud."}
_OPT_OUTS = {"opt-out", "opt-out-list", "unsubscribe"}
_NO_NEWS = {
    "not-spam": "Taken back: reported as no spam.",
    "auth-failure": "A report about signatures, not about a person.",
    "dmarc": "A report about signatures, not about a person.",
    "virus": "Reported as a virus by a scanner.",
    "miscategorized": "Reported as wrongly sorted.",
}
_MICROSOFT = re.compile(r"staff@hotmail\.com\b", re.IGNORECASE)


def read_complaint(mail: Message) -> Finding | None:
    """Return what a feedback report says; None where the mail is none."""
    for part in parts.leaves(mail):
        if part.get_content_type() == KIND:
            return _finding(report_text(part))
    enclosed = enclosed_mail(mail)
    if enclosed is not None and _MICROSOFT.search(parts.header(mail, "From")):
        recipient = parts.header(enclosed, "X-HmXmrOriginalRecipient").strip("<>")
        return Finding(Kind.COMPLAINT, Act.SUPPRESS, _COMPLAINTS["abuse"], "", recipient)
    return None


def is_complaint(mail: Message) -> bool:
    """Tell whether the mail is a feedback report, of whatever kind."""
    return read_complaint(mail) is not None


def report_text(part: Message) -> str:
    """Return the report's fields as text."""
    return parts.text_of(part).replace("\r\n", "\n")


def enclosed_mail(mail: Message) -> Message | None:
    """Return the mail that another encloses, as far as its headers; None where there is none."""
    for part in parts.leaves(mail):
        if part.get_content_type() in ("message/rfc822", "message/global"):
            return next(iter(parts.inside(part)), None)
    return None


def _finding(text: str) -> Finding:
    fields = {name.lower(): value.strip() for name, value in reversed(_FIELD.findall(text))}
    kind = fields.get("feedback-type", "").lower()
    recipient = address(fields.get("original-rcpt-to", ""))
    if kind in _COMPLAINTS:
        return Finding(Kind.COMPLAINT, Act.SUPPRESS, _COMPLAINTS[kind], "", recipient)
    if kind in _OPT_OUTS:
        return Finding(Kind.NOT_A_BOUNCE, Act.OPT_OUT, "The person asks to be taken off.", "", recipient)
    if kind in _NO_NEWS:
        return Finding(Kind.NOT_A_BOUNCE, Act.NONE, _NO_NEWS[kind], "", recipient)
    return unknown("A feedback report of a kind that is not known.", recipient=recipient)
