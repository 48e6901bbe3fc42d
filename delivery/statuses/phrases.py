"""Words of mail servers that say more than their codes, and the status that they stand for. One list, read from the top.

First what is the sender's or the content's fault, because such words beside "no such user" must never suppress anybody;
then what passes; only then what is final. A phrase stands here if it was seen in a server's own source or documentation:
Postfix, Exim, sendmail, qmail (RFC 3463 texts in their sources), Exchange ("Email non-delivery reports", Microsoft
Learn), Gmail ("SMTP error messages", Google Workspace help), Yahoo ("SMTP error codes", Yahoo Sender Hub), Domino,
GroupWise and Mimecast ("SMTP error codes", Mimecast knowledge base). Addresses are taken out before the list is read.
"""

import re
from dataclasses import dataclass

from delivery.statuses.table import Code


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words as a pattern, the subject and detail that they mean, and what they say in plain words."""

    pattern: str
    subject: int
    detail: int
    meaning: str

    @property
    def is_mild(self) -> bool:
        """Tell whether it speaks against suppressing the person."""
        return self in SENDERS_FAULT or self in PASSING

    @property
    def is_enough(self) -> bool:
        """Tell whether it means a failure without any code: not where it may be about a delay."""
        return self not in PASSING or (self.subject, self.detail) == (2, 2)


SENDERS_FAULT = (
    Phrase(
        r"black ?list|block ?list|black-?listed|deny ?list|\b(?:dns[bw]l|rbl|sbl|xbl|pbl|cbl)\b", 7, 1, "blocklisted"
    ),
    Phrase(
        r"spamhaus|spamcop|barracuda(?:central|networks)|\bsorbs\b|uceprotect|invaluement|\bsurbl\b|\buribl\b|cloudmark",
        7,
        1,
        "blocklisted",
    ),
    Phrase(r"\bspam\b|spammy|spamming|unsolicited|\buce\b|\bube\b|junk ?mail|bulk mail", 7, 1, "taken for spam"),
    Phrase(r"virus|malware|phish|malicious|banned (?:content|file)|infected", 7, 1, "content refused"),
    Phrase(
        r"reputation|poor sender|sender score|senderbase|user complaints|complaint rate", 7, 1, "the sender's standing"
    ),
    Phrase(
        r"\bdmarc\b|\bdkim\b|\bspf\b|sender policy framework|unauthenticated|not authenticated|authentication (?:failed|required|checks?)",
        7,
        26,
        "authentication failed",
    ),
    Phrase(
        r"\b(?:been|is|was|are|temporarily|permanently) blocked\b|\bblocked (?:by|using|due|for|because|from|see|at|on|list)\b|has been blocked|^blocked\b|\bblocked\s*$",
        7,
        1,
        "blocked",
    ),
    Phrase(
        r"\bpolicy\b|local polic|prohibited|not accepted for policy|violat|banned sender|sender (?:address )?(?:denied|rejected|refused|blocked|not allowed)",
        7,
        1,
        "policy",
    ),
    Phrase(
        r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|not allowed|prohibited)|not (?:permitted|allowed) to relay|unable to relay|we do not relay",
        7,
        1,
        "relaying denied",
    ),
    Phrase(
        r"(?:content|message|mail) (?:was )?(?:rejected|refused|blocked) (?:by|due to|because of|as) (?:the )?(?:filter|content|administrat|spam|anti)|content (?:rejected|filter)",
        6,
        0,
        "content refused",
    ),
    Phrase(
        r"rate ?limit|rate (?:is )?exceed|too many (?:messages|connections|mails?|recipients|sessions)|throttl|sending (?:rate|limit|quota)|unusual rate",
        7,
        0,
        "sent too fast",
    ),
    Phrase(
        r"(?:message|mail|size)\b.{0,40}\b(?:too (?:large|big)|exceeds? (?:the )?(?:maximum|fixed|size|allowed|limit|administrative))|larger than the (?:current|maximum)|message size exceeds",
        3,
        4,
        "message too large",
    ),
    Phrase(
        r"reverse dns|\bptr record|no reverse|helo (?:command )?rejected|bad helo|dynamic ip",
        7,
        25,
        "the server's name",
    ),
)
PASSING = (
    Phrase(
        r"(?:mail ?box|inbox|account|user|recipient|storage|mail ?folder|mailfolder).{0,40}\b(?:is |are )?(?:\bfull\b|over ?(?:the )?quota|over ?drawn|out of (?:storage|space)|exceed)",
        2,
        2,
        "mailbox full",
    ),
    Phrase(
        r"over(?:\s|-)?(?:the )?quota|quota ?(?:is )?exceeded|exceed\w* (?:\w+ ){0,3}(?:quota|storage|mailbox size)|insufficient (?:disk |storage )?(?:space|quota)|not enough (?:storage|space)|disk quota|quota ?full|storage (?:allocation|limit)|allowed size|no space left",
        2,
        2,
        "mailbox full",
    ),
    Phrase(
        r"grey-?list|gray-?list|try (?:again|later)|temporar(?:y|ily)|service (?:not|un)available|system (?:resources|not accepting)",
        4,
        0,
        "for the moment",
    ),
    Phrase(r"(?:mail )?loop(?:ed|ing)?\b|too many (?:hops|received)|hop count exceeded", 4, 6, "a mail loop"),
    Phrase(
        r"time(?:d)? ?out|connection (?:refused|reset|dropped|lost)|could not connect|unable to connect|no route to host|network is unreachable|delivery (?:time )?expired|retry time(?:out)? (?:not reached|exceeded)|queue(?: time)? expired|not responding|host (?:is )?unreachable",
        4,
        1,
        "the server did not answer",
    ),
)
DISABLED = (
    Phrase(
        r"(?:mail ?box|account|user|recipient|address|email).{0,30}\b(?:is |has been |was |currently )*(?:disabled|deactivated|inactive|suspended|not active|locked|discontinued|frozen)\b|(?:disabled|inactive|deactivated|suspended) (?:user|recipient|mail ?box|account|address)",
        2,
        1,
        "mailbox disabled",
    ),
)
FINAL = (
    Phrase(
        r"user (?:is )?unknown|unknown (?:user|recipient|mail ?box|local ?part|address|account)|recipient (?:is )?unknown|unknown to (?:this|the) (?:system|server|host)|address (?:is )?unknown",
        1,
        1,
        "no such mailbox",
    ),
    Phrase(
        r"no such (?:user|recipient|mail ?box|person|address|account|local user|email|customer)|no (?:mail ?box|account|user) (?:here )?(?:by that name|with that name|here|named|found)|nosuchuser|no valid recipient",
        1,
        1,
        "no such mailbox",
    ),
    Phrase(
        r"(?:user|mail ?box|account|recipient|address|alias|local ?part|e-?mail(?: account| address)?)\b(?:[^.\n]{0,60}?)\b(?:do(?:es)? ?n[o']t ?(?:exist|have an account)|do(?:es)? not (?:exist|have an account)|not (?:be )?found|could ?n[o']t be found|was ?n[o']t found|wasn.t found|is not (?:known|valid|a valid|listed)|no longer (?:exists?|valid|in use|available))",
        1,
        1,
        "no such mailbox",
    ),
    Phrase(
        r"not listed in (?:the )?(?:public |domino )?(?:name|address|domino|directory)|not in (?:the |our )?(?:directory|address book)|invalid (?:recipient|mail ?box|user|address|final delivery user)|(?:recipient|user|mail ?box) (?:is )?(?:invalid|not recogni[sz]ed)|not (?:a |our )(?:valid |known )?(?:user|customer|recipient|mail ?box)|recipientnotfound|recipient not found|not a valid (?:user|mail ?box|recipient|address)|unrouteable address|undeliverable address|unknown address|there is no one at this address|this user doesn.t have a",
        1,
        1,
        "no such mailbox",
    ),
    Phrase(
        r"(?:domain|host)(?: name)?\b.{0,60}(?:does ?n[o']t exist|does not exist|not found|unknown|couldn.t be found|could not be found)(?!.{0,20}try again)|unknown (?:host|domain)|no such (?:host|domain)|nxdomain|couldn.t find any host named|domain not found|bad destination (?:system|host)",
        1,
        2,
        "no such domain",
    ),
    Phrase(
        r"null ?mx|does not accept (?:mail|e-?mail)|domain (?:of recipient )?accepts no mail|no mail accepted",
        1,
        10,
        "the domain takes no mail",
    ),
    Phrase(
        r"(?:user|recipient|person|employee|mail ?box|account).{0,30}(?:has moved|moved away|no longer (?:works|employed|with))|has moved, no forwarding",
        1,
        6,
        "moved away",
    ),
    Phrase(
        r"bad (?:recipient|destination mailbox) address(?: syntax)?|malformed address|illegal (?:alias|address)|syntax error in (?:the )?(?:recipient|mailbox)",
        1,
        3,
        "no valid address",
    ),
)

_IN_ORDER = (*SENDERS_FAULT, *PASSING, *DISABLED, *FINAL)
# One pass tells whether any phrase is there; which one is asked only then.
_COMPILED = tuple((re.compile(phrase.pattern, re.IGNORECASE | re.MULTILINE), phrase) for phrase in _IN_ORDER)
_ADDRESSES = re.compile(r"<?[^\s<>;:,\"'()]{1,128}@[^\s<>;:,\"'()]{1,255}>?")
_MOST = 4_000


def find_phrase(text: str) -> Phrase | None:
    """Return what a server's words mean; None where they are not among those known."""
    plain = " ".join(_ADDRESSES.sub(" ", text[:_MOST]).replace("\u2019", "'").split())
    return next((phrase for pattern, phrase in _COMPILED if pattern.search(plain)), None)


def code_of(phrase: Phrase, *, kind: int) -> Code:
    """Return the status that a phrase stands for, permanent (5) or temporary (4)."""
    return (kind, phrase.subject, phrase.detail)
