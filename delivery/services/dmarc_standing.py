"""What aggregate reports say of an account's domains: who sends in their name, and what the owner can do next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from delivery.reputation_models import DmarcPolicy, DmarcReport, DmarcSource
from emailconcert.shell.numbers import format_percent

DAYS = 30
SHOWN_SOURCES = 8
_FEWEST, _FEWEST_DAYS = 100, 14  # before a stricter policy is recommended
_WELL = 98.0  # per cent; forwarding breaks a little of everybody's mail
_NEXT = {DmarcPolicy.NONE: DmarcPolicy.QUARANTINE, DmarcPolicy.QUARANTINE: DmarcPolicy.REJECT}
_PASSES = Q(dkim=True) | Q(spf=True)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A network whose mail in the domain's name passed neither check."""

    network: str
    messages: int
    reporters: int
    refused: int

    @property
    def words(self) -> str:
        """Return the network as a page writes it."""
        if not self.network:
            return "Several others"
        return f"{self.network}/{48 if ':' in self.network else 24}"


@dataclass(slots=True)
class Standing:
    """One domain as receivers tell of it."""

    domain: str
    policy: str
    reporters: int
    reports: int
    first: date
    last: date
    messages: int = 0
    passed: int = 0
    strangers: list[Stranger] = field(default_factory=list)

    @property
    def share(self) -> str:
        """Return which share passed, as a page writes it."""
        return format_percent(self.passed, self.messages)

    @property
    def advice(self) -> str:
        """Return what to do next."""
        if self.messages < _FEWEST or (self.last - self.first).days < _FEWEST_DAYS:
            return "Too little is known yet to change anything. Wait for two weeks of reports."
        if 100 * self.passed < _WELL * self.messages:
            return (
                "Look at the networks below. What is yours (a shop, an invoicing program) needs its own DKIM and SPF records first; "
                f"leave p={self.policy} until then."
            )
        if stricter := _NEXT.get(DmarcPolicy(self.policy)):
            return (
                f"Nearly all of your mail passes. Change p={self.policy} to p={stricter} in the domain’s DMARC record."
            )
        return "Who sends in your name without being allowed to is refused. There is nothing to do."


def read(*, account_id: int, now: datetime) -> Sequence[Standing]:
    """Return the account's domains of which reports came in the last `DAYS` days, in its scope. Four queries."""
    since = now.astimezone(UTC).date() - timedelta(days=DAYS)
    recent = DmarcReport.objects.filter(account_id=account_id, day__gte=since)
    latest = dict(recent.order_by("day", "pk").values_list("domain_id", "policy"))
    rows = recent.values_list("domain_id", "domain__domain").annotate(
        reporters=Count("org", distinct=True), reports=Count("pk"), first=Min("day"), last=Max("day")
    )
    found = {
        domain_id: Standing(name, latest[domain_id], reporters, reports, first, last)
        for domain_id, name, reporters, reports, first, last in rows
    }
    sources = DmarcSource.objects.filter(account_id=account_id, report__day__gte=since).order_by()
    for domain_id, messages, passed in sources.values_list("report__domain_id").annotate(
        total=Sum("messages"), passing=Sum("messages", filter=_PASSES, default=0)
    ):
        found[domain_id].messages, found[domain_id].passed = messages, passed
    _add_strangers(found, sources)
    return sorted(found.values(), key=lambda each: (-each.messages, each.domain))


def _add_strangers(found: dict[int, Standing], sources: QuerySet[DmarcSource]) -> None:
    rows = (
        sources.exclude(_PASSES)
        .values_list("report__domain_id", "network")
        .annotate(
            total=Sum("messages"),
            orgs=Count("report__org", distinct=True),
            refused=Sum("messages", filter=~Q(disposition=DmarcPolicy.NONE), default=0),
        )
    )
    for domain_id, network, total, orgs, refused in rows.order_by("-total")[: SHOWN_SOURCES * 50]:
        strangers = found[domain_id].strangers
        if len(strangers) < SHOWN_SOURCES:
            strangers.append(Stranger(network, total, orgs, refused))
