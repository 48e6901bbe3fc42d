"""Bringing contacts in from a file, subscribed to a list: COPY and one upsert beside the usual ways.

BENCH_ROWS sets how many rows ours are (20,000 unless told; a million takes a quarter of an hour); the other ways, which
take as long for each row however many there are, get fewer. One in a hundred is no address, one in fifty stands twice.
"All in": with evidence of consent, typed values and the guard over them, a tag, and what undoing needs; everything
counts, the check that finds twins included.
"""

import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Comparison, figure, rows

ROWS = rows(20_000)
RUNS = 2 if ROWS <= 50_000 else 1
OTHERS_ROWS = min(ROWS, 5_000)
SLOW_ROWS = 200
_MAPPING = {"0": "email", "1": "first_name", "2": "last_name"}
_ALL = {**_MAPPING, "3": "country", "4": "new:date", "5": "new:number", "6": "new:text"}
_HEAD = "Email,First name,Last name,Country,Since,Orders,Notes"


def _line(number: int, mark: str) -> str:
    if number % 100 == 7:
        return f"nobody{number},No,Body,IE,2026-01-01,1,Sweets"
    place = number - 1 if number % 50 == 9 else number
    return (
        f"{mark}{place}@example.org,Zoë{number % 97},Berg{number % 89},{('DE', 'IE', 'FR')[number % 3]},"
        f"20{number % 20 + 10}-0{number % 9 + 1}-1{number % 9},{number % 1000},Köln {number % 50}"
    )


def _write(path: Path, rows: int, mark: str) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{_HEAD}\n")
        file.writelines(f"{_line(number, mark)}\n" for number in range(rows))
    return path


def compare() -> list[Comparison]:
    """Import files in several ways; each run with addresses of its own."""
    from accounts.models import Account
    from emailconcert.lib import encryption

    account = Account.objects.create(slug="bench-importing", name="Bench", country="IE", sending_quota=0)
    _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
    account.save()
    with tempfile.TemporaryDirectory() as folder:
        work = _Work(account.pk, Path(folder))
        work.bring_in(work.write("warm-up", rows=2_000, runs=1))
        work.write("bare")
        work.write("rich")
        bare = (
            figure(f"ours, {ROWS:,} rows", lambda: work.bring_in("bare"), units=ROWS, runs=RUNS, server=True),
            figure(
                f"csv + bulk_create(update_conflicts) by 1,000, {OTHERS_ROWS:,} rows",
                work.bulk_create,
                units=OTHERS_ROWS,
                runs=2,
                server=True,
            ),
            figure("csv + a prepared upsert per row, in SQL", work.per_row, units=OTHERS_ROWS, runs=2, server=True),
            figure("csv + update_or_create", work.update_or_create, units=SLOW_ROWS, runs=2, server=True),
        )
        again = (
            figure("the same file again, nothing written", work.again, units=ROWS, runs=RUNS, server=True),
            figure(
                "all in, new people", lambda: work.bring_in("rich", is_rich=True), units=ROWS, runs=RUNS, server=True
            ),
            figure("all in, overwriting what all of them had", work.change_all, units=ROWS, runs=1, server=True),
        )
        peaks = {rows: _peak(account.pk, Path(folder), rows) for rows in (ROWS // 4, ROWS)}
    note = "Name and one list; all validate addresses and subscribe. A way of one round trip a row waits for each."
    memory = "Resident at most: " + ", ".join(f"{peak} MiB for {rows:,} rows" for rows, peak in peaks.items())
    return [
        Comparison("Importing, bare contacts", "row", bare, note),
        Comparison("Importing, ours", "row", again, memory),
    ]


def _peak(account_id: int, folder: Path, rows: int) -> int:
    """Return the most memory (MiB) that a process of its own takes for an import of so many rows."""
    path = _write(folder / f"peak{rows}.csv", rows, f"peak{rows}-")
    code = f"import bench.importing as b; b.run_alone({account_id}, {str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


def run_alone(account_id: int, path: str) -> None:
    """Import a file in this process and print the most memory it took."""
    import django

    django.setup()
    _Work(account_id, Path(path).parent).run(Path(path), is_rich=True)
    # Not getrusage: a process starts with the most that its parent took.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)


_UPSERT = """
    WITH put AS (
        INSERT INTO contacts_contact AS c (account_id, email, email_hash, first_name, last_name, source, tracking_off)
        VALUES (%(account)s, %(email)s, %(email_hash)s, %(first_name)s, %(last_name)s, %(source)s, false)
        ON CONFLICT (account_id, email)
        DO UPDATE SET first_name = EXCLUDED.first_name, last_name = EXCLUDED.last_name RETURNING c.id)
    INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source)
    SELECT %(account)s, %(list)s, id, 'subscribed', 'import' FROM put ON CONFLICT DO NOTHING
"""


class _Work:
    """The ways, in one account."""

    def __init__(self, account_id: int, folder: Path) -> None:
        from contacts.models import List
        from emailconcert.lib.tenancy import account_scope

        self.account_id = account_id
        self.folder = folder
        self.round = 0
        self.last: Path | None = None
        self.waiting: dict[str, list[Path]] = {}
        with account_scope(account_id):
            self.list, _ = List.objects.get_or_create(name="Bench")

    def write(self, mark: str, *, rows: int = ROWS, runs: int = RUNS) -> str:
        """Write files for so many imports of people who are new."""
        self.waiting[mark] = [
            _write(self.folder / f"{mark}{number}.csv", rows, f"{mark}{number}-") for number in range(runs)
        ]
        return mark

    def bring_in(self, mark: str, *, is_rich: bool = False) -> None:
        """Run the product's own import of the next of these files."""
        self.last = self.waiting[mark].pop()
        self.run(self.last, is_rich=is_rich)

    def again(self) -> None:
        """Import once more what was imported last."""
        assert self.last is not None
        self.run(self.last, is_rich=False)

    def change_all(self) -> None:
        """Overwrite everything that an earlier file brought in."""
        assert self.last is not None
        path = self.folder / "changed.csv"
        text = self.last.read_text(encoding="utf-8")
        path.write_text(text.replace("Köln", "Bonn").replace("Zoë", "Zoé"), encoding="utf-8")
        self.run(path, is_rich=True)

    def run(self, path: Path, *, is_rich: bool) -> None:
        """Import one file to its end."""
        from django.utils import timezone

        from contacts.services.imports import import_runs, importing
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id), path.open("rb") as file:
            now = timezone.now()
            run = importing.start_import(
                account_id=self.account_id, file=file, file_name=path.name, user_id=None, now=now, limit=False
            )
            importing.queue_import(
                run=run,
                mapping=_ALL if is_rich else _MAPPING,
                lists=[self.list],
                tags=["fair"] if is_rich else [],
                known="overwrite",
                consent_wording="Yes, write to me." if is_rich else "",
                now=now,
            )
        while import_runs.run_slice(account_id=self.account_id, import_id=run.pk, clock=timezone.now):
            pass

    def _rows(self, rows: int, mark: str) -> Iterator[tuple[str, dict[str, object]]]:
        from emailconcert.lib import addresses

        self.round += 1
        text = "\n".join([_HEAD, *(_line(number, f"{mark}{self.round}-") for number in range(rows))])
        reader = csv.reader(io.StringIO(text))
        next(reader)
        seen = set()
        for email, first, last, *_ in reader:
            try:
                address = addresses.normalise(email)
            except addresses.BadAddress:
                continue
            if address in seen:
                continue
            seen.add(address)
            digest = addresses.address_hash(address, account_id=self.account_id)
            yield address, {"email_hash": digest, "first_name": first, "last_name": last, "source": "import"}

    def bulk_create(self) -> None:
        """Upsert a thousand at a time through the ORM."""
        from contacts.models import Contact, Subscription
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id):
            contacts = [
                Contact(account_id=self.account_id, email=email, **rest) for email, rest in self._rows(OTHERS_ROWS, "m")
            ]
            made = Contact.objects.bulk_create(
                contacts,
                batch_size=1000,
                update_conflicts=True,
                unique_fields=["account", "email"],
                update_fields=["first_name", "last_name"],
            )
            Subscription.objects.bulk_create(
                [
                    Subscription(
                        account_id=self.account_id,
                        contact=contact,
                        list=self.list,
                        state="subscribed",
                        source="import",
                    )
                    for contact in made
                ],
                batch_size=1000,
                ignore_conflicts=True,
            )

    def per_row(self) -> None:
        """One round trip a row for contact and subscription, prepared, in one transaction: the way of listmonk."""
        import psycopg
        from django.db import connection

        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id):
            connection.ensure_connection()
            cursor = psycopg.Cursor(connection.connection)  # Django's own would write the values into the statement
            for email, rest in self._rows(OTHERS_ROWS, "r"):
                cursor.execute(
                    _UPSERT,
                    {"account": self.account_id, "list": self.list.pk, "email": email, **rest},
                    prepare=True,
                )

    def update_or_create(self) -> None:
        """One by one, as in most tutorials."""
        from contacts.models import Contact, Subscription
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id):
            for email, rest in self._rows(SLOW_ROWS, "c"):
                contact, _ = Contact.objects.update_or_create(account_id=self.account_id, email=email, defaults=rest)
                Subscription.objects.get_or_create(
                    account_id=self.account_id,
                    contact=contact,
                    list=self.list,
                    defaults={"state": "subscribed", "source": "import"},
                )
