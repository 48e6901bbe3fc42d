"""Erasing one person, in one transaction, through everything that the apps have registered.

What stays: counters, a keyed hash in the suppression list, one ledger entry, the bare facts of the request.
"""

from datetime import datetime
from typing import Any

from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.models import ErasureLedger
from privacy.registry import Subject, SubjectKind
from privacy.services import consents, ledger, standing

Counts = list[dict[str, Any]]


def dry_run(subject: Subject) -> Counts:
    """Return what would go, in numbers. Call inside the platform's scope."""
    return [
        {"name": f"{each.app}.{each.name}", "title": each.title, "rows": each.count(subject), "kept": each.kept}
        for each in registry.held_of(subject.kind)
    ]


def erase_contact(*, subject: Subject, reference: str, now: datetime) -> tuple[Counts, ErasureLedger]:
    """Erase a contact, keep the hash that blocks coming back, write the ledger. All or nothing."""
    with account_scope(subject.account_id):
        counts = erase_rows(subject, now)
        with platform_scope("privacy: write the erasure ledger"):
            entry = ledger.append(
                account_number=subject.account_id, address_hash=subject.address_hash, reference=reference, now=now
            )
        return counts, entry


def erase_user(*, subject: Subject, reference: str, now: datetime) -> tuple[Counts, ErasureLedger]:
    """Erase a login profile. All or nothing."""
    with platform_scope("privacy: erase a login profile"):
        counts = erase_rows(subject, now)
        entry = ledger.append(account_number=0, address_hash=subject.address_hash, reference=reference, now=now)
        return counts, entry


def erase(*, subject: Subject, reference: str, now: datetime) -> tuple[Counts, ErasureLedger]:
    """Erase a person of either kind. Call outside any scope."""
    carry_out = erase_contact if subject.kind == SubjectKind.CONTACT else erase_user
    return carry_out(subject=subject, reference=reference, now=now)


def erase_rows(subject: Subject, now: datetime) -> Counts:
    """Erase what the apps hold and block coming back, without the ledger. Call inside the subject's scope."""
    counts = [
        {
            "name": f"{each.app}.{each.name}",
            "title": each.title,
            "rows": each.erase(subject, now),
            "kept": each.kept,
        }
        for each in registry.held_of(subject.kind)
    ]
    if subject.kind == SubjectKind.CONTACT:
        standing.suppress_hash(
            account_id=subject.account_id,
            address_hash=subject.address_hash,
            reason=standing.Reason.ERASED,
            now=now,
        )
        standing.unrestrict(account_id=subject.account_id, address_hash=subject.address_hash)
        consents.withdraw(account_id=subject.account_id, address_hash=subject.address_hash, now=now)
    return counts
