"""Import contacts from a file."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account
from contacts.files import columns
from contacts.models import Import, List
from contacts.services.imports import import_files, import_runs, importing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

_COUNTS = ("total", "added", "changed", "unchanged", "duplicate", "refused", "kept_out", "opted_out")


class Command(BaseCommand):
    """Runs in this process to the end."""

    help = (
        "Import contacts from a CSV or XLSX file into an account, matching columns by their heads. "
        "Columns that are not known are left out, unless --new keeps them. "
        "People who unsubscribed, or are suppressed, restricted or erased, stay so and are counted as kept out. "
        "Exit code 0: the import ran to its end; 1: it could not; 2: with --strict, rows were refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be given."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--account", required=True, metavar="SLUG")
        parser.add_argument("--list", metavar="NAME", help="subscribe them to this list; it is made if there is none")
        parser.add_argument(
            "--new",
            action="append",
            default=[],
            metavar="COLUMN[=TYPE]",
            help=(
                "keep this column as a new field, named after its head; may be given several times. "
                f"Types: {', '.join(columns.NEW_TYPES)}; without one it is guessed from the values"
            ),
        )
        parser.add_argument("--known", choices=Import.Known.values, default=Import.Known.FILL.value)
        parser.add_argument("--basis", default="", metavar="WORDING", help="the words they agreed to")
        parser.add_argument("--strict", action="store_true", help="exit with 2 where rows were refused")
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and print what became of the rows."""
        account = Account.objects.filter(slug=options["account"]).first()
        if account is None:
            raise CommandError(f"There is no account “{options['account']}”.")
        try:
            run = _queue(account, options)
        except (ExpectedError, OSError) as error:
            raise CommandError(str(error)) from None
        leased = True
        while import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, leased=leased):
            leased = False
        with account_scope(account):
            run.refresh_from_db()
        if run.state != Import.State.DONE:
            raise CommandError(run.error or "The import was stopped.")
        self._print(run, as_json=options["json"])
        if options["strict"] and run.rows_refused:
            sys.exit(2)

    def _print(self, run: Import, *, as_json: bool) -> None:
        counts = {name: getattr(run, f"rows_{name}") for name in _COUNTS}
        if as_json:
            self.stdout.write(orjson.dumps({"import": run.pk, "state": run.state, **counts}).decode())
            return
        for name, count in counts.items():
            self.stdout.write(f"{name.replace('_', ' '):10} {count:>12,}")


class NoSuchColumn(ExpectedError):
    """The file has no column of this head."""


def _mapping(run: Import, wanted: Sequence[str]) -> dict[str, str]:
    """Return what is guessed, with the columns that are to be new fields. Raises `NoSuchColumn`."""
    mapping = importing.guessed_mapping(run)
    heads = {column.head.strip().casefold(): column for column in import_files.preview(run).columns}
    for text in wanted:
        name, _, kind = text.rpartition("=")
        if not name or kind not in columns.NEW_TYPES:
            name, kind = text, ""
        column = heads.get(name.strip().casefold())
        if column is None:
            shown = ", ".join(each.head for each in heads.values())
            raise NoSuchColumn(f"The file has no column “{text}”. Its columns: {shown}.")
        guess = column.guess if column.guess.startswith(columns.NEW_OF) else f"{columns.NEW_OF}text"
        mapping[str(column.number)] = f"{columns.NEW_OF}{kind}" if kind else guess
    return mapping


def _queue(account: Account, options: dict[str, Any]) -> Import:
    """Upload, match by guess and queue, already leased to this process, so that no worker takes it."""
    now = timezone.now()
    with account_scope(account), options["file"].open("rb") as file:
        run = importing.start_import(
            account_id=account.pk, file=file, file_name=options["file"].name, user_id=None, now=now, limit=False
        )
        target = List.objects.get_or_create(account=account, name=options["list"])[0] if options["list"] else None
        importing.queue_import(
            run=run,
            mapping=_mapping(run, options["new"]),
            lists=[target] if target else [],
            known=options["known"],
            consent_wording=options["basis"],
            lease_until=now + timedelta(minutes=2),
            now=now,
        )
    return run
