"""The retention sweeper: what has been kept for long enough goes, and each run is written down."""

import logging
from datetime import datetime

from django.db import transaction

from accounts.models import Outbox, RememberedDevice, Session
from emailconcert.lib.tenancy import platform_scope
from privacy import registry
from privacy.models import Package, PrivacyRequest, RequestToken, RetentionRun
from privacy.services import own_records, packages

logger = logging.getLogger(__name__)


def sweep(*, now: datetime, dry_run: bool = False) -> dict[str, int]:
    """Run every registered sweep; return the rows gone (or that would go) by retention class."""
    counts: dict[str, int] = {}
    for each in registry.sweeps():
        with transaction.atomic():
            rows = each.sweep(now - each.keep, dry_run)
            counts[each.retention_class] = rows
            if not dry_run:
                RetentionRun.objects.create(retention_class=each.retention_class, ran_at=now, rows=rows)
        logger.info("retention swept", extra={"class": each.retention_class, "rows": rows, "dry_run": dry_run})
    return counts


def sweep_tokens(cutoff: datetime, dry_run: bool) -> int:
    """Delete the hashes of links that ended before the cutoff."""
    with platform_scope("privacy: sweep links"):
        rows = RequestToken.objects.filter(expires_at__lt=cutoff)
        return rows.count() if dry_run else rows.delete()[0]


def sweep_packages(cutoff: datetime, dry_run: bool) -> int:
    """Destroy the keys and files of packages that expired before the cutoff."""
    if dry_run:
        with platform_scope("privacy: count old packages"):
            return Package.objects.filter(expires_at__lte=cutoff).exclude(sealed_key=None).count()
    return packages.expire(now=cutoff)


def sweep_sessions(cutoff: datetime, dry_run: bool) -> int:
    """Delete sessions and remembered browsers that ended before the cutoff."""
    rows = (Session.objects.filter(expire_date__lt=cutoff), RememberedDevice.objects.filter(expires_at__lt=cutoff))
    return sum(each.count() if dry_run else each.delete()[0] for each in rows)


def sweep_outbox(cutoff: datetime, dry_run: bool) -> int:
    """Delete what the outbox gave up on before the cutoff."""
    with platform_scope("privacy: sweep the outbox"):
        rows = Outbox.objects.filter(failed_at__lt=cutoff)
        return rows.count() if dry_run else rows.delete()[0]


def sweep_requests(cutoff: datetime, dry_run: bool) -> int:
    """Empty the texts of requests closed before the cutoff; the bare facts stay."""
    with platform_scope("privacy: sweep closed requests"):
        rows = PrivacyRequest.objects.filter(closed_at__lt=cutoff).exclude(sealed_email=None)
        return rows.count() if dry_run else rows.update(**dict.fromkeys(own_records.TEXTS))
