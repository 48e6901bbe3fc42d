"""Making hold again, after a restore, what people said since the backup: suppressions, restrictions, opt-outs from lists.

What was lifted since is not lifted again: the opt-in that lifted it is gone with the database, and so is its evidence.
Call outside any scope.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import Account
from emailconcert.lib.tenancy import account_scope
from privacy.models import Restriction, Suppression
from privacy.services import standing, standing_log
from privacy.services.standing_log import Fact, Left

_CHUNK = 5_000
_REASONS = {str(each) for each in standing.SEVERITY}


@dataclass
class Held:
    """What was made to hold again, in people."""

    suppressed: int = 0
    restricted: int = 0
    left_lists: int = 0
    unreadable_lines: int = 0


@dataclass
class _Said:
    """What counts in one account, after all that was said."""

    suppressed: dict[bytes, Fact] = field(default_factory=dict)
    restricted: dict[bytes, datetime] = field(default_factory=dict)
    left: dict[tuple[bytes, int], Left] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Take one more thing in; the worst reason wins, as in the database."""
        key = fact.address_hash
        if fact.what in _REASONS:
            known = self.suppressed.get(key)
            if known is None or _weight(fact.what) > _weight(known.what):
                self.suppressed[key] = fact
        elif fact.what == standing_log.LIFTED:
            self.suppressed.pop(key, None)
        elif fact.what == standing_log.RESTRICTED:
            self.restricted.setdefault(key, fact.at)
        elif fact.what == standing_log.UNRESTRICTED:
            self.restricted.pop(key, None)
        elif fact.what == standing_log.LEFT and fact.list_number is not None:
            self.left[key, fact.list_number] = Left(key, fact.list_number, fact.at)
        elif fact.what == standing_log.JOINED and fact.list_number is not None:
            self.left.pop((key, fact.list_number), None)


def replay() -> Held:
    """Make everything in the file hold; again changes nothing."""
    facts, unreadable = standing_log.read()
    held = Held(unreadable_lines=unreadable)
    by_account: dict[int, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_account[fact.account_number].append(fact)
    born = dict(Account.objects.filter(pk__in=by_account).values_list("pk", "created_at"))
    for account_id, began in born.items():
        said = _Said()
        for fact in by_account[account_id]:
            if fact.at >= began:  # a number that a restore freed may have been given to another account
                said.add(fact)
        with account_scope(account_id):
            _replay_lists(account_id, said, held)
            _replay_suppressions(account_id, said, held)
            _replay_restrictions(account_id, said, held)
    return held


def _replay_lists(account_id: int, said: _Said, held: Held) -> None:
    for function in standing_log.list_replays():
        changed, gone = function(account_id, list(said.left.values()))
        held.left_lists += changed
        for left in said.left.values():
            if left.address_hash in gone:  # imported again, they would stand on the list as if nothing had been said
                said.add(Fact(account_id, left.address_hash, standing.Reason.UNSUBSCRIBED, left.at))


def _replay_suppressions(account_id: int, said: _Said, held: Held) -> None:
    facts = list(said.suppressed.values())
    for start in range(0, len(facts), _CHUNK):
        chunk = facts[start : start + _CHUNK]
        rows = Suppression.objects.filter(address_hash__in=[fact.address_hash for fact in chunk])
        known = {bytes(digest): reason for digest, reason in rows.values_list("address_hash", "reason")}
        for fact in chunk:
            reason = known.get(fact.address_hash)
            if reason is None or _weight(fact.what) > _weight(reason):
                standing.suppress_hash(
                    account_id=account_id,
                    address_hash=fact.address_hash,
                    reason=Suppression.Reason(fact.what),
                    now=fact.at,
                )
                held.suppressed += 1


def _replay_restrictions(account_id: int, said: _Said, held: Held) -> None:
    rows = Restriction.objects.filter(address_hash__in=list(said.restricted))
    known = {bytes(digest) for digest in rows.values_list("address_hash", flat=True)}
    for digest, since in said.restricted.items():
        if digest not in known:
            standing.restrict(account_id=account_id, address_hash=digest, now=since)
            held.restricted += 1


def _weight(reason: str) -> int:
    return standing.SEVERITY.index(Suppression.Reason(reason))
