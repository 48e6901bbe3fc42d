"""Reading how an account's mail is received: rates over time, by domain and by mailbox provider. Reads rollups only.

A share is told of no fewer than `FEWEST` messages. Complaints are held against what went to providers that tell of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from delivery.services import mailbox_providers
from delivery.services.reputation import OTHER
from emailconcert.shell.numbers import format_percent

FEWEST = 100
WINDOW = 7  # days of which each moment on a chart tells
# They tell no sender who pressed "spam". Source: their postmaster pages (Gmail shows shares in Postmaster Tools only).
SILENT = frozenset(["gmail", "apple"])


@dataclass(frozen=True, slots=True)
class Share:
    """Of how many something happened to how many."""

    part: int
    base: int

    @property
    def is_told(self) -> bool:
        """Tell whether it is of enough messages to mean something."""
        return self.base >= FEWEST

    @property
    def percent(self) -> float:
        """Return it in per cent; 0 of nothing."""
        return 100 * self.part / self.base if self.base else 0.0

    @property
    def words(self) -> str:
        """Return it as a page writes it."""
        return format_percent(self.part, self.base, digits=2) if self.is_told else "Too few"


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of messages; `heard` are those to providers that tell of complaints."""

    sent: int = 0
    failed: int = 0
    hard_bounces: int = 0
    soft_bounces: int = 0
    refused: int = 0
    complaints: int = 0
    unsubscribes: int = 0
    heard: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Figures)))

    @property
    def tried(self) -> int:
        """Return how many were handed to a mail server or refused by it."""
        return self.sent + self.failed

    @property
    def bounced(self) -> Share:
        """Return the share of addresses that do not exist."""
        return Share(self.hard_bounces, self.tried)

    @property
    def soft(self) -> Share:
        """Return the share that could not be delivered for now."""
        return Share(self.soft_bounces, self.tried)

    @property
    def refusals(self) -> Share:
        """Return the share that was refused for policy or content."""
        return Share(self.refused, self.tried)

    @property
    def complained(self) -> Share:
        """Return the share that was reported as spam."""
        return Share(self.complaints, self.heard)

    @property
    def left(self) -> Share:
        """Return the share after which people unsubscribed."""
        return Share(self.unsubscribes, self.sent)


@dataclass(frozen=True, slots=True)
class Row:
    """One domain's or one provider's figures."""

    key: str
    label: str
    figures: Figures
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a page shows: `windows` tells, for each day, of the `WINDOW` days that end with it."""

    days: Sequence[date]
    windows: Sequence[Figures]
    total: Figures
    domains: Sequence[Row]
    providers: Sequence[Row]


_SUMS = """
    coalesce(sum(sent), 0)::bigint, coalesce(sum(failed), 0)::bigint, coalesce(sum(hard_bounces), 0)::bigint,
    coalesce(sum(soft_bounces), 0)::bigint, coalesce(sum(refused), 0)::bigint, coalesce(sum(complaints), 0)::bigint,
    coalesce(sum(unsubscribes), 0)::bigint,
    coalesce(sum(sent) FILTER (WHERE NOT provider = ANY(%(silent)s)), 0)::bigint
"""
_FROM = """
    FROM delivery_reputationday
    WHERE account_id = %(account)s AND day > %(after)s AND day <= %(until)s
      AND (%(domain)s = '' OR domain = %(domain)s) AND (%(provider)s = '' OR provider = %(provider)s)
"""
_BY_DAY = f"SELECT day, {_SUMS} {_FROM} GROUP BY day"
_BY_NAME = f"SELECT domain, provider, {_SUMS} {_FROM} GROUP BY GROUPING SETS ((domain), (provider))"


def read(*, account_id: int, days: int, now: datetime, domain: str = "", provider: str = "") -> Report:
    """Return the figures of the last `days` days (UTC), today among them; of one domain or provider where named.

    In the account's scope.
    """
    today = now.astimezone(UTC).date()
    shown = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    keys: dict[str, Any] = {
        "account": account_id, "until": today, "domain": domain, "provider": provider, "silent": sorted(SILENT),
    }  # fmt: skip
    first = shown[0] - timedelta(days=1)
    by_day = {row[0]: Figures(*row[1:]) for row in _rows(_BY_DAY, keys | {"after": first - timedelta(days=WINDOW - 1)})}
    by_name = _rows(_BY_NAME, keys | {"after": first})
    return Report(
        days=shown,
        windows=[_sum(by_day, [day - timedelta(days=back) for back in range(WINDOW)]) for day in shown],
        total=_sum(by_day, shown),
        domains=_sorted(Row(row[0], row[0], Figures(*row[2:])) for row in by_name if row[0] is not None),
        providers=_sorted(
            Row(row[1], label(row[1]), Figures(*row[2:]), row[1] in SILENT) for row in by_name if row[1] is not None
        ),
    )


def label(provider: str) -> str:
    """Return a provider's name for people."""
    return "All others" if provider == OTHER else mailbox_providers.label(provider)


def _rows(statement: str, keys: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, keys)
        return list(cursor.fetchall())


def _sum(by_day: dict[date, Figures], days: Sequence[date]) -> Figures:
    return sum((by_day[day] for day in days if day in by_day), Figures())


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row.figures.tried, row.key))
