"""What a report says: people first, machines beside them, reasons, links and hours; and the same as a table."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum
from django.db.models.functions import TruncDate
from django.utils.timezone import localtime

from campaigns import queries
from campaigns.models import Campaign
from campaigns.numbers import Numbers, numbers_of
from campaigns.queries import Row
from campaigns.services import checking, progress, sending
from delivery.models import Link, Mailing
from emailconcert.shell.charts import Timeline
from tracking.models import HourlyRollup, Kind, LinkRollup

HOURS_SHOWN = 72
DAYS_SHOWN = 30


@dataclass(frozen=True)
class LinkRow:
    """Clicks on one link: people (each once), their clicks, and machines' clicks."""

    url: str
    people: int
    clicks: int
    machine_clicks: int


@dataclass(frozen=True)
class Report:
    """One campaign's report."""

    numbers: Numbers
    left_out: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, int], ...]
    skipped: tuple[tuple[str, int], ...]
    links: tuple[LinkRow, ...]
    opens: Timeline
    clicks: Timeline


def report(*, campaign: Campaign) -> Report:
    """Put a campaign's report together; call inside the account's scope."""
    mailings = sending.mailings_of(campaign)
    ids = [each.pk for each in mailings]
    numbers = numbers_of([campaign.pk])[campaign.pk]
    failed, skipped = progress.reasons(mailings)
    start = min((each.start_at or each.created_at for each in mailings), default=campaign.created_at)
    return Report(
        numbers=numbers,
        left_out=checking.name_reasons(numbers.excluded),
        failed=checking.name_reasons(failed),
        skipped=checking.name_reasons(skipped),
        links=_links(ids),
        opens=_hours("Opens in the first hours", ids, Kind.OPEN, start, "opens"),
        clicks=_hours("Clicks in the first hours", ids, Kind.CLICK, start, "clicks"),
    )


def _links(mailing_ids: Sequence[int]) -> tuple[LinkRow, ...]:
    rollups = {(each.mailing_id, each.link): each for each in LinkRollup.objects.filter(mailing_id__in=mailing_ids)}
    rows: dict[str, list[int]] = {}
    for link in Link.objects.filter(mailing_id__in=mailing_ids).order_by("mailing_id", "number"):
        counts = rows.setdefault(link.url, [0, 0, 0])
        rollup = rollups.get((link.mailing_id, link.number))
        if rollup:
            found = (rollup.unique_clicks_people, rollup.clicks_people, rollup.clicks_machine)
            counts[:] = [old + new for old, new in zip(counts, found, strict=True)]
    made = (LinkRow(url, *counts) for url, counts in rows.items())
    return tuple(sorted(made, key=lambda row: (-row.people, -row.clicks, row.url)))


def _hours(title: str, mailing_ids: Sequence[int], kind: Kind, start: datetime, unit: str) -> Timeline:
    first = start.replace(minute=0, second=0, microsecond=0)
    until = first + timedelta(hours=HOURS_SHOWN)
    rows = HourlyRollup.objects.filter(mailing_id__in=mailing_ids, kind=kind, hour__gte=first, hour__lt=until)
    found = {row["hour"]: row for row in rows.values("hour").annotate(p=Sum("people"), m=Sum("machine"))}
    last = max(found, default=first)
    hours = [first + timedelta(hours=n) for n in range(max(12, int((last - first).total_seconds() // 3600) + 1))]
    return Timeline(
        title=title,
        labels=[f"{hour:%H:%M}, {hour.day} {hour:%b}" for hour in map(localtime, hours)],
        people=[found[hour]["p"] if hour in found else 0 for hour in hours],
        machines=[found[hour]["m"] if hour in found else 0 for hour in hours],
        unit=unit,
    )


@dataclass(frozen=True)
class Overview:
    """All campaigns that were sent, and the last days of the account."""

    rows: list[Row]
    totals: Numbers
    days: Timeline


def overview(*, account_id: int, now: datetime, limit: int = 50) -> Overview:
    """Put the overview of the newest campaigns together; call inside the account's scope."""
    gone = Campaign.objects.filter(account_id=account_id, deleted_at=None).exclude(state__in=Campaign.WRITTEN)
    rows = queries.with_numbers(list(gone.order_by("-sent_at", "-pk")[:limit]))
    totals = Numbers()
    for row in rows:
        totals.add(row.numbers)
    return Overview(rows, totals, _days(now))


def _days(now: datetime) -> Timeline:
    today = localtime(now).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS_SHOWN))]
    since = now - timedelta(days=DAYS_SHOWN + 1)
    of_campaigns = Mailing.objects.filter(kind=Mailing.Kind.CAMPAIGN, started_at__gte=since - timedelta(days=60))
    rows = HourlyRollup.objects.filter(
        kind=Kind.OPEN, hour__gte=since, mailing_id__in=of_campaigns.values("pk")
    ).annotate(day=TruncDate("hour"))
    found = {row["day"]: row for row in rows.values("day").annotate(p=Sum("people"), m=Sum("machine"))}
    return Timeline(
        title="Opens in the last 30 days",
        labels=[f"{day.day} {day:%b}" for day in days],
        people=[found[day]["p"] if day in found else 0 for day in days],
        machines=[found[day]["m"] if day in found else 0 for day in days],
        unit="opens",
    )


def export_csv(*, campaign: Campaign) -> str:
    """Return the report's numbers as CSV: one row per figure, then one per link."""
    made = report(campaign=campaign)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["section", "name", "people", "machines"])
    for name, people, machines in figures(made.numbers):
        writer.writerow(["numbers", name, people, "" if machines is None else machines])
    for section, rows in (("left out", made.left_out), ("failed", made.failed), ("skipped", made.skipped)):
        for reason, count in rows:
            writer.writerow([section, reason, count, ""])
    for link in made.links:
        writer.writerow(["link", neutral(link.url), link.people, link.machine_clicks])
    return out.getvalue()


def figures(numbers: Numbers) -> list[tuple[str, int, int | None]]:
    """Return (name, people's count, machines' count or None) in the order in which a report tells them."""
    return [
        ("audience", numbers.audience, None),
        ("sent", numbers.sent, None),
        ("delivered", numbers.delivered, None),
        ("failed", numbers.failed, None),
        ("skipped", numbers.skipped, None),
        ("unconfirmed", numbers.unconfirmed, None),
        ("opened", numbers.openers, numbers.machine_openers),
        ("opens", numbers.opens, numbers.machine_opens),
        ("clicked", numbers.clickers, numbers.machine_clickers),
        ("clicks", numbers.clicks, numbers.machine_clicks),
        ("unsubscribed", numbers.unsubscribes, None),
        ("bounced", numbers.bounced, None),
        ("complained", numbers.complaints, None),
    ]


def neutral(cell: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
