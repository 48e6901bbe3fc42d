"""Doing something to many contacts, and taking it back."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from contacts.models import BulkChange, ContactEvent
from contacts.services.bulk_actions import bulk, bulk_runs
from contacts.services.bulk_actions.bulk import Whom
from contacts.services.lists import organising
from emailconcert.lib.tenancy import account_scope
from privacy.services import standing
from tests.contacts.acting import add, begin, numbers, run, tagged, undo
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ledger(settings, tmp_path):
    settings.LEDGER_DIR = tmp_path / "ledger"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def account(cast):
    return cast[0].account


@pytest.fixture
def regulars(account):
    with account_scope(account):
        return organising.create_tag(account_id=account.pk, name="regulars")


def test_tag_reaches_everybody_but_the_restricted_and_undo_only_those_it_tagged(account, regulars):
    before, held = add(account, "before"), add(account, "held")
    for name in "abc":
        add(account, name)
    with account_scope(account):
        organising.tag_contacts(contacts=[before], tag=regulars, now=NOW)
        standing.restrict(account_id=account.pk, address_hash=bytes(held.email_hash), now=NOW)

    action = run(account, begin(account, "tag", tag=regulars))

    assert numbers(action) == ("done", 5, 3, 1)
    assert tagged(account) == {"before", "a", "b", "c"}
    with account_scope(account):
        assert ContactEvent.objects.filter(kind="tagged", details={"tag": "regulars"}).count() == 4
        assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"bulk.started"}

    undo(account, action)

    assert (action.state, action.put_back) == ("undone", 3)
    assert tagged(account) == {"before"}


def test_untag_is_taken_back_only_from_whom_it_was_taken(account, regulars):
    a, b = add(account, "a"), add(account, "b")
    with account_scope(account):
        organising.tag_contacts(contacts=[a], tag=regulars, now=NOW)

    action = run(account, begin(account, "untag", tag=regulars))
    assert (numbers(action), tagged(account)) == (("done", 2, 1, 0), set())

    undo(account, action)
    assert tagged(account) == {"a"}
    assert b.pk


def test_all_that_match_are_meant_but_nobody_who_comes_in_later(account, regulars):
    for name in ("ada", "adele", "bob"):
        add(account, name)
    action = begin(account, "tag", whom=Whom(query="q=ad"), tag=regulars)
    add(account, "adam")

    run(account, action)

    assert (action.total, tagged(account)) == (2, {"ada", "adele"})


def test_run_that_was_killed_goes_on_where_it_stopped(account, regulars, monkeypatch):
    for name in "abcde":
        add(account, name)
    action = begin(account, "tag", tag=regulars)
    done, real = [], bulk_runs.bulk_pieces.do_piece

    def dies(**more):
        if len(done) == 1:
            raise SystemExit
        done.append(1)
        return real(**more)

    monkeypatch.setattr(bulk_runs.bulk_pieces, "do_piece", dies)
    with pytest.raises(SystemExit):
        run(account, action)
    monkeypatch.setattr(bulk_runs.bulk_pieces, "do_piece", real)
    run(account, action)
    assert numbers(action) == ("running", 2, 2, 0)  # another worker has the lease

    assert bulk.due(now=NOW + timedelta(minutes=10)) == [(account.pk, action.pk)]
    run(account, action, now=NOW + timedelta(minutes=10))

    assert numbers(action) == ("done", 5, 5, 0)
    with account_scope(account):
        assert (BulkChange.objects.count(), ContactEvent.objects.filter(kind="tagged").count()) == (5, 5)


def test_what_breaks_off_again_and_again_fails(account, regulars, monkeypatch):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    monkeypatch.setattr(bulk_runs.bulk_pieces, "do_piece", lambda **more: 1 / 0)
    for hour in range(bulk_runs.ATTEMPTS):
        with pytest.raises(ZeroDivisionError):
            run(account, action, now=NOW + timedelta(hours=hour))

    run(account, action, now=NOW + timedelta(days=1))

    assert action.state == "failed"


def test_action_on_a_tag_that_is_deleted_fails_in_words(account, regulars):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    with account_scope(account):
        organising.delete_tag(tag=regulars, now=NOW)

    run(account, action)

    assert (action.state, action.error) == ("failed", "What it was about was deleted meanwhile.")


def test_stopping_keeps_what_is_done_and_undo_ends_after_thirty_days(account, regulars):
    for name in "abc":
        add(account, name)
    action = begin(account, "tag", tag=regulars)
    with account_scope(account):
        bulk.cancel(action=action, now=NOW)
    run(account, action)
    assert (numbers(action), tagged(account)) == (("cancelled", 0, 0, 0), set())
    with account_scope(account), pytest.raises(bulk.HasEnded):
        bulk.cancel(action=action, now=NOW)

    other = run(account, begin(account, "tag", tag=regulars))
    assert bulk.may_undo(other, now=NOW + timedelta(days=29))
    assert not bulk.may_undo(other, now=NOW + timedelta(days=31))
    with account_scope(account):
        assert bulk.drop_old(account_id=account.pk, before=NOW, dry_run=False) == 0
        assert bulk.drop_old(account_id=account.pk, before=NOW + timedelta(days=1), dry_run=False) == 3
        with pytest.raises(bulk.CannotUndo):
            bulk.undo(action=other, now=NOW + timedelta(days=31))


def test_nobody_to_do_it_to_is_said(account, regulars):
    with pytest.raises(bulk.NobodyThere):
        begin(account, "tag", tag=regulars)
