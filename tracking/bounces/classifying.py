"""What a mail that came back says, one finding per recipient."""

from email.message import Message

from tracking.bounces import automatic, complaints, parts, reports, spoken
from tracking.bounces.findings import Act, Finding, Kind, unknown

_RECEIPT = "message/disposition-notification"
_AUTOMATIC = Finding(Kind.AUTO_REPLY, Act.NONE, "An automatic reply.")


def classify(content: bytes) -> list[Finding]:
    """Return what a mail says, at least one finding. Never raises: what is not sure is `unknown`."""
    mail = parts.parse(content)
    if mail is None:
        return [unknown("The mail can't be read.")]
    return classify_mail(mail)


def classify_mail(mail: Message) -> list[Finding]:
    """Return what a parsed mail says."""
    complaint = complaints.read_complaint(mail)
    if complaint is not None:
        return [complaint]
    told = reports.read_reports(mail)
    if told is not None:
        return told
    words = parts.words(mail)
    if any(part.get_content_type() == _RECEIPT for part in parts.leaves(mail)):
        return [Finding(Kind.NOT_A_BOUNCE, Act.NONE, "A receipt: somebody opened or deleted the mail.")]
    if _answers(mail):
        return [_AUTOMATIC]
    return spoken.read_spoken(mail, words) or [_by_its_looks(mail, words)]


def _answers(mail: Message) -> bool:
    """Tell whether a mailbox answers, and no mail system: its words may well speak of mail that fails."""
    if automatic.is_daemon(mail):
        return False
    return automatic.has_subject(mail) or (automatic.is_declared(mail) and not spoken.has_subject(mail))


def _by_its_looks(mail: Message, words: str) -> Finding:
    if automatic.is_challenge(mail, words):
        return Finding(Kind.AUTO_REPLY, Act.NONE, "A challenge: the sender is asked to prove that they are a person.")
    if automatic.is_daemon(mail):
        return unknown("A mail system writes something that is not known.")
    if automatic.is_declared(mail) or automatic.is_null_sender(mail):
        return _AUTOMATIC
    if parts.header(mail, "From") and words.strip():
        return Finding(Kind.NOT_A_BOUNCE, Act.REVIEW, "It looks like a mail that a person wrote.")
    return unknown("Neither a report nor a reply.")
