from datetime import date, timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact, ContactTag, DepartedContact, Import, ImportChange, List, Subscription
from contacts.services import people
from contacts.services.imports import import_runs, import_undoing, importing
from contacts.services.lists import organising, subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, Suppression
from privacy.services import retention, standing
from tests.contacts.test_importing import prepare, run_all
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db
FILE = "Email,First name,Born,City,Tags\nzoe@example.org,Zoë,1980-02-01,Bonn,vip\nnew@example.org,New,,Cork,vip\n"
MAPPING = {"0": "email", "1": "first_name", "2": "date_of_birth", "3": "new:text", "4": "tags"}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def account():
    return make_member().account


@pytest.fixture
def zoe(account):
    with account_scope(account):
        return people.add_contact(
            account_id=account.pk, email="zoe@example.org", first_name="Zoe", values={"city": "Köln"}, source="member",
            now=NOW,
        )  # fmt: skip


@pytest.fixture
def run(account, zoe):
    with account_scope(account):
        news = List.objects.create(name="News")
    run = prepare(account, FILE, mapping=MAPPING, list=news, known="overwrite", wording="Yes")
    assert run_all(account, run)[:2] == (1, 1)
    return run


def undo(account, run):
    with account_scope(account):
        importing.undo_import(run=run, now=timezone.now())
    while import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now):
        pass
    with account_scope(account):
        run.refresh_from_db()
    assert run.state == "undone"
    return run.rows_removed, run.rows_restored, run.rows_left


def profile(account):
    with account_scope(account):
        return {
            row.email: (row.first_name, row.date_of_birth, row.values, row.value_sources)
            for row in Contact.objects.all()
        }


def test_what_known_contacts_were_is_remembered_with_where_it_came_from(account, run, zoe):
    with account_scope(account):
        change = ImportChange.objects.get()
        zoe.refresh_from_db()

    source = ["import", run.pk, timezone.now().date().isoformat()]
    assert change.values == {
        "first_name": ["Zoe", "Zoë", None],
        "date_of_birth": [None, "1980-02-01", None],
        "field:city": ["Köln", "Bonn", None],
    }
    assert (change.contact_id, len(change.list_ids), len(change.tag_ids)) == (zoe.pk, 1, 1)
    assert zoe.value_sources == dict.fromkeys(change.values, source)


def test_contacts_that_it_added_need_no_word_of_where_their_values_came_from(account, run):
    assert profile(account)["new@example.org"] == ("New", None, {"city": "Cork"}, {})


def test_undoing_leaves_everything_as_it_was(account, run, zoe):
    assert undo(account, run) == (1, 1, 0)

    assert profile(account) == {"zoe@example.org": ("Zoe", None, {"city": "Köln"}, {})}
    with account_scope(account):
        assert not Subscription.objects.exists()
        assert not ContactTag.objects.exists()
        assert not Consent.objects.exists()
        assert not ImportChange.objects.exists()
        departed = DepartedContact.objects.get()
        assert bytes(departed.email_hash) == address_hash("new@example.org", account_id=account.pk)


@pytest.mark.parametrize("piece", [1, 2, 3])
def test_undoing_does_not_depend_on_the_size_of_pieces(account, monkeypatch, piece):
    pieces = import_undoing.undo_pieces
    monkeypatch.setattr(import_undoing, "undo_pieces", lambda run, *, clock: pieces(run, clock=clock, piece=piece))
    with account_scope(account):
        for number in range(3):
            people.add_contact(account_id=account.pk, email=f"p{number}@example.org", source="member", now=NOW)
    rows = "".join(f"p{number}@example.org,N{number}\n" for number in range(7))
    run = prepare(account, f"Email,First name\n{rows}", mapping={"0": "email", "1": "first_name"})
    run_all(account, run)

    assert undo(account, run) == (4, 3, 0)
    assert [name for name, *_ in profile(account).values()] == ["", "", ""]


def test_a_value_that_somebody_changed_since_stays(account, run, zoe):
    with account_scope(account):
        zoe.refresh_from_db()
        people.edit_contact(contact=zoe, changes={"first_name": "Zoé"}, now=NOW)

    assert undo(account, run) == (1, 0, 1)
    first_name, born, values, sources = profile(account)["zoe@example.org"]
    assert (first_name, born, values) == ("Zoé", None, {"city": "Köln"})
    assert "field:city" not in sources


def test_the_later_of_two_imports_stays(account, run, zoe):
    later = prepare(
        account, "Email,City\nzoe@example.org,Rome\n", mapping={"0": "email", "1": "field:city"}, known="overwrite"
    )
    run_all(account, later)

    assert undo(account, run)[2] == 1
    _, _, values, sources = profile(account)["zoe@example.org"]
    assert (values, sources["field:city"][1]) == ({"city": "Rome"}, later.pk)

    assert undo(account, later) == (0, 1, 0)
    assert profile(account)["zoe@example.org"][2] == {"city": "Bonn"}


def _edit(account, new):
    people.edit_contact(contact=new, changes={"first_name": "Renamed"}, now=timezone.now())


def _sign_up(account, new):
    other = List.objects.create(name="Other")
    subscribing.subscribe(contact=new, list=other, source="form", now=timezone.now())


def _restrict(account, new):
    digest = address_hash(new.email, account_id=account.pk)
    standing.restrict(account_id=account.pk, address_hash=digest, now=timezone.now())


@pytest.mark.parametrize("touch", [_edit, _sign_up, _restrict])
def test_an_added_contact_that_somebody_went_on_with_stays(account, run, touch):
    with account_scope(account):
        touch(account, Contact.objects.get(email="new@example.org"))

    assert undo(account, run) == (0, 1, 1)
    assert "new@example.org" in profile(account)


def test_a_tag_given_by_a_member_keeps_nobody_in(account, run):
    with account_scope(account):
        tag = organising.create_tag(account_id=account.pk, name="seen")
        organising.tag_contacts(contacts=[Contact.objects.get(email="new@example.org")], tag=tag, now=timezone.now())

    assert undo(account, run)[0] == 1


def test_who_unsubscribed_since_stays_unsubscribed(account, run, zoe):
    with account_scope(account):
        new = Contact.objects.get(email="new@example.org")
        news = List.objects.get()
        for contact in (new, zoe):
            subscribing.unsubscribe(
                account_id=account.pk, contact_id=contact.pk, list_ids=[news.pk], now=timezone.now()
            )

    undo(account, run)

    with account_scope(account):
        assert Subscription.objects.get().state == "unsubscribed"  # Zoe's
        assert Suppression.objects.get().reason == "unsubscribed"
        with pytest.raises(people.KeptOut):
            people.add_contact(account_id=account.pk, email="new@example.org", source="member", now=NOW)


def test_opt_outs_that_the_file_told_outlive_it(account):
    run = prepare(account, "Email,Status\na@example.org,unsubscribed\nb@example.org,subscribed\n",
                  mapping={"0": "email", "1": "status"})  # fmt: skip
    run_all(account, run)

    assert undo(account, run) == (1, 0, 0)
    with account_scope(account):
        assert Suppression.objects.count() == 1


def test_after_a_month_it_is_too_late_and_nothing_of_before_is_kept(account, run):
    with account_scope(account):
        ended = Import.objects.get().finished_at
    for days, left in ((29, 1), (31, 0)):
        retention.sweep(now=ended + timedelta(days=days))
        with account_scope(account):
            assert ImportChange.objects.count() == left
    with account_scope(account):
        run.refresh_from_db()
        with pytest.raises(importing.NotWaiting):
            importing.undo_import(run=run, now=ended + timedelta(days=30))


def test_an_import_is_undone_once(account, run):
    undo(account, run)

    with account_scope(account), pytest.raises(importing.NotWaiting):
        importing.undo_import(run=run, now=timezone.now())


def test_born_is_a_date_again(account, run, zoe):
    with account_scope(account):
        Contact.objects.filter(pk=zoe.pk).update(date_of_birth=date(1980, 2, 2))

    assert undo(account, run)[2] == 1
    assert profile(account)["zoe@example.org"][1] == date(1980, 2, 2)
