"""Whether a mailing's batches say the same as its messages: what the ledger shows, held against each row."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from delivery import queries
from delivery.models import Batch, Mailing, Outcome
from emailconcert.lib.tenancy import account_scope

# In one statement, so that counts and rows are of the same moment while workers go on.
_BATCHES = """
    SELECT b.number, b.state, b.first, b.last, b.sending, b.sent, b.failed, b.skipped, b.unconfirmed, m.audience,
           r.queued, r.sent, r.failed, r.skipped, r.unconfirmed
    FROM delivery_batch b JOIN delivery_mailing m ON m.account_id = b.account_id AND m.id = b.mailing_id,
    LATERAL (
        SELECT count(*) FILTER (WHERE outcome = %(queued)s), count(*) FILTER (WHERE outcome = %(sent)s),
               count(*) FILTER (WHERE outcome = %(failed)s), count(*) FILTER (WHERE outcome = %(skipped)s),
               count(*) FILTER (WHERE outcome = %(unconfirmed)s)
        FROM delivery_message r
        WHERE r.account_id = b.account_id AND r.mailing_id = b.mailing_id AND r.sequence BETWEEN b.first AND b.last
    ) r(queued, sent, failed, skipped, unconfirmed)
    WHERE b.account_id = %(account)s AND b.mailing_id = %(mailing)s
    ORDER BY b.first
"""
_OUTCOMES = {each.name.lower(): each.value for each in Outcome}


@dataclass(frozen=True)
class _Row:
    """A batch's word, and beside it that of its messages."""

    number: int
    state: str
    first: int
    last: int
    sending: int
    said: tuple[int, int, int, int]
    audience: int
    queued: int
    counted: tuple[int, int, int, int]

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def problem(self, expected_first: int) -> str:
        """Return what is wrong with it, empty where nothing is."""
        if self.first != expected_first:
            return f"begins at {self.first}, not at {expected_first}"
        if self.said != self.counted or self.queued != self.size - sum(self.said):
            return f"says {self.said}, its messages {self.counted} and {self.queued} queued"
        if self.sending > self.queued or (self.sending and self.state != Batch.State.LEASED):
            return f"says {self.sending} are being sent, of {self.queued} queued, while it is {self.state}"
        if self.queued and self.state == Batch.State.DONE:
            return f"is done, and {self.queued} are queued"
        return ""


@dataclass(frozen=True)
class Audit:
    """A mailing's ledger, its batches by state, and what does not agree."""

    mailing: Mailing
    ledger: queries.Ledger
    batches: dict[str, dict[str, int]]
    problems: list[str]

    @property
    def agrees(self) -> bool:
        """Tell whether the parts add up and every batch says what its messages say."""
        return self.ledger.adds_up and not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for printing."""
        found = self.ledger
        parts = ("audience", "queued", "sending", "sent", "failed", "skipped", "unconfirmed")
        reasons = ("failed_by_reason", "skipped_by_reason", "unconfirmed_by_reason", "excluded")
        return {
            "mailing": self.mailing.pk,
            "account": self.mailing.account_id,
            "kind": str(self.mailing.kind),
            "state": str(self.mailing.state),
            **{name: getattr(found, name) for name in (*parts, *reasons)},
            "batches": self.batches,
            "adds_up": found.adds_up,
            "agrees": self.agrees,
            "problems": self.problems,
        }


def audit(*, account_id: int, mailing_id: int) -> Audit:
    """Hold a mailing's batches against its messages; slow for a large one, as every message is read."""
    with account_scope(account_id):
        mailing = Mailing.objects.defer("program").get(pk=mailing_id)
        with connection.cursor() as cursor:
            cursor.execute(_BATCHES, {"account": account_id, "mailing": mailing_id, **_OUTCOMES})
            rows = [_row(values) for values in cursor.fetchall()]
    batches: dict[str, dict[str, int]] = {}
    for row in rows:
        of_state = batches.setdefault(row.state, {"batches": 0, "messages": 0})
        of_state["batches"] += 1
        of_state["messages"] += row.size
    return Audit(mailing, queries.ledger(mailing, with_reasons=True), batches, _problems(mailing, rows))


def _row(values: tuple[Any, ...]) -> _Row:
    number, state, first, last, sending = values[:5]
    said, (audience, queued), counted = values[5:9], values[9:11], values[11:]
    return _Row(number, state, first, last, sending, said, audience, queued, counted)


def _problems(mailing: Mailing, rows: list[_Row]) -> list[str]:
    found, expected = [], 1
    for row in rows:
        if words := row.problem(expected):
            found.append(f"batch {row.number} {words}")
        expected = row.last + 1
    audience = rows[0].audience if rows else mailing.audience
    if expected - 1 != audience:
        found.append(f"the batches end at {expected - 1}, the audience is {audience}")
    return found
