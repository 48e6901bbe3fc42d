"""Carrying requests out. A request that fails stays in the queue and is tried again; nothing is done by halves.

Call outside any scope, except `object_at_once`, which wants the platform's.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from accounts.services import auditing
from emailconcert.lib.tenancy import account_scope, in_platform_scope, platform_scope
from privacy import registry
from privacy.models import PrivacyRequest
from privacy.services import consents, erasing, letters, matching, packages, scanning, standing, states, texts
from privacy.services.states import State, Who

logger = logging.getLogger(__name__)

Outcome = dict[str, Any]
Type = PrivacyRequest.Type


def carry_out(*, request_id: int, now: datetime) -> None:
    """Carry out one request that is executing, and close it with its receipt."""
    with platform_scope("privacy: carry out a request"):
        request = PrivacyRequest.objects.get(pk=request_id)
        if request.state != State.EXECUTING:
            return
        subject = matching.subject_for(request)
    try:
        _HOW[request.type](request, subject, now)
    except Exception as error:  # the queue shows it and it is tried again; it must not stop the others
        logger.exception("privacy request failed", extra={"reference": request.reference})
        with platform_scope("privacy: note a failure"):
            request.refresh_from_db()
            if request.state == State.EXECUTING:
                states.move(request, State.FAILED, who=Who.SYSTEM, now=now, note=type(error).__name__)


def object_at_once(request: PrivacyRequest, *, now: datetime) -> None:
    """Stop marketing to the person in the account named, or in all that hold the address where none was named."""
    address = texts.read(request, "sealed_email")
    found = matching.find(request)
    targets = [match.account_id for match in found if match.is_named] or matching.named_accounts(request)
    targets = targets or [match.account_id for match in found]
    for account_id in targets:
        address_hash = standing.suppress(
            account_id=account_id, address=address, reason=standing.Reason.OBJECTED, now=now
        )
        consents.withdraw(account_id=account_id, address_hash=address_hash, now=now)
        auditing.record(
            action="privacy.objected",
            actor=auditing.SYSTEM,
            now=now,
            account_id=account_id,
            target=("privacy request", request.reference),
        )
    _finish(request, {"done": [{"title": "Accounts that may not mail you any more", "rows": len(targets)}]}, now)


def _object(request: PrivacyRequest, _subject: registry.Subject, now: datetime) -> None:
    with platform_scope("privacy: carry out an objection"):
        object_at_once(request, now=now)


def _erase(request: PrivacyRequest, subject: registry.Subject, now: datetime) -> None:
    counts, entry = erasing.erase(subject=subject, reference=request.reference, now=now)
    with platform_scope("privacy: search after an erasure"):
        scan = scanning.scan(address=subject.address, names=subject.names, account_id=subject.account_id or None)
        outcome: Outcome = {
            "done": counts,
            "kept": [
                "a keyed hash of your address, so that you are never mailed or taken in again",
                "one entry in the erasure ledger, so that a restored backup does not bring you back",
                "totals in reports, which no longer lead to you",
            ],
            "scan": {
                "columns": scan.columns,
                "files": scan.files,
                "found": [{"place": each.place, "times": each.times} for each in scan.found],
            },
        }
        request.ledger_entry = entry
        state = State.PARTLY_DONE if scan.found else State.DONE
        _finish(request, outcome, now, state=state, ledger_entry=entry)
        _forget_texts(request)
    _audit(request, "privacy.erased", now, {"found_after": len(scan.found)})


def _hand_over(request: PrivacyRequest, subject: registry.Subject, now: datetime) -> None:
    with platform_scope("privacy: make a package"):
        if not _still_executing(request):
            return
        package, counts = packages.make(request=request, subject=subject, now=now)
        secret = packages.new_link(request)
        outcome: Outcome = {"done": counts, "package": {"size": package.size, "sha256": package.sha256}}
        states.move(request, State.DONE, who=Who.SYSTEM, now=now, outcome=outcome, executed_at=now)
        letters.to_person(
            request,
            "privacy_package",
            now=now,
            url=packages.address_of(secret),
            until=f"{package.expires_at:%d %b %Y}",
            downloads=packages.DOWNLOADS,
        )
    _audit(request, "privacy.handed_over", now, {})


def _restrict(request: PrivacyRequest, subject: registry.Subject, now: datetime) -> None:
    done: list[dict[str, Any]] = []
    if subject.kind == registry.SubjectKind.CONTACT:
        with account_scope(subject.account_id):
            standing.restrict(
                account_id=subject.account_id, address_hash=subject.address_hash, now=now, request_id=request.pk
            )
    with platform_scope("privacy: carry out a restriction"):
        for each in registry.held_of(subject.kind):
            if each.restrict is not None:
                each.restrict(subject, now)
        done.append({"title": "Your data is stored and not used for anything else", "rows": 1})
        _finish(request, {"done": done}, now, state=State.RESTRICTED)
    _audit(request, "privacy.restricted", now, {})


def _by_hand(request: PrivacyRequest, _subject: registry.Subject, now: datetime) -> None:
    """Close what the DPO has done by hand: a correction, a complaint."""
    with platform_scope("privacy: close a request"):
        _finish(request, {"done": [{"title": "Carried out by the Data Protection Officer", "rows": 1}]}, now)
    _audit(request, "privacy.done", now, {})


def _still_executing(request: PrivacyRequest) -> bool:
    """Lock the request to the end of the transaction; another worker may have carried it out meanwhile."""
    return PrivacyRequest.objects.select_for_update().filter(pk=request.pk, state=State.EXECUTING).exists()


def _finish(request: PrivacyRequest, outcome: Outcome, now: datetime, *, state: str = State.DONE, **more: Any) -> None:
    assert in_platform_scope()  # noqa: S101  # a mistake of ours, not a person's
    states.move(request, state, who=Who.SYSTEM, now=now, outcome=outcome, executed_at=now, **more)
    letters.receipt(request, now=now)


def _forget_texts(request: PrivacyRequest) -> None:
    """Keep the bare facts of an erasure's own request only; the receipt has been handed to the outbox."""
    nothing = dict.fromkeys(
        ("sealed_full_name", "sealed_email", "sealed_business_name", "sealed_details", "sealed_controller_reason")
    )
    PrivacyRequest.objects.filter(pk=request.pk).update(**nothing)


def _audit(request: PrivacyRequest, action: str, now: datetime, details: dict[str, Any]) -> None:
    auditing.record(
        action=action,
        actor=auditing.SYSTEM,
        now=now,
        account_id=request.account_id,
        target=("privacy request", request.reference),
        details=details,
    )


_HOW: dict[str, Callable[[PrivacyRequest, registry.Subject, datetime], None]] = {
    Type.OBJECT: _object,
    Type.ERASE: _erase,
    Type.ACCESS: _hand_over,
    Type.COPY: _hand_over,
    Type.RESTRICT: _restrict,
    Type.AMEND: _by_hand,
    Type.COMPLAINT: _by_hand,
}
