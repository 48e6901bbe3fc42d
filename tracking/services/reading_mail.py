"""Understanding mail that comes back: delivery reports, complaints, and opt-outs by mail.

A report is believed only through a token that we made: a delivery report by the address it was sent to (the message's
return path), a complaint by the return path of the mail it encloses. So nobody can bounce anybody else. Which recipient
a report names is never believed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mail

from delivery.statuses.table import least_harmful, read_status
from emailconcert.lib import signing
from tracking.bounces import complaints, parts
from tracking.bounces.classifying import classify_mail
from tracking.bounces.findings import Act, Finding
from tracking.bounces.findings import Kind as News
from tracking.models import Kind
from tracking.services.signals import Learnt

_RECIPIENT = re.compile(r"(?P<what>[bu])\+(?P<token>[A-Za-z0-9_-]{32})@", re.IGNORECASE)
_RETURN_PATH = re.compile(r"b\+([A-Za-z0-9_-]{32})@", re.IGNORECASE)
_FAILURES = {News.HARD, News.SOFT, News.SENDER}
_REACHED = {"delivered", "relayed"}

Key = tuple[int, int]


@dataclass(frozen=True)
class OptOut:
    """A mail to the address that List-Unsubscribe names, or a feedback report that asks for it."""

    mailing_id: int
    sequence: int


@dataclass(frozen=True)
class Arrived:
    """No bounce, but proof that the message left: an auto-reply, news of a delay or of delivery."""

    mailing_id: int
    sequence: int
    is_delivered: bool
    why: str


@dataclass(frozen=True)
class Ignored:
    """Nothing to do."""

    why: str


class NotUnderstood(Exception):
    """The mail is kept for a person to look at; `about` is the message whose token it bears, if any."""

    def __init__(self, why: str, about: Key | None = None) -> None:
        super().__init__(why)
        self.about = about


Meaning = Learnt | OptOut | Arrived | Ignored


def read_mail(*, recipient: str, content: bytes) -> Meaning:
    """Return what a mail to one of our addresses means. Raises `NotUnderstood`."""
    found = _RECIPIENT.match(recipient)
    about = _read_token(found["token"]) if found else None
    if found and about is None:
        raise NotUnderstood("The address holds no token of ours.")
    if found and about and found["what"].lower() == "u":
        return OptOut(*about)
    mail = parts.parse(content)
    if mail is None:
        raise NotUnderstood("The mail can't be read.", about)
    findings = classify_mail(mail)
    if complaints.is_complaint(mail):
        return _complaint(mail, findings[0], about)
    if about is None:
        raise NotUnderstood("Neither a complaint nor sent to a return path of ours.")
    return _bounce(findings, about)


def _bounce(findings: list[Finding], about: Key) -> Meaning:
    """Return one meaning: a message went to one person, whoever else their mail server passed it on to."""
    failures = [each for each in findings if each.kind in _FAILURES]
    events = {each.event for each in findings}
    reached = events & _REACHED
    if failures and not reached:
        codes = {code: each for each in failures if (code := read_status(each.status))}
        chosen = codes[least_harmful(list(codes))]
        return Learnt(*about, Kind.BOUNCE, chosen.status)
    if any(each.action == Act.REVIEW for each in findings):
        raise NotUnderstood(findings[0].reason, about)
    return Arrived(*about, is_delivered="delivered" in events, why=findings[0].reason)


def _complaint(mail: Mail, finding: Finding, about: Key | None) -> Meaning:
    if finding.action == Act.NONE:
        return Ignored(finding.reason)
    known = next((key for token in _tokens(mail) if (key := _read_token(token))), about)
    if known is None:
        raise NotUnderstood("A complaint about a mail that is not ours.")
    if finding.action == Act.OPT_OUT:
        return OptOut(*known)
    if finding.kind != News.COMPLAINT:
        raise NotUnderstood(finding.reason, known)
    return Learnt(*known, Kind.COMPLAINT)


def _read_token(token: str) -> Key | None:
    try:
        return signing.read_message_token(token)
    except signing.BadToken:
        return None


def _tokens(mail: Mail) -> Iterator[str]:
    """Yield the tokens of return paths that a complaint names, in the report or in the mail it encloses."""
    for part in parts.leaves(mail):
        if part.get_content_type() == complaints.KIND:
            yield from _RETURN_PATH.findall(complaints.report_text(part))
        elif part.get_content_type() == "text/rfc822-headers":
            for line in re.findall(r"^Return-Path:.*$", parts.text_of(part), re.IGNORECASE | re.MULTILINE):
                yield from _RETURN_PATH.findall(line)
    enclosed = complaints.enclosed_mail(mail)
    if enclosed is not None:
        yield from _RETURN_PATH.findall(parts.header(enclosed, "Return-Path"))
