"""Bringing contacts in from a file, subscribed to a list: COPY and one upsert beside Django's two usual ways."""

import csv
import io
from collections.abc import Iterator

from bench.measure import Comparison, figure

ROWS = 20_000
SLOW_ROWS = 400


def _file(rows: int, mark: str) -> bytes:
    lines = ["Email,First name,Last name,City"]
    lines += [f"{mark}{number}@example.org,Zoë{number % 97},Berg{number % 89},Köln" for number in range(rows)]
    return "\n".join(lines).encode()


def compare() -> Comparison:
    """Import a file three ways, and ours once more where nothing has changed; each run with addresses of its own."""
    from accounts.models import Account
    from emailconcert.lib import encryption

    account = Account.objects.create(slug="bench-importing", name="Bench", country="IE", sending_quota=0)
    _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
    account.save()
    work = _Work(account.pk)
    figures = (
        figure("ours: stream, COPY, one upsert per 25,000", lambda: work.ours("a"), units=ROWS),
        figure("ours, the same file again (nothing written)", lambda: work.ours("again", fresh=False), units=ROWS),
        figure("csv + bulk_create(update_conflicts) by 1,000", work.bulk_create, units=ROWS, runs=2),
        figure("csv + update_or_create", work.update_or_create, units=SLOW_ROWS, runs=2),
    )
    note = "This process alone; PostgreSQL's own work is not in it. All validate addresses and subscribe to a list."
    return Comparison("Importing", "row", figures, note)


class _Work:
    """The ways, in one account."""

    def __init__(self, account_id: int) -> None:
        from contacts.models import List
        from emailconcert.lib.tenancy import account_scope

        self.account_id = account_id
        self.round = 0
        with account_scope(account_id):
            self.list = List.objects.create(name="Bench")
        self.ours("again", fresh=False)

    def ours(self, mark: str, *, fresh: bool = True) -> None:
        """Run the product's own import."""
        from django.utils import timezone

        from contacts.services import import_runs, importing
        from emailconcert.lib.tenancy import account_scope

        self.round += fresh
        content = _file(ROWS, f"{mark}{self.round if fresh else ''}-")
        with account_scope(self.account_id):
            run = importing.start_import(
                account_id=self.account_id,
                file=io.BytesIO(content),
                file_name="bench.csv",
                user_id=None,
                now=timezone.now(),
            )
            mapping = {"0": "email", "1": "first_name", "2": "last_name", "3": "new"}
            importing.queue_import(
                run=run, mapping=mapping, lists=[self.list], known="overwrite", consent_wording="", now=timezone.now()
            )
        while import_runs.run_slice(account_id=self.account_id, import_id=run.pk, clock=timezone.now):
            pass

    def _rows(self, rows: int, mark: str) -> Iterator[tuple[str, dict[str, object]]]:
        from emailconcert.lib import addresses

        self.round += 1
        reader = csv.reader(io.StringIO(_file(rows, f"{mark}{self.round}-").decode()))
        next(reader)
        for email, first, last, city in reader:
            address = addresses.normalise(email)
            digest = addresses.address_hash(address, account_id=self.account_id)
            yield (
                address,
                {
                    "email_hash": digest,
                    "first_name": first,
                    "last_name": last,
                    "values": {"city": city},
                    "source": "import",
                },
            )

    def bulk_create(self) -> None:
        """Upsert a thousand at a time through the ORM."""
        from contacts.models import Contact, Subscription
        from emailconcert.lib.tenancy import account_scope

        with account_scope(self.account_id):
            contacts = [
                Contact(account_id=self.account_id, email=email, **rest) for email, rest in self._rows(ROWS, "b")
            ]
            made = Contact.objects.bulk_create(
                contacts,
                batch_size=1000,
                update_conflicts=True,
                unique_fields=["account", "email"],
                update_fields=["first_name", "last_name", "values"],
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
