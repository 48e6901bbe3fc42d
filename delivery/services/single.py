"""Single mails: the product's own (from the outbox) and test mails. They go over the same wire as everything else."""

import logging
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

import uvloop
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Account, Membership
from accounts.services.outbox import Entry
from accounts.services.standing import may_send
from contacts.models import Contact
from delivery.models import Connection, Mailing, Outcome, Sender
from delivery.services import compiling, connections, origins, routing
from delivery.services.compiling import About, Content
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict, judge_text
from delivery.services.outfits import skeleton_for
from delivery.wire import encoding
from delivery.wire.feed import Feed, Key
from delivery.wire.mime import Letter
from delivery.wire.sending import Crew
from delivery.wire.server import Server
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger, standing

logger = logging.getLogger(__name__)

_NO_MESSAGE = "test"  # stands where a message's token would; pages answer that the link is for nobody


class CannotSend(ExpectedError):
    """The mail server did not take a single mail."""


class MayNotTest(ExpectedError):
    """The address is one that the account does not write to."""


class _Ears:
    """Hooks for one letter."""

    verdict: Verdict = LATER
    words = ""

    def may_write(self) -> bool:
        return True

    def on_intent(self, key: Key) -> None:
        """Nothing to write down: a single mail has no ledger."""

    def on_outcome(self, key: Key, code: int, text: str) -> None:  # noqa: ARG002  # there is one key
        self.verdict, self.words = judge_text(code, text), text

    def on_barred(self, key: Key, code: int, text: str) -> None:
        self.on_outcome(key, code, text)

    def on_lost(self, key: Key) -> None:  # noqa: ARG002  # there is one key
        self.verdict = UNCONFIRMED

    def on_returned(self, key: Key, code: int, text: str) -> None:  # noqa: ARG002  # there is one key
        self.words = text


def send_letter(server: Server, letter: Letter) -> tuple[Verdict, str]:
    """Send one letter now; return what the server said. No transaction may be open around it.

    Raises `CannotSend` between a restore and its replay.
    """
    if not ledger.may_serve():
        raise CannotSend("A backup was restored: nothing is sent until the erasures since are replayed.")
    ears = _Ears()

    async def run() -> None:
        feed = Feed()
        feed.put([("single", letter)])
        feed.close()
        await Crew(server, feed, ears, connections=1).run()

    uvloop.run(run())
    return ears.verdict, ears.words


def send_service_mail(entry: Entry) -> None:
    """Send a mail that the outbox asked for. Raises `CannotSend` where it should be tried again."""
    letter = compose_service_mail(entry)
    verdict, words = send_letter(connections.platform_server(), letter)
    if verdict.outcome is None:
        raise CannotSend(f"The mail server did not take it: {words}")
    if verdict.outcome != Outcome.SENT:
        logger.warning("service mail not delivered", extra={"entry": entry.id, "code": verdict.code})


def compose_service_mail(entry: Entry) -> Letter:
    """Render `templates/mail/{topic}.*` for an outbox entry; the same entry has the same Message-ID for ever."""
    context = {
        **entry.payload["context"],
        "platform_name": settings.PLATFORM_NAME,
        "site_url": settings.SITE_URL,
        "sender": settings.PLATFORM_SENDER,
    }
    with translation.override(entry.payload.get("language") or "en"):
        parts = {
            suffix: render_to_string(f"mail/{entry.topic}.{suffix}", context)
            for suffix in ("subject.txt", "txt", "html")
        }
    message = EmailMessage(policy=SMTP.clone(max_line_length=76))
    message["From"] = f"{settings.PLATFORM_NAME} <{settings.PLATFORM_SENDER}>"
    if "sender_id" in entry.payload["context"]:
        _speak_for_account(message, entry)
    message["To"] = entry.payload["to"]
    message["Subject"] = encoding.one_line(parts["subject.txt"])
    message["Date"] = format_datetime(entry.created_at)
    message["Message-ID"] = f"<outbox-{entry.id}@{settings.PLATFORM_DOMAIN}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(parts["txt"], cte="quoted-printable")
    message.add_alternative(parts["html"], subtype="html", cte="quoted-printable")
    return Letter(
        sender=encoding.address(f"outbox-{entry.id}@{settings.PLATFORM_DOMAIN}"),
        recipient=encoding.address(entry.payload["to"]),
        pieces=(_dot_stuffed(message.as_bytes()),),
    )


def _speak_for_account(message: EmailMessage, entry: Entry) -> None:
    """Name the account's sender, and let answers go there; the address stays ours, which our domain answers for."""
    account_id, sender_id = entry.account_id or 0, entry.payload["context"]["sender_id"]
    with account_scope(account_id):
        known = Sender.objects.filter(account_id=account_id).exclude(verified_at=None)
        sender = known.filter(pk=sender_id or 0).first() or known.order_by("pk").first()
    name = sender.name if sender else entry.payload["context"]["business"]
    del message["From"]
    message["From"] = formataddr((encoding.one_line(name), settings.PLATFORM_SENDER))
    if sender:
        message["Reply-To"] = sender.email


def check_test_address(*, account: Account, to: str) -> None:
    """Raise `MayNotTest` for an address that is suppressed, restricted or erased; it is not told which.

    Of an account whose sending is switched off, only the team gets test mails.

    The team's own addresses may always be tried.
    """
    with account_scope(account):
        if Membership.objects.filter(account=account, user__email__iexact=to).exists():
            return
        address = addresses.as_looked_up(to)
        by_hash = addresses.address_hash(address, account_id=account.pk)
        barred = standing.blocked(account_id=account.pk, hashes=[by_hash]) or standing.blocked_domains(
            account_id=account.pk, domains=[addresses.domain_of(address)]
        )
    if not may_send(account):
        raise MayNotTest("Sending is switched off for your account; test mails go to your team's own addresses only.")
    if barred:
        raise MayNotTest(f"Your account doesn't write to {to}, so no test mail goes there. Choose another address.")


def send_test_mail(
    *,
    account: Account,
    content: Content,
    sender: Sender,
    to: str,
    now: datetime,
    contact: Contact | None = None,
    connection: Connection | None = None,
    about: About | None = None,
    from_name: str = "",
    reply_to: str = "",
) -> None:
    """Send what a contact would get to somebody who checks it. No ledger, no tracking; links lead to a notice.

    Raises `MayNotTest`, `CannotCompile`, `CannotMail`, `CannotSend`. No transaction may be open around it.
    """
    check_test_address(account=account, to=to)
    with account_scope(account):
        origin = origins.origin_of(sender, account=account, reply_to=reply_to)
        mailing = Mailing(
            account=account,
            kind=Mailing.Kind.TEST,
            from_name=from_name or sender.name,
            from_email=origin.email,
            reply_to=origin.reply_to,
            domain=origin.domain,
            connection=connection,
            list_name=account.name[:100],
            program=compiling.pack(compiling.check_content(account=account, content=content), account, content, about),
        )
        values = compiling.contact_values(contact) if contact else {"contact": {"email": to}}
        if connection is None:
            chosen = routing.choose(domain=origin.domain, kind=Mailing.Kind.CAMPAIGN)
            connection = chosen if chosen and chosen.kind == Connection.Kind.SMTP else None
        skeleton, server = skeleton_for(mailing), connections.server_for(connection)
        letter = skeleton.fill(recipient=to, values=values, token=_NO_MESSAGE, at=now.timestamp())
    verdict, words = send_letter(server, letter)
    if verdict.outcome != Outcome.SENT:
        raise CannotSend(f"The test mail was not taken by the mail server. {words}".strip())


def _dot_stuffed(data: bytes) -> bytes:
    return (b"\r\n" + data).replace(b"\r\n.", b"\r\n..")[2:]
