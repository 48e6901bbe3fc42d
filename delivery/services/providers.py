"""Sending a mailing through a provider with django-anymail: one message per request, journalled like the rest."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRequestsAPIError
from django.core.mail import EmailMultiAlternatives, get_connection
from liquid.exceptions import LiquidError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from accounts.models import Account
from delivery.content.program import Program
from delivery.models import Mailing, Outcome, Reason
from delivery.services import amazon, claiming, compiling, connections, holding, limits, outfits, settling
from delivery.services.claiming import Claim, Person
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict
from delivery.wire import encoding
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

logger = logging.getLogger(__name__)

_ABOUT_US = {401, 402, 403, 404}  # the key, the bill, the account's standing, its domain: never one recipient
_NOT_NOW = {408, 429}  # answered without having taken the message
_SERVERS_FAULT = 500
_CONNECT_WAITS = (1.0, 4.0)
_ACCEPTED = {"sent", "queued"}
_HEARTBEAT = 1.0
METADATA = "ec"
_UNUSABLE = "What was entered for your provider can't be used. Test the connection, put it right, then resume."
_LONGEST_REST = 5.0


class _Refused(Exception):
    """Nothing goes through this provider until its owner acts; the words are for them."""


def run_slot(
    *,
    account_id: int,
    mailing_id: int,
    seconds: float,
    should_yield: Callable[[], bool],
    should_cut: Callable[[], bool] = lambda: False,
) -> bool:
    """Send a mailing's batches through its provider for a while; True where there may be more to do."""
    until = time.monotonic() + seconds
    with account_scope(account_id):
        mailing = Mailing.objects.select_related("account", "domain", "connection").get(pk=mailing_id)
        backend_path, options = connections.provider_of(mailing)
        allowed = limits.Limits(mailing)
    backend = _opened(mailing, backend_path, options)
    if backend is None:
        return False
    with backend:
        while time.monotonic() < until:
            claim = claiming.claim_batch(
                account_id=account_id, mailing_id=mailing_id, now=_now(), share_out=allowed.share_out
            )
            if claim is not None:
                _send_claim(claim, mailing, backend, _Pace(until, should_cut))
            elif allowed.used_up_for is None or allowed.used_up_for > _LONGEST_REST:
                return False
            else:
                time.sleep(allowed.used_up_for)
            if should_yield() or should_cut():
                return True
    return True


def _opened(mailing: Mailing, path: str, options: dict[str, Any]) -> Any:
    """Return the provider's backend, opened; None where what was entered can't be used: its owner is told."""
    try:
        backend = get_connection(path, **amazon.asked_once(path, options))
        backend.open()
    except Exception as error:  # noqa: BLE001  # each provider's library has its own; none of them is a person's fault
        logger.warning("provider can't be used", extra={"mailing": mailing.pk, "why": type(error).__name__})
        holding.hold_mailing(mailing=mailing, reason=_UNUSABLE)
        return None
    return backend


class _Pace:
    """When a claim's people leave, and when the slot lets go."""

    def __init__(self, until: float, should_cut: Callable[[], bool]) -> None:
        self._until, self._should_cut = until, should_cut
        self._last = self._began = time.monotonic()

    def goes_on(self, claim: Claim, number: int) -> bool:
        """Wait for the moment of a claim's so-manieth; False where the slot has to let go before."""
        at = self._began + (claim.leave_in[number] if claim.leave_in else 0.0)
        while True:
            now = time.monotonic()
            if now > self._until or self._should_cut():
                return False
            if now - self._last > _HEARTBEAT:
                self._last = now
                if not _goes_on(claim):
                    return False
            if now >= at:
                return True
            time.sleep(min(_HEARTBEAT / 4, at - now))


def _send_claim(claim: Claim, mailing: Mailing, backend: Any, pace: _Pace) -> None:
    verdicts: dict[int, Verdict] = {}
    try:
        try:
            _send_people(claim, mailing, backend, pace, verdicts)
        except _Refused as refused:
            holding.hold_mailing(mailing=mailing, reason=str(refused))
        report = settling.Report(claim.account_id, claim.batch_id, claim.journal_name, verdicts, rest_at=claim.rest_at)
        settling.settle(report, now=_now())
    except BaseException:
        claim.journal.close()  # its lock is free: the batch is recovered from it
        raise
    claim.journal.remove()


def _send_people(claim: Claim, mailing: Mailing, backend: Any, pace: _Pace, verdicts: dict[int, Verdict]) -> None:
    """Send to one after another and note the verdicts. Raises `_Refused`; whoever has no verdict was not begun."""
    program = compiling.load(bytes(mailing.program))
    for number, person in enumerate(claim.people):
        if not pace.goes_on(claim, number):
            return
        verdict = _send_one(claim, person, mailing, program, backend)
        verdicts[person.sequence] = verdict
        if verdict.outcome is None:
            return  # the others would hear the same


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
    try:
        verdict = _hand_over(message, person.email, backend)
    except _Refused:
        claim.journal.settle(index, 451)  # not taken, and not a word about the person
        raise
    if verdict.outcome == Outcome.SENT:
        claim.journal.settle(index, 250)
    elif verdict.outcome == Outcome.FAILED:
        claim.journal.settle(index, 554)
    elif verdict.outcome is None:
        claim.journal.settle(index, 451)
    return verdict


def _hand_over(message: EmailMultiAlternatives, to: str, backend: Any) -> Verdict:
    """Send and judge. What broke after the request began is unconfirmed: nobody knows what became of it.

    Raises `_Refused` where the provider can't be reached or refuses whatever we send.
    """
    try:
        _reach(message, backend)
    except AnymailRequestsAPIError as error:
        code = error.status_code
        if code in _ABOUT_US:
            raise _Refused(
                f"Your provider refuses the account (it answered {code}): check its key, its bill and its domain, "
                "then resume. Nobody was left out."
            ) from error
        if code is None or code >= _SERVERS_FAULT:
            return UNCONFIRMED
        return LATER if code in _NOT_NOW else Verdict(Outcome.FAILED, Reason.REJECTED)
    except AnymailAPIError as error:
        return _amazon_verdict(error)
    except AnymailError:
        return Verdict(Outcome.FAILED, Reason.REJECTED)  # refused before or instead of being sent
    status = message.anymail_status.recipients.get(to)  # type: ignore[attr-defined]  # anymail puts it there
    accepted = status is not None and status.status in _ACCEPTED
    return Verdict(Outcome.SENT, code=250) if accepted else Verdict(Outcome.FAILED, Reason.REJECTED)


def _amazon_verdict(error: AnymailAPIError) -> Verdict:
    """Return what Amazon's error means. Raises `_Refused`."""
    try:
        return amazon.verdict_of(error)
    except amazon.RefusedByAmazon as refused:
        raise _Refused(str(refused)) from error


def _reach(message: EmailMultiAlternatives, backend: Any) -> None:
    """Send; connect again where no connection came about, for then nothing was written. Raises `_Refused`."""
    for wait in (*_CONNECT_WAITS, None):
        try:
            backend.send_messages([message])
        except AnymailRequestsAPIError as error:
            if not _never_connected(error):
                raise
            if wait is None:
                words = "Your provider can't be reached. Resume when it is back. Nobody was left out."
                raise _Refused(words) from error
            time.sleep(wait)
        else:
            return


def _never_connected(error: BaseException) -> bool:
    """Tell whether the name was not found or the connection not made: requests' error says so by its reason."""
    cause = error.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    return isinstance(cause, requests.ConnectionError) and isinstance(reason, NewConnectionError | ConnectTimeoutError)


def compose(mailing: Mailing, program: Program, person: Person, token: str) -> EmailMultiAlternatives:
    """Return one person's message with the headers of bulk mail; the provider signs and sets the return path."""
    render: Callable[..., str] = partial(_render, values=person.values, token=token)
    identity = outfits.identity_of(mailing)
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
    _mark(message, mailing, token)
    return message


def _mark(message: Any, mailing: Mailing, token: str) -> None:
    """Have the provider hand our token back with its events; as a tag where it carries no metadata."""
    backend = mailing.connection.backend if mailing.connection else ""
    if backend.split(".")[-2:-1] in (["mailersend"], ["postal"]):
        message.tags = [token]
    else:
        message.metadata = {METADATA: token}


def _render(part: Any, *, values: dict[str, Any], token: str) -> str:
    return str(part.render(values, token))


def _now() -> datetime:
    return datetime.now(UTC)
