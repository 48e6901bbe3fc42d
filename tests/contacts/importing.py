"""What tests of imports share: a file, and the way from its text to its end."""

import io

from django.utils import timezone

from contacts.models import Contact
from contacts.services.imports import import_runs, importing
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW

COUNTS = ("added", "changed", "unchanged", "duplicate", "refused", "kept_out", "opted_out")
FILE = """\
Email;First name;City
zoe@example.org;Zoe;Köln
ZOE@example.org;Zoë;
al@example.org;Al;"New
York"
not an address;X;Y

;Nobody;
kim@example.org;Kim;
"""


def prepare(account, text, *, mapping=None, list=None, known="fill", wording=""):
    content = text if isinstance(text, bytes) else text.encode()
    with account_scope(account):
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(content), file_name="them.csv", user_id=None, now=NOW
        )
        importing.queue_import(
            run=run,
            mapping=mapping or importing.guessed_mapping(run),
            lists=[list] if list else [],
            known=known,
            consent_wording=wording,
            now=NOW,
        )
    return run


def run_all(account, run, *, piece=3):
    while import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=piece):
        pass
    with account_scope(account):
        run.refresh_from_db()
    return tuple(getattr(run, f"rows_{name}") for name in COUNTS)


def bring_in(account, text, **options):
    run = prepare(account, text, **options)
    counts = run_all(account, run)
    assert (run.state, sum(counts)) == ("done", run.rows_total)
    return counts


def stored(account, *fields):
    with account_scope(account):
        return list(Contact.objects.order_by("email").values_list("email", *fields))
