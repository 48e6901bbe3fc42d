"""Message rows: made from an audience, and their outcomes written back. BENCH_ROWS: how many contacts (100,000).

Wall time and PostgreSQL's CPU; WAL is what replication and backups carry.
"""

from bench import letters
from bench.measure import Comparison, Figure, figure, rows

CONTACTS = rows(100_000)
NAIVE_ROWS = min(CONTACTS, 20_000)
UPDATES = 5_000


def compare():
    """Make the rows of a mailing, then write outcomes back."""
    from bench import people

    account, (a_list, _) = people.make(slug="bench-ledger", rows=CONTACTS)
    yield _made(account.pk, a_list)
    yield _written_back(account.pk, a_list)


def _made(account_id, a_list):
    started = []
    before, rows_before = _wal(), _rows()
    ours = figure(
        "ours: one INSERT … SELECT, exclusions counted by reason",
        lambda: started.append(_start(account_id, a_list)),
        units=CONTACTS,
        runs=2,
        server=True,
    )
    ours_wal = (_wal() - before) / (_rows() - rows_before)
    before = _wal()
    naive = figure(
        "ORM: judged in Python, bulk_create", lambda: _bulk(account_id), units=NAIVE_ROWS, runs=1, server=True
    )
    naive_wal = (_wal() - before) / NAIVE_ROWS
    note = (
        f"WAL, bytes per row: ours {ours_wal:.0f}, the ORM's {naive_wal:.0f}. {started[0].audience:,} of {CONTACTS:,}."
    )
    return Comparison("Making message rows", "row", (ours, naive), note)


def _written_back(account_id, a_list):
    mailing = _start(account_id, a_list)
    batches = CONTACTS // 1_000
    before = _updates(mailing)
    spent = [_settle_one(account_id, mailing) for _ in range(batches)]
    made, hot = (now - then for now, then in zip(_updates(mailing), before, strict=True))
    people = sum(count for count, _, _ in spent)
    ours = Figure(
        "ours: one range UPDATE a batch, its own bookkeeping included",
        sum(client for _, client, _ in spent) / people,
        sum(server for _, _, server in spent) / people,
        0.0,
    )
    naive = figure("one UPDATE per row", lambda: _one_by_one(account_id, mailing), units=UPDATES, runs=1, server=True)
    return Comparison(
        "Writing outcomes back", "message", (ours, naive), f"HOT updates: {hot / made:.1%} of {made:,} rows."
    )


def _start(account_id, a_list):
    from django.utils import timezone

    from accounts.models import Account
    from contacts.models import Contact
    from delivery.models import Mailing, Sender
    from delivery.services import compiling, materialising
    from emailconcert.lib.tenancy import account_scope

    with account_scope(account_id):
        account = Account.objects.get(pk=account_id)
        sender, _ = Sender.objects.get_or_create(name="Shop", email="news@shop.example")
        mailing = compiling.compile_mailing(
            account=account,
            kind=Mailing.Kind.CAMPAIGN,
            content=compiling.Content(subject="News", source=letters.source()),
            sender=sender,
            lists=[a_list],
        )
        people = Contact.objects.filter(subscriptions__list=a_list)
        return materialising.materialise(mailing=mailing, audience=people, start_at=None, now=timezone.now())


def _bulk(account_id):
    from contacts.models import Contact
    from delivery.models import Mailing, Message
    from emailconcert.lib.tenancy import account_scope

    with account_scope(account_id):
        mailing = Mailing.objects.latest("pk")
        people = Contact.objects.order_by("pk")[:NAIVE_ROWS]
        Message.objects.bulk_create(
            (
                Message(account_id=account_id, mailing_id=mailing.pk, sequence=10**7 + number, contact_id=person.pk)
                for number, person in enumerate(people.iterator())
            ),
            batch_size=1_000,
        )


def _settle_one(account_id, mailing):
    """Claim a batch and settle it as sent; return (messages, µs of ours, µs of PostgreSQL) of settling alone."""
    from django.utils import timezone

    from delivery.models import Outcome
    from delivery.services import claiming, reputation, settling
    from delivery.services.outcomes import Verdict

    claim = claiming.claim_batch(account_id=account_id, mailing_id=mailing.pk, now=timezone.now())
    verdict = Verdict(Outcome.SENT, code=250)
    report = settling.Report(
        account_id,
        claim.batch_id,
        claim.journal_name,
        {person.sequence: verdict for person in claim.people},
        providers=reputation.providers_of((person.sequence, person.email) for person in claim.people),
    )
    count = len(claim.people)
    taken = figure("", lambda: settling.settle(report, now=timezone.now()), units=1, runs=1, server=True)
    claim.journal.remove()
    return count, taken.microseconds, taken.server


def _one_by_one(account_id, mailing):
    from django.utils import timezone

    from delivery.models import Message, Outcome
    from emailconcert.lib.tenancy import account_scope

    with account_scope(account_id):
        rows_ = Message.objects.filter(account_id=account_id, mailing_id=mailing.pk, outcome=Outcome.QUEUED)
        for sequence in list(rows_.order_by("-sequence").values_list("sequence", flat=True)[:UPDATES]):
            Message.objects.filter(account_id=account_id, mailing_id=mailing.pk, sequence=sequence).update(
                outcome=Outcome.SENT, reply_code=250, settled_at=timezone.now()
            )


def _value(sql):
    import os

    import psycopg

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        return owner.execute(sql).fetchone()


def _wal():
    return int(_value("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0])


def _rows():
    return _value("SELECT count(*) FROM delivery_message")[0]


def _updates(mailing):
    """Return (rows updated, of them HOT) of the mailing's partition, as PostgreSQL counts them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
    connection.close()
    name = f"delivery_message_{mailing.pk // 1000 * 1000}"
    return _value(f"SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = '{name}'")
