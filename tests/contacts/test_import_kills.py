"""An import whose worker is killed at random moments ends exactly as one that was left in peace."""

import io
import os
import random
import signal
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from contacts.models import Contact, Import, ImportRefusal, List, Subscription
from contacts.services import import_runs, importing, people, subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from tests.factories import NOW, make_member

ROWS = 4_000
PIECE = 200
_WORKER = """
import sys, django
django.setup()
from django.utils import timezone
from contacts.services import import_runs
print("ready", flush=True)
account, run = int(sys.argv[1]), int(sys.argv[2])
while import_runs.run_slice(account_id=account, import_id=run, clock=timezone.now, piece=int(sys.argv[3]), leased=True):
    pass
"""


def export():
    """A file as another product writes it, with duplicates, bad rows and quoted newlines."""
    lines = ["\ufeffE-Mail;Vorname;Notiz;Tags"]
    for number in range(ROWS):
        address = "nobody" if number % 60 == 7 else f"p{number if number % 25 else number // 2}@example.org"
        lines.append(f'{address};Zoë {number};"eins\nzwei {number}";{"vip" if number % 9 == 0 else ""}')
    return "\r\n".join(lines).encode()


def prepare(account):
    with account_scope(account):
        news = List.objects.create(name="News")
        gone = people.add_contact(account_id=account.pk, email="p3@example.org", source="member", now=NOW)
        subscribing.unsubscribe(account_id=account.pk, contact_id=gone.pk, list_ids=[news.pk], now=NOW)
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(export()), file_name="x.csv", user_id=None, now=NOW
        )
        mapping = {**importing.guessed_mapping(run), "2": "new"}
        importing.queue_import(run=run, mapping=mapping, lists=[news], known="fill", consent_wording="Yes", now=NOW)
    return run


def outcome(account, run):
    with account_scope(account):
        run.refresh_from_db()
        counts = {field: getattr(run, field) for field in vars(run) if field.startswith("rows_")}
        return (
            run.state,
            counts,
            sorted(Contact.objects.values_list("email", "first_name", "values__notiz")),
            sorted(Subscription.objects.values_list("contact__email", "state")),
            sorted(ImportRefusal.objects.values_list("line", "value", "reason")),
            Consent.objects.count(),
        )


@pytest.mark.django_db(transaction=True)
def test_killed_import_ends_as_one_left_in_peace(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path
    calm, rough = make_member().account, make_member().account
    runs = {account: prepare(account) for account in (calm, rough)}
    import_runs.run_slice(account_id=calm.pk, import_id=runs[calm].pk, clock=timezone.now, piece=PIECE)

    kills = kill_until_done(rough, runs[rough], tmp_path)

    expected, found = outcome(calm, runs[calm]), outcome(rough, runs[rough])
    assert kills >= 3
    assert found == expected
    assert found[0] == "done"
    assert sum(count for name, count in found[1].items() if name != "rows_total") == found[1]["rows_total"] == ROWS


def kill_until_done(account, run, media):
    url = urlsplit(django_settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "MEDIA_DIR": str(media),
        "DJANGO_SETTINGS_MODULE": "emailconcert.settings",
    }
    chance = random.Random(7)
    kills = 0
    while True:
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(account.pk), str(run.pk), str(PIECE)],
            env=env, stdout=subprocess.PIPE, cwd=django_settings.BASE_DIR,
        )  # fmt: skip
        worker.stdout.readline()
        if kills < 3:
            time.sleep(chance.uniform(0.05, 0.3))
            worker.send_signal(signal.SIGKILL)
        worker.communicate(timeout=60)
        with account_scope(account):
            if Import.objects.get(pk=run.pk).state == "done":
                return kills
        kills += 1
