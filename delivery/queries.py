"""Reading mailings: the ledger, what is due, one message by its token."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from accounts.models import Account
from delivery.models import Batch, Mailing, Message, Outcome, Reason, Sender, SendingDomain
from delivery.services.turns import Due
from emailconcert.lib.tenancy import account_scope, platform_scope


@dataclass(frozen=True)
class Ledger:
    """Where every message of a mailing stands. The parts add up to `audience` at every moment."""

    audience: int
    queued: int
    sending: int
    sent: int
    failed: int
    skipped: int
    unconfirmed: int
    excluded: dict[str, int]
    failed_by_reason: dict[str, int] = field(default_factory=dict)
    skipped_by_reason: dict[str, int] = field(default_factory=dict)
    unconfirmed_by_reason: dict[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Return how many have their final outcome."""
        return self.sent + self.failed + self.skipped + self.unconfirmed

    @property
    def adds_up(self) -> bool:
        """Tell whether nobody is missing and nobody is counted twice."""
        parts = (self.queued, self.sending, self.sent, self.failed, self.skipped, self.unconfirmed)
        return min(parts) >= 0 and sum(parts) == self.audience


_PARTS = ("sending", "sent", "failed", "skipped", "unconfirmed")


def ledger(mailing: Mailing, *, with_reasons: bool = False) -> Ledger:
    """Return a mailing's ledger, from its batches' counts; `with_reasons` reads its messages as well."""
    with account_scope(mailing.account_id):
        row = Mailing.objects.values("audience", "excluded").get(pk=mailing.pk)
        counts = Batch.objects.filter(mailing_id=mailing.pk).aggregate(**{name: Sum(name) for name in _PARTS})
        reasons = _reasons(mailing) if with_reasons else {}
    parts = {name: int(counts[name] or 0) for name in _PARTS}
    return Ledger(
        audience=row["audience"],
        excluded=row["excluded"],
        queued=row["audience"] - sum(parts.values()),
        failed_by_reason=reasons.get(Outcome.FAILED, {}),
        skipped_by_reason=reasons.get(Outcome.SKIPPED, {}),
        unconfirmed_by_reason=reasons.get(Outcome.UNCONFIRMED, {}),
        **parts,
    )


def _reasons(mailing: Mailing) -> dict[int, dict[str, int]]:
    rows = (
        Message.objects.filter(
            account_id=mailing.account_id,
            mailing_id=mailing.pk,
            outcome__in=(Outcome.FAILED, Outcome.SKIPPED, Outcome.UNCONFIRMED),
        )
        .values_list("outcome", "reason")
        .annotate(count=Count("*"))
    )
    found: dict[int, dict[str, int]] = {}
    for outcome, reason, count in rows:
        found.setdefault(outcome, {})[Reason(reason).name.lower()] = count
    return found


def unconfirmed_recipients(mailing: Mailing, *, most: int) -> list[tuple[int | None, int]]:
    """Return (contact, reason) of a mailing's first unconfirmed messages, by way of the batches that have any."""
    found: list[tuple[int | None, int]] = []
    with account_scope(mailing.account_id):
        batches = Batch.objects.filter(mailing_id=mailing.pk, unconfirmed__gt=0).order_by("number")
        for first, last in batches.values_list("first", "last")[: max(most, 0)]:
            rows = Message.objects.filter(
                account_id=mailing.account_id,
                mailing_id=mailing.pk,
                sequence__range=(first, last),
                outcome=Outcome.UNCONFIRMED,
            )
            found += rows.order_by("sequence").values_list("contact_id", "reason")[: most - len(found)]
            if len(found) >= most:
                break
    return found


def outcome_counts(mailing: Mailing) -> dict[str, int]:
    """Return the messages themselves counted by outcome: slow, and what the ledger must agree with."""
    with account_scope(mailing.account_id):
        rows = (
            Message.objects.filter(account_id=mailing.account_id, mailing_id=mailing.pk)
            .values_list("outcome")
            .annotate(count=Count("*"))
        )
        return {Outcome(outcome).name.lower(): count for outcome, count in rows}


def message(*, account_id: int, mailing_id: int, sequence: int) -> Message | None:
    """Return one message of the account in scope."""
    return Message.objects.filter(account_id=account_id, mailing_id=mailing_id, sequence=sequence).first()


def account_of_mailing(mailing_id: int) -> int | None:
    """Return whose a mailing is, before any scope is known: a message's token has been verified."""
    with platform_scope("delivery: account of a token"):
        return Mailing.objects.filter(pk=mailing_id).values_list("account_id", flat=True).first()


_RANKS = {Mailing.Kind.TRANSACTIONAL: 0, Mailing.Kind.AUTOMATION: 1}
_LAST_RANK = 2


def due_accounts(*, now: datetime) -> dict[int, list[Due]]:
    """Return the mailings that have open batches that may go, by account; first whose mail is the most urgent."""
    with platform_scope("delivery: wake due mailings"):
        rows = list(_due(now).order_by("start_at", "pk").values_list("account_id", "pk", "kind"))
    found: dict[int, list[Due]] = {}
    for account_id, mailing_id, kind in rows:
        found.setdefault(account_id, []).append(Due(mailing_id, _RANKS.get(Mailing.Kind(kind), _LAST_RANK)))
    return dict(sorted(found.items(), key=lambda item: min(each.rank for each in item[1])))


def due_of(account_id: int, *, now: datetime) -> list[Due]:
    """Return an account's mailings that have open batches that may go."""
    with account_scope(account_id):
        rows = list(_due(now).order_by("start_at", "pk").values_list("pk", "kind"))
    return [Due(mailing_id, _RANKS.get(Mailing.Kind(kind), _LAST_RANK)) for mailing_id, kind in rows]


def due_mailings(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, mailing) of what has open batches that may go, one mailing per account in turn."""
    due = due_accounts(now=now)
    rounds = range(max(map(len, due.values()), default=0))
    return [
        (pk, mailings[place].mailing_id) for place in rounds for pk, mailings in due.items() if place < len(mailings)
    ]


def _due(now: datetime) -> QuerySet[Mailing]:
    open_batches = Batch.objects.filter(mailing_id=OuterRef("pk"), state=Batch.State.OPEN, not_before__lte=now)
    return Mailing.objects.filter(
        Q(start_at=None) | Q(start_at__lte=now), Exists(open_batches),
        state=Mailing.State.SENDING, account__status=Account.Status.ACTIVE,
    )  # fmt: skip


def mailings_under_way() -> list[tuple[int, int]]:
    """Return (account, mailing) of what is being sent, or waits for its time."""
    with platform_scope("delivery: look up mailbox providers"):
        return list(Mailing.objects.filter(state=Mailing.State.SENDING).values_list("account_id", "pk"))


def idle_mailings() -> list[tuple[int, int]]:
    """Return (account, mailing) of what is marked as being sent and has nothing left to send."""
    with platform_scope("delivery: finish mailings"):
        unfinished = Batch.objects.filter(mailing_id=OuterRef("pk")).exclude(state=Batch.State.DONE)
        rows = Mailing.objects.filter(~Exists(unfinished), state=Mailing.State.SENDING)
        return list(rows.values_list("account_id", "pk"))


def sender_choices(account_id: int) -> list[tuple[int, str]]:
    """Return the account's verified senders as (id, "Name <address>")."""
    rows = Sender.objects.filter(account_id=account_id).exclude(verified_at=None).order_by("name", "pk")
    return [(row.pk, f"{row.name} <{row.email}>") for row in rows]


def domains_named(name: str) -> list[tuple[int, int]]:
    """Return (account, domain) of all accounts that have a sending domain of this name."""
    with platform_scope("delivery: accounts of a domain"):
        return list(SendingDomain.objects.filter(domain=name).order_by("account_id").values_list("account_id", "pk"))


def domain(pk: int) -> SendingDomain:
    """Return a sending domain of the account in scope."""
    return SendingDomain.objects.get(pk=pk)


def broken_domains() -> list[SendingDomain]:
    """Return the domains of the account in scope that were verified and are no longer."""
    return list(SendingDomain.objects.exclude(broken_at=None).order_by("domain"))
