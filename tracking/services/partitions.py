"""Making the months' partitions of events ahead of time."""

from datetime import datetime, timedelta

from django.db import connection

from emailconcert.lib.tenancy import platform_scope


def make_partitions(*, now: datetime, months: int = 2) -> None:
    """Make the partitions of this month and the next ones; those that exist are left alone."""
    with platform_scope("tracking: make partitions"), connection.cursor() as cursor:
        for ahead in range(months + 1):
            moment = now.replace(day=1) + timedelta(days=31 * ahead)
            cursor.execute("SELECT tracking_make_partition(%s)", [moment])
