"""An import whose worker is killed at random moments ends exactly as one that was left in peace; so does its undoing."""

import io
import random
import time

import pytest
from django.utils import timezone

from contacts.models import Contact, Import, ImportChange, ImportRefusal, List, Subscription
from contacts.services import people
from contacts.services.imports import import_runs, importing
from contacts.services.lists import subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, Suppression
from tests.factories import NOW, make_member
from tests.forking import forking

ROWS = 1_200
PIECE = 60
NO_OUTCOMES = {"rows_total", "rows_removed", "rows_restored", "rows_left"}


def main(account_id, run_id):
    """Run the import, a piece at a time: what the killed process does."""
    while import_runs.run_slice(account_id=account_id, import_id=run_id, clock=timezone.now, piece=PIECE, leased=True):
        pass


def export():
    """A file as another product writes it, with duplicates, bad rows and quoted newlines."""
    lines = ["\ufeffE-Mail;Vorname;Notiz;Tags;Status"]
    for number in range(ROWS):
        address = "nobody" if number % 60 == 7 else f"p{number if number % 25 else number // 2}@example.org"
        tags, status = "vip" if number % 9 == 0 else "", "unsubscribed" if number % 41 == 5 else "subscribed"
        lines.append(f'{address};Zoë {number};"eins\nzwei {number}";{tags};{status}')
    return "\r\n".join(lines).encode()


def prepare(account):
    with account_scope(account):
        news = List.objects.create(name="News")
        gone = people.add_contact(account_id=account.pk, email="p3@example.org", source="member", now=NOW)
        subscribing.unsubscribe(account_id=account.pk, contact_id=gone.pk, list_ids=[news.pk], now=NOW)
        for n in range(0, ROWS, 40):
            people.add_contact(
                account_id=account.pk, email=f"p{n}@example.org", first_name="Jo", source="member", now=NOW
            )
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(export()), file_name="x.csv", user_id=None, now=NOW
        )
        mapping = {**importing.guessed_mapping(run), "2": "new"}
        importing.queue_import(
            run=run, mapping=mapping, lists=[news], known="overwrite", consent_wording="Yes", now=NOW
        )
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
            Suppression.objects.count(),
            sorted(
                (email, sorted(values.items()), len(lists), len(tags))
                for email, values, lists, tags in ImportChange.objects.values_list(
                    "contact__email", "values", "list_ids", "tag_ids"
                )
            ),
            (run.rows_removed, run.rows_restored, run.rows_left),
        )


@pytest.mark.django_db(transaction=True)
def test_import_killed_ten_times_ends_as_one_left_in_peace(settings, tmp_path):
    first, then = 7, 3
    settings.MEDIA_DIR = tmp_path
    calm, rough = make_member().account, make_member().account
    runs = {account: prepare(account) for account in (calm, rough)}
    import_runs.run_slice(account_id=calm.pk, import_id=runs[calm].pk, clock=timezone.now, piece=PIECE)

    kills = kill_until(rough, runs[rough], tmp_path, "done", times=first)

    expected, found = outcome(calm, runs[calm]), outcome(rough, runs[rough])
    assert kills >= (first + 1) // 2
    assert found == expected
    assert found[0] == "done"
    counted = [count for name, count in found[1].items() if name not in NO_OUTCOMES]
    assert sum(counted) == found[1]["rows_total"] == ROWS

    for account, run in runs.items():
        with account_scope(account):
            importing.undo_import(run=run, now=timezone.now())
    import_runs.run_slice(account_id=calm.pk, import_id=runs[calm].pk, clock=timezone.now)

    kills += kill_until(rough, runs[rough], tmp_path, "undone", times=then)

    expected, found = outcome(calm, runs[calm]), outcome(rough, runs[rough])
    assert kills >= (first + then) // 2
    assert found == expected
    assert found[0] == "undone"
    assert {first for _, first, _ in found[2]} == {"", "Jo"}


def kill_until(account, run, media, state, *, times):
    chance = random.Random(7)
    kills = 0
    with forking("tests.contacts.test_import_kills", MEDIA_DIR=str(media)) as fork:
        while True:
            worker = fork(account.pk, run.pk)
            if kills < times:
                time.sleep(chance.uniform(0.02, 0.35))
                worker.kill()
            worker.wait()
            with account_scope(account):
                found = Import.objects.get(pk=run.pk).state
                assert found != "failed"
                if found == state:
                    return kills
                # A slow machine may commit nothing between kills: giving up has a test of its own.
                Import.objects.filter(pk=run.pk).update(attempts=0)
            kills += 1
