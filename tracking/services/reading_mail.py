"""Understanding mail that comes back: delivery reports, complaints, and opt-outs by mail.

A report is believed only through a token that we made: a delivery report by the address it was sent to (the message's
return path), a complaint by the return path of the mail it encloses. So nobody can bounce anybody else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from emailconcert.lib import signing
from tracking.models import Kind
from tracking.services.signals import Learnt

_RECIPIENT = re.compile(r"(?P<what>[bu])\+(?P<token>[A-Za-z0-9_-]{32})@", re.IGNORECASE)
_RETURN_PATH = re.compile(r"b\+([A-Za-z0-9_-]{32})@")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class OptOut:
    """A mail to the address that List-Unsubscribe names."""

    mailing_id: int
    sequence: int


@dataclass(frozen=True)
class Ignored:
    """Nothing to do: an auto-reply, or news of a delay."""

    why: str


class NotUnderstood(Exception):
    """The mail is kept for a person to look at."""


Meaning = list[Learnt] | OptOut | Ignored


def read_mail(*, recipient: str, content: bytes) -> Meaning:
    """Return what a mail to one of our addresses means. Raises `NotUnderstood`."""
    found = _RECIPIENT.match(recipient)
    mail = message_from_bytes(content, policy=policy.default)
    if found is None:
        return _complaint(mail)
    try:
        mailing_id, sequence = signing.read_message_token(found["token"])
    except signing.BadToken:
        raise NotUnderstood("The address holds no token of ours.") from None
    if found["what"].lower() == "u":
        return OptOut(mailing_id, sequence)
    if _parts(mail, "message/feedback-report"):
        return _complaint(mail)
    return _bounce(mail, mailing_id, sequence)


def _bounce(mail: EmailMessage, mailing_id: int, sequence: int) -> Meaning:
    reports = _parts(mail, "message/delivery-status")
    if not reports:
        if _is_automatic(mail):
            return Ignored("auto-reply")
        raise NotUnderstood("A mail to a return path that is no delivery report.")
    learnt = []
    for fields in _recipients(reports[0]):
        status = _STATUS.search(fields.get("status", ""))
        action = fields.get("action", "").strip().lower()
        if status and action == "failed":
            learnt.append(Learnt(mailing_id, sequence, Kind.BOUNCE, status[0], action))
        elif not action:
            raise NotUnderstood("A delivery report without an action.")
    return learnt or Ignored("no failure")


def _recipients(report: EmailMessage) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient. The first block is about the mail as a whole. Source: RFC 3464 §2.1."""
    payload = report.get_payload()
    for block in payload if isinstance(payload, list) else []:
        if isinstance(block, str):
            continue
        fields = {name.lower(): str(value) for name, value in block.items()}
        if "action" in fields or "status" in fields:
            yield fields


def _is_automatic(mail: EmailMessage) -> bool:
    # Source: RFC 3834 §5; the others are what programs wrote before it.
    submitted = str(mail.get("Auto-Submitted", "no")).strip().lower()
    return submitted != "no" or "X-Autoreply" in mail or "X-Autorespond" in mail


def _complaint(mail: EmailMessage) -> Meaning:
    reports = _parts(mail, "message/feedback-report")
    if not reports:
        raise NotUnderstood("Neither a delivery report nor a complaint.")
    text = _text(reports[0])
    if not re.search(r"^feedback-type:\s*abuse\s*$", text, re.IGNORECASE | re.MULTILINE):
        return Ignored("feedback of another kind")
    for token in _tokens(mail, text):
        try:
            mailing_id, sequence = signing.read_message_token(token)
        except signing.BadToken:
            continue
        return [Learnt(mailing_id, sequence, Kind.COMPLAINT)]
    raise NotUnderstood("A complaint about a mail that is not ours.")


def _tokens(mail: EmailMessage, report: str) -> Iterator[str]:
    """Yield the tokens of return paths that a complaint names, in the report or in the mail it encloses."""
    yield from _RETURN_PATH.findall(report)
    for kind in ("message/rfc822", "text/rfc822-headers"):
        for part in _parts(mail, kind):
            for line in re.findall(r"^Return-Path:.*$", _text(part), re.IGNORECASE | re.MULTILINE):
                yield from _RETURN_PATH.findall(line)


def _parts(mail: EmailMessage, kind: str) -> list[EmailMessage]:
    return [part for part in mail.walk() if part.get_content_type() == kind and isinstance(part, EmailMessage)]


def _text(part: EmailMessage) -> str:
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n".join(str(each) for each in payload)
    decoded = part.get_payload(decode=True)
    return decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)
