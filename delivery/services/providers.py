"""Sending a mailing through a provider with django-anymail: one message per request, journalled like the rest."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRequestsAPIError
from django.core.mail import EmailMultiAlternatives, get_connection
from liquid.exceptions import LiquidError

from accounts.models import Account
from delivery.content.program import Program
from delivery.models import Mailing, Outcome, Reason
from delivery.services import claiming, compiling, connections, limits, sending, settling
from delivery.services.claiming import Claim, Person
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict
from delivery.wire import encoding
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

_TOO_MANY = 429
_ACCEPTED = {"sent", "queued"}
_HEARTBEAT = 1.0


def run_slot(*, account_id: int, mailing_id: int, seconds: float, should_yield: Callable[[], bool]) -> bool:
    """Send a mailing's batches through its provider for a while; True where there may be more to do."""
    until = time.monotonic() + seconds
    with account_scope(account_id):
        mailing = Mailing.objects.select_related("account", "domain", "connection").get(pk=mailing_id)
        backend_path, options = connections.provider_of(mailing)
    with get_connection(backend_path, **options) as backend:
        while time.monotonic() < until:
            claim = claiming.claim_batch(account_id=account_id, mailing_id=mailing_id, now=_now())
            if claim is None:
                return False
            _send_claim(claim, mailing, backend, until)
            if should_yield():
                return True
    return True


def _send_claim(claim: Claim, mailing: Mailing, backend: Any, until: float) -> None:
    verdicts: dict[int, Verdict] = {}
    program = compiling.load(bytes(mailing.program))
    last = time.monotonic()
    limits.take(claim.account_id, len(claim.people))
    try:
        for person in claim.people:
            if time.monotonic() - last > _HEARTBEAT:
                last = time.monotonic()
                if last > until or not _goes_on(claim):
                    break
            verdicts[person.sequence] = _send_one(claim, person, mailing, program, backend)
        settling.settle(settling.Report(claim.account_id, claim.batch_id, claim.journal_name, verdicts), now=_now())
    except BaseException:
        claim.journal.close()  # its lock is free: the batch is recovered from it
        raise
    claim.journal.remove()


def _goes_on(claim: Claim) -> bool:
    claiming.renew([claim], now=_now())
    if claim.lease_until - claiming.margin() < _now() or not ledger.may_serve():
        return False
    with account_scope(claim.account_id):
        return Mailing.objects.filter(
            pk=claim.mailing_id, state=Mailing.State.SENDING, account__status=Account.Status.ACTIVE
        ).exists()


def _send_one(claim: Claim, person: Person, mailing: Mailing, program: Program, backend: Any) -> Verdict:
    token = signing.message_token(claim.mailing_id, person.sequence)
    try:
        message = compose(mailing, program, person, token)
    except LiquidError:
        return Verdict(Outcome.FAILED, Reason.TEMPLATE_ERROR)
    except encoding.CannotAddress:
        return Verdict(Outcome.FAILED, Reason.REJECTED)
    index = person.sequence - claim.first
    claim.journal.intend(index)
    verdict = _hand_over(message, person.email, backend)
    if verdict.outcome == Outcome.SENT:
        claim.journal.settle(index, 250)
    elif verdict.outcome == Outcome.FAILED:
        claim.journal.settle(index, 554)
    elif verdict.outcome is None:
        claim.journal.settle(index, 451)
    return verdict


def _hand_over(message: EmailMultiAlternatives, to: str, backend: Any) -> Verdict:
    """Send and judge. What broke before the provider's answer is unconfirmed: nobody knows what became of it."""
    try:
        backend.send_messages([message])
    except AnymailRequestsAPIError as error:
        code = error.status_code
        if code is None or code >= 500:
            return UNCONFIRMED
        return LATER if code == _TOO_MANY else Verdict(Outcome.FAILED, Reason.REJECTED)
    except AnymailAPIError:
        return UNCONFIRMED
    except AnymailError:
        return Verdict(Outcome.FAILED, Reason.REJECTED)  # refused before or instead of being sent
    status = message.anymail_status.recipients.get(to)  # type: ignore[attr-defined]  # anymail puts it there
    accepted = status is not None and status.status in _ACCEPTED
    return Verdict(Outcome.SENT, code=250) if accepted else Verdict(Outcome.FAILED, Reason.REJECTED)


def compose(mailing: Mailing, program: Program, person: Person, token: str) -> EmailMultiAlternatives:
    """Return one person's message with the headers of bulk mail; the provider signs and sets the return path."""
    render: Callable[..., str] = partial(_render, values=person.values, token=token)
    identity = sending.identity_of(mailing)
    encoding.address(person.email)
    message = EmailMultiAlternatives(
        subject=encoding.one_line(render(program.subject)),
        body=render(program.text),
        from_email=encoding.mailbox(mailing.from_name, mailing.from_email).decode(),
        to=[person.email],
        reply_to=[mailing.reply_to] if mailing.reply_to else None,
        headers={
            "List-Unsubscribe": f"<{identity.tracking_url}/u/{token}>, <mailto:u+{token}@{identity.bounce_domain}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Id": f"<{identity.list_id}>",
            "Feedback-ID": identity.feedback_id,
            "Message-ID": f"<{token}@{identity.bounce_domain}>",
        },
    )
    message.attach_alternative(render(program.html), "text/html")
    return message


def _render(part: Any, *, values: dict[str, Any], token: str) -> str:
    return str(part.render(values, token))


def _now() -> datetime:
    return datetime.now(UTC)
