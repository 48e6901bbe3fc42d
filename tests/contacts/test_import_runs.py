"""Slices, pieces and leases of an import, and what becomes of its file."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from contacts.files.reading import CannotRead
from contacts.models import Contact, Import
from contacts.services.imports import import_runs, importing
from emailconcert.lib.tenancy import account_scope
from tests.contacts.importing import FILE, prepare, run_all
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def account():
    return make_member().account


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_counts_do_not_depend_on_the_size_of_pieces(account, piece):
    run = prepare(account, FILE)

    assert run_all(account, run, piece=piece) == (3, 0, 0, 1, 2, 0, 0)


class Stopped(Exception):
    """A worker that is taken away between two pieces."""


def stop_after(pieces, monkeypatch):
    load = import_runs._load
    left = [None] * pieces

    def maybe(*args, **values):
        if not left:
            raise Stopped
        left.pop()
        return load(*args, **values)

    monkeypatch.setattr(import_runs, "_load", maybe)


@pytest.mark.parametrize("after", [1, 2, 3, 7, 100])
def test_an_import_goes_on_with_pieces_of_another_size(account, monkeypatch, after):
    run = prepare(account, "email\n" + "".join(f"p{number % 9}@example.org\n" for number in range(11)))
    with monkeypatch.context() as patched:
        stop_after(2, patched)
        with pytest.raises(Stopped):
            import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2)

    import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=after, leased=True)

    with account_scope(account):
        run.refresh_from_db()
        assert (run.state, run.position, run.rows_added, run.rows_duplicate) == ("done", 11, 9, 2)
        assert Contact.objects.count() == 9


def test_an_import_that_always_breaks_off_fails_with_a_sentence_and_keeps_what_is_in(account, monkeypatch):
    run = prepare(account, "email\n" + "".join(f"p{number}@example.org\n" for number in range(6)))
    stop_after(1, monkeypatch)
    for _ in range(import_runs.ATTEMPTS + 1):
        with pytest.raises(Stopped):
            import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2, leased=True)

    again = import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now, piece=2, leased=True)

    with account_scope(account):
        run.refresh_from_db()
        assert (again, run.state, run.lease_until) == (False, "failed", None)
        assert "What came in until then stays" in run.error
        assert Contact.objects.count() == run.rows_added == 2
    assert import_runs.due_imports(now=timezone.now()) == []


def test_two_workers_do_not_work_on_one_import(account):
    run = prepare(account, FILE)
    with account_scope(account):
        Import.objects.filter(pk=run.pk).update(state="running", lease_until=timezone.now() + timedelta(minutes=1))

    assert run_all(account, run) == (0, 0, 0, 0, 0, 0, 0)


def test_due_imports_are_those_without_a_living_worker(account):
    waiting, living, lost = (prepare(account, FILE) for _ in range(3))
    with account_scope(account):
        Import.objects.filter(pk=living.pk).update(state="running", lease_until=NOW + timedelta(minutes=1))
        Import.objects.filter(pk=lost.pk).update(state="running", lease_until=NOW - timedelta(minutes=1))

    assert import_runs.due_imports(now=NOW) == [(account.pk, waiting.pk), (account.pk, lost.pk)]


def test_file_is_removed_when_the_import_ends(account):
    run = prepare(account, FILE)
    assert importing.file_of(run).exists()

    run_all(account, run)

    assert not importing.file_of(run).exists()


def test_abandoned_upload_goes_with_its_file(account):
    with account_scope(account):
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(FILE.encode()), file_name="x.csv", user_id=None, now=NOW
        )

    assert importing.drop_abandoned(now=NOW + timedelta(hours=23)) == 0
    assert importing.drop_abandoned(now=NOW + timedelta(hours=25)) == 1

    with account_scope(account):
        run.refresh_from_db()
    assert (run.state, importing.file_of(run).exists()) == ("cancelled", False)


def test_cancelled_import_stops_and_keeps_what_is_in(account):
    run = prepare(account, FILE)
    with account_scope(account):
        importing.cancel_import(run=run, now=NOW)

    assert run_all(account, run) == (0, 0, 0, 0, 0, 0, 0)
    with account_scope(account), pytest.raises(importing.NotWaiting):
        importing.cancel_import(run=run, now=NOW)


def test_file_that_breaks_midway_fails_with_a_sentence(account):
    run = prepare(
        account, "Email,Note\n" + "a@example.org,ok\n" * 300 + 'b@example.org,"open\n' + "x@example.org,y\n" * 90_000
    )
    run_all(account, run)

    assert run.state == "failed"
    assert "line 302" in run.error


def test_upload_over_the_limit_is_refused_and_not_kept(account, settings, tmp_path):
    settings.UPLOAD_LIMIT_MB = 1
    with account_scope(account), pytest.raises(importing.TooLarge):
        importing.start_import(
            account_id=account.pk, file=io.BytesIO(b"a" * 1_048_577), file_name="x.csv", user_id=None, now=NOW
        )

    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_spreadsheet_is_refused_and_not_kept(account, tmp_path):
    with account_scope(account), pytest.raises(CannotRead):
        importing.start_import(
            account_id=account.pk, file=io.BytesIO(b"\xd0\xcf\x11\xe0"), file_name="x.xls", user_id=None, now=NOW
        )

    assert [path for path in (tmp_path / "media").rglob("*") if path.is_file()] == []


def test_upload_is_not_kept_where_something_unexpected_happens(account, tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("disk")

    monkeypatch.setattr("contacts.files.reading.detect", fail)
    with account_scope(account), pytest.raises(OSError, match="disk"):
        importing.start_import(
            account_id=account.pk, file=io.BytesIO(b"Email\na@example.org\n"), file_name="x.csv", user_id=None, now=NOW
        )

    assert not list((tmp_path / "media").rglob("*.*"))


def test_the_application_may_refresh_the_planners_statistics():
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'MAINTAIN')", ["contacts_contact"])
        assert cursor.fetchone() == (True,)
