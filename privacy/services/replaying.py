"""Erasing again after a restore: what the ledger's file remembers and the restored database does not.

What people said since the backup is made to hold again as well (`standing_again`).

Call outside any scope.
"""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import Account, User
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.registry import Subject, SubjectKind
from privacy.services import erasing, ledger, standing_again
from privacy.services.ledger import Entry
from privacy.services.standing_again import Held


@dataclass
class Report:
    """What a replay found and did."""

    in_file: int = 0
    in_table: int = 0
    erased_again: list[str] = field(default_factory=list)
    nothing_left: list[str] = field(default_factory=list)
    written_to_file: int = 0
    standing: Held = field(default_factory=Held)
    agrees: bool = False


def replay(*, now: datetime) -> Report:
    """Bring table and file together again, erasing whoever came back. Raises `ledger.LedgerBroken`."""
    in_file = ledger.read_file()
    with platform_scope("privacy: replay erasures"):
        in_table = ledger.table_entries()
    ledger.check_chain(in_table)
    report = Report(len(in_file), len(in_table))
    shared = min(len(in_file), len(in_table))
    if [each.mac for each in in_file[:shared]] != [each.mac for each in in_table[:shared]]:
        raise ledger.LedgerBroken(
            "Table and file tell different stories. Put the right file back, or the right backup."
        )
    for entry in in_file[shared:]:
        came_back = _erase_again(entry, now)
        (report.erased_again if came_back else report.nothing_left).append(entry.reference)
    if in_table[shared:]:
        ledger.extend_file(in_table[shared:])
        report.written_to_file = len(in_table) - shared
    report.standing = standing_again.replay()
    ledger.replayed()
    report.agrees = ledger.agrees()
    return report


def _erase_again(entry: Entry, now: datetime) -> bool:
    """Erase one person again and take the entry into the table, in one transaction; tell whether they were back."""
    if entry.account_number == 0:
        with platform_scope("privacy: replay an erasure"):
            user = _user_of(entry.address_hash)
            if user is not None:
                erasing.erase_rows(_subject_of_user(user, entry), now)
            ledger.adopt(entry)
        return user is not None
    if not Account.objects.filter(pk=entry.account_number).exists():
        with platform_scope("privacy: replay an erasure"):
            ledger.adopt(entry)
        return False
    with account_scope(entry.account_number):
        matches = registry.find_by_hash(entry.account_number, entry.address_hash)
        erasing.erase_rows(_subject_of_contact(entry, matches), now)
        with platform_scope("privacy: replay an erasure"):
            ledger.adopt(entry)
    return bool(matches)


def _user_of(address_hash: bytes) -> User | None:
    users = User.objects.only("pk", "email").iterator()
    return next((user for user in users if addresses.address_hash(user.email, account_id=0) == address_hash), None)


def _subject_of_user(user: User, entry: Entry) -> Subject:
    return Subject(SubjectKind.USER, 0, user.email, entry.address_hash, user_id=user.pk)


def _subject_of_contact(entry: Entry, matches: list[registry.Match]) -> Subject:
    return Subject(
        SubjectKind.CONTACT,
        entry.account_number,
        next((match.address for match in matches), ""),
        entry.address_hash,
        contact_ids=tuple(match.contact_id for match in matches),
    )
