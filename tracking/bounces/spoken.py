"""Bounces that are no standard reports: what mail servers write in sentences.

A mail is one only if it opens the way such servers do, or comes from a mail system and says that it failed. flufl.bounce
is asked last, for who it was about.
"""

import logging
import re
from email.message import Message

from flufl.bounce import all_failures

from delivery.statuses.table import read_status
from delivery.statuses.weighing import Weighed, weigh
from tracking.bounces import automatic, parts
from tracking.bounces.findings import Act, Finding, Kind, failure, unknown

# qmail · Exim · Exchange · Gmail · Yahoo · Postfix, sendmail · Domino · GroupWise · hMailServer · IMail · Mimecast · AOL
_OPENING = re.compile(
    r"this is the qmail-send program|i'm afraid i wasn't able to deliver your message"
    r"|this message was created automatically by mail delivery software"
    r"|a message that you (?:have )?sent could not be delivered to (?:one or more|all|any)"
    r"|your message (?:did not reach|couldn't be delivered|could ?n[o']t be delivered|wasn't delivered|was not delivered|has not been delivered|to .{1,120} (?:couldn't|could not|was not|wasn't)(?: be)? delivered)"
    r"|delivery (?:to|has failed to|failed to) (?:the following|these) recipients?"
    r"|delivery has failed|the following (?:message|recipient|address)\(?e?s?\)? .{0,60}(?:undeliverable|could not be (?:reached|delivered)|failed|had (?:permanent )?(?:fatal )?(?:delivery )?errors)"
    r"|unable to deliver (?:the |your )?message|sorry,? (?:we were|i was|i wasn't|unable) .{0,40}deliver"
    r"|the message (?:that )?you sent .{0,60}(?:undeliverable|could not be delivered|was not delivered)"
    r"|i'm sorry to have to inform you that your message could not"
    r"|the original message was received at .{0,200}|transcript of session follows"
    r"|message could not be delivered|could not deliver (?:your|the) (?:message|mail)|undeliver(?:able|ed) (?:mail|message)"
    r"|failed to deliver to|delivery failure|mail delivery failed|recipients? (?:could not be|were not) reached"
    r"|the email account that you tried to reach|user mailbox exceeds allowed size|unknown user:",
    re.IGNORECASE | re.DOTALL,
)
_SUBJECT = re.compile(
    r"undeliver|delivery (?:status notification|failure|failed|has failed|problem|notification)|failure notice|returned (?:mail|to sender)"
    r"|mail (?:delivery|system) (?:fail|error)|non[- ]?delivery|could not be delivered|mail delivery|nondeliverable"
    r"|unzustellbar|non remis|non distribuable|no se puede entregar|non recapitabile|onbestelbaar|не доставлено|недоставленное",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"has not (?:yet )?been delivered to (?:all|one or more|any) of its recipients after|delivery (?:is |has been )?delayed|will (?:continue to )?(?:be )?(?:retr(?:y|ied)|try|attempt)"
    r"|this is a warning message only|you do not need to resend|delivery (?:status notification )?\(delay\)|still (?:being )?(?:trying|tried|in the queue)|no action is required on your part",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"^[ \t>-]*(?:-+ ?(?:this is a copy of (?:the|your) message|below this line is a copy|original message|the body of the message|returned message|forwarded message|unsent message)"
    r"|original message (?:follows|headers)|this is a copy of the headers|message header follows|the (?:original|first) (?:message|part) (?:follows|is)|diagnostic information for administrators: *\Z"
    r"|received: (?:from|by) |return-path: <|message-id: <)",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = r"[^\s<>\"';:,()\[\]]{1,64}@[A-Za-z0-9\u0080-\U0010ffff._-]{1,253}"
# An address that stands at the head of a line is who it is about; its words follow up to the next such line.
_HEADED = re.compile(
    rf"^[ \t]*(?:(?:to|recipient|recipients|rcpt to|failed recipient|address|user|unknown user|e-?mail|final-recipient:.*?|user mailbox exceeds allowed size)[ \t]*:?[ \t]*)?"
    rf"(?:\S{{0,40}} )?[<\[('\"]?(?:mailto:|smtp:)?({_ADDRESS})[>\])'\"]?(?:[ \t]*[:;,\-(]|[ \t]*$|[ \t]+(?:on|\(|<|was|could|failed|is|user|mail))",
    re.IGNORECASE | re.MULTILINE,
)
_ANYWHERE = re.compile(rf"[<\[('\" \t:]({_ADDRESS})")
_MOST = 20

# It tells of every detector that it tries.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


def read_spoken(mail: Message, words: str) -> list[Finding] | None:
    """Return what a bounce in sentences says of each recipient; None where the mail is no bounce."""
    told = _before_original(words)
    has_opening = bool(_OPENING.search(told[:6_000]))
    subject = parts.header(mail, "Subject")
    # Two of three: it opens like one, it comes from a mail system, its subject says so.
    if [has_opening, automatic.is_daemon(mail) or automatic.is_null_sender(mail), has_subject(mail)].count(True) < 2:
        return None
    blocks = _blocks(told)
    if _DELAY.search(told) or _DELAY.search(subject):
        reason = "Not delivered yet: the server tries again."
        about = _first(_failed(mail) or [recipient for recipient, _ in blocks])
        return [Finding(Kind.NOT_A_BOUNCE, Act.NONE, reason, "", about, "delayed")]
    found = [_finding(recipient, block) for recipient, block in blocks]
    understood = [each for each in found if each is not None]
    return understood or [_as_a_whole(mail, told)]


def has_subject(mail: Message) -> bool:
    """Tell whether the subject is one that bounces have."""
    return bool(_SUBJECT.search(parts.header(mail, "Subject")))


def _before_original(words: str) -> str:
    found = _ORIGINAL.search(words, 1)
    return words[: found.start()] if found else words


def _blocks(told: str) -> list[tuple[str, str]]:
    """Return each recipient with the words about them."""
    heads = list(_HEADED.finditer(told))
    ends = [*(head.start() for head in heads), len(told)][1:]
    blocks: dict[str, str] = {}
    for head, end in zip(heads, ends, strict=False):
        recipient = head[1].strip(".").lower()
        blocks[recipient] = blocks.get(recipient, "") + told[head.end(1) : end]
    return list(blocks.items())[:_MOST]


def _finding(recipient: str, block: str) -> Finding | None:
    weighed = _weigh(block)
    return failure(weighed, recipient=recipient) if weighed else None


def _weigh(text: str) -> Weighed | None:
    return weigh(words=" ".join(text.split()))


def _as_a_whole(mail: Message, told: str) -> Finding:
    temporary, permanent = _flufl(mail)
    failed = _failed(mail) or permanent
    recipient = _first(failed) or _first(_ANYWHERE.findall(told)[:1])
    weighed = _weigh(told)
    if weighed:
        return failure(weighed, recipient=recipient)
    if permanent:
        return failure(Weighed(read_status("5.0.0") or (5, 0, 0)), recipient=recipient)
    if temporary:
        reason = "Not delivered yet: the server tries again."
        return Finding(Kind.NOT_A_BOUNCE, Act.NONE, reason, "", _first(temporary), "delayed")
    return unknown("A bounce that gives no reason that is known.", recipient=recipient)


def _failed(mail: Message) -> list[str]:
    """Return whom Exim names in a header of its own."""
    return [each.strip() for each in parts.header(mail, "X-Failed-Recipients").split(",") if "@" in each]


def _flufl(mail: Message) -> tuple[list[str], list[str]]:
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 - others' guesses over strangers' bytes: what fails has found nothing
        return [], []
    return _as_text(temporary), _as_text(permanent)


def _as_text(addresses: frozenset[bytes]) -> list[str]:
    return sorted(each.decode("utf-8", "replace") for each in addresses)


def _first(addresses: list[str]) -> str:
    return addresses[0][:320] if addresses else ""
