"""Keeping aggregate reports with the accounts whose verified domains they are about.

A report is a mail that anybody can write, and nobody checks who did. So nothing follows from one: it is kept within bounds,
shown as its sender's word, and swept. Who has verified only a domain below the reported one gets its records alone.
"""

import logging
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q

from delivery.dmarc import reading, unpacking
from delivery.dmarc.reading import AggregateReport
from delivery.models import SendingDomain
from delivery.reputation_models import DmarcReport, DmarcSource
from emailconcert.lib.tenancy import account_scope, platform_scope

logger = logging.getLogger(__name__)

KEPT = timedelta(days=120)
MOST_A_DAY = 200  # of one domain; a domain of a million readers gets some dozens
MAILBOX = "dmarc"


def take_mail(*, content: bytes, now: datetime) -> int:
    """Keep the report that a mail carries; return with how many domains. What is no report is dropped."""
    try:
        report = reading.read_xml(unpacking.xml_of(content), now=now)
    except unpacking.NotAReport as problem:
        logger.info("mail for reports dropped", extra={"why": str(problem)})
        return 0
    return sum(_keep(domain, report, now) for domain in _domains(report.domain))


def _domains(name: str) -> list[SendingDomain]:
    with platform_scope("delivery: find a report's domains"):
        named = Q(domain=name) | Q(domain__endswith=f".{name}")
        return list(SendingDomain.objects.filter(named).exclude(verified_at=None).order_by("pk"))


def _keep(domain: SendingDomain, report: AggregateReport, now: datetime) -> bool:
    whole = domain.domain == report.domain
    rows: dict[tuple[str, bool, bool, str], int] = {}
    for source, messages in report.sources.items():
        if whole or source.header_from == domain.domain or source.header_from.endswith(f".{domain.domain}"):
            key = (source.network, source.dkim, source.spf, source.disposition)
            rows[key] = rows.get(key, 0) + messages
    if not rows:
        return False
    with account_scope(domain.account_id):
        # Locked, so that of two copies the second finds the first.
        held = SendingDomain.objects.select_for_update(no_key=True).filter(pk=domain.pk)
        if not held.exists() or _is_known_or_over(domain, report, now):
            return False
        kept = DmarcReport.objects.create(
            domain=domain,
            org=report.org,
            report_id=report.report_id,
            day=_day(report),
            policy=report.policy,
            received_at=now,
        )
        DmarcSource.objects.bulk_create(
            DmarcSource(report=kept, network=network, dkim=dkim, spf=spf, disposition=disposition, messages=messages)
            for (network, dkim, spf, disposition), messages in rows.items()
        )
    return True


def _is_known_or_over(domain: SendingDomain, report: AggregateReport, now: datetime) -> bool:
    known = DmarcReport.objects.filter(domain=domain)
    if known.filter(org=report.org, report_id=report.report_id).exists():
        return True
    return known.filter(received_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY


def _day(report: AggregateReport) -> date:
    return report.begin.astimezone(UTC).date()


def sweep(cutoff: datetime, dry_run: bool) -> int:
    """Delete what came before the cutoff."""
    with platform_scope("delivery: sweep DMARC reports"):
        rows = DmarcReport.objects.filter(received_at__lt=cutoff)
        return rows.count() if dry_run else rows.delete()[0]
