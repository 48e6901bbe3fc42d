"""Writing contacts into a file: COPY, sealed as it comes, beside the ORM's iterator and csv.

`BENCH_ROWS` says how many contacts there are. CPU is this process's; PostgreSQL's own work is told apart.
"""

import csv
import io
import resource
import tempfile
from pathlib import Path

from bench.contacts_table import ROWS, fill
from bench.measure import Comparison, figure

COLUMNS = ("first_name", "last_name", "country", "language", "lists", "tags", "standing", "source", "added")


def compare() -> Comparison:
    """Export the same contacts three ways."""
    from django.conf import settings

    from accounts.models import Account
    from emailconcert.lib import encryption
    from emailconcert.lib.tenancy import account_scope

    account = Account.objects.create(slug="bench-exporting", name="Bench", country="IE", sending_quota=0)
    _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
    account.save()
    with account_scope(account):
        fill(account.pk)
    with tempfile.TemporaryDirectory() as folder:
        settings.MEDIA_DIR = Path(folder)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = figure("ours: COPY, sealed as it comes (CSV)", lambda: _ours(account.pk, "csv"), units=ROWS, runs=2)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        figures = (
            ours,
            figure("ours: a workbook (XLSX), streamed", lambda: _ours(account.pk, "xlsx"), units=ROWS, runs=1),
            figure(
                "ORM iterator and csv, the contact's own columns only", lambda: _orm(account.pk), units=ROWS, runs=1
            ),
        )
    note = f"{ROWS:,} contacts; the export took {grown:.0f} MiB on top. PostgreSQL's own work is not in it."
    return Comparison("Exporting", "row", figures, note)


def _ours(account_id: int, kind: str) -> None:
    from django.utils import timezone

    from contacts.services.bulk_actions.bulk import Whom
    from contacts.services.exports import export_runs, exporting
    from emailconcert.lib.tenancy import account_scope

    with account_scope(account_id):
        export = exporting.start(
            account_id=account_id, name="Bench", whom=Whom(), columns=COLUMNS, format=kind, now=timezone.now()
        )
    assert export_runs.run(account_id=account_id, export_id=export.pk, clock=timezone.now)


def _orm(account_id: int) -> None:
    from contacts.models import Contact
    from emailconcert.lib.tenancy import account_scope

    writer = csv.writer(io.StringIO())
    with account_scope(account_id):
        for contact in Contact.objects.filter(account_id=account_id).order_by("pk").iterator(chunk_size=2000):
            writer.writerow(
                [contact.email, contact.first_name, contact.last_name, contact.country, contact.language,
                 contact.get_source_display(), contact.created_at.isoformat()]
            )  # fmt: skip
