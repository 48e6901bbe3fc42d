"""The pages on which something is done to many contacts."""

import pytest

from accounts.models import Role
from contacts.models import BulkAction
from contacts.services.bulk_actions import asking_erasure
from contacts.services.lists import organising
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import PrivacyRequest
from tests.contacts.acting import EVERYBODY, add, begin, numbers, run, tagged
from tests.contacts.factories import make_many
from tests.factories import NOW, make_cast, make_member

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
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


@pytest.fixture
def regulars(account):
    with account_scope(account):
        return organising.create_tag(account_id=account.pk, name="regulars")


def test_selection_is_done_at_once_and_undone_from_the_toast(client, alice, account):
    contact = add(account, "a")
    add(account, "b")

    page = client.post("/contacts/bulk/", {"action": "tag", "tag": "press", "selected": [contact.pk]}, follow=True)

    with account_scope(account):
        action = BulkAction.objects.get()
    assert tagged(account) == {"a"}
    assert "1 tagged “press”." in page.content.decode()
    assert f"/contacts/bulk/{action.pk}/undo/" in page.content.decode()
    assert "Taken back for 1 of 1." in client.post(f"/contacts/bulk/{action.pk}/undo/", follow=True).content.decode()
    assert tagged(account) == set()


def test_all_that_match_are_asked_about_with_their_number(client, alice, account, monkeypatch):
    with account_scope(account):
        make_many(account, 1204, start="zo")
    values = {"action": "tag", "tag": "press", "everybody": "1", "query": "q=zo"}

    page = client.post("/contacts/bulk/", values).content.decode()

    assert "Tag 1,204 people “press”" in page
    response = client.post("/contacts/bulk/start/", values)
    with account_scope(account):
        action = BulkAction.objects.get()
    assert response["Location"] == f"/contacts/bulk/{action.pk}/"
    assert 'max="1204"' in client.get(response["Location"]).content.decode()
    run(account, action, piece=500)
    assert numbers(action) == ("done", 1204, 1204, 0)
    assert "Undo" in client.get(f"/contacts/bulk/{action.pk}/").content.decode()
    assert "press" in client.get("/contacts/bulk/actions/").content.decode()


def test_deleting_everybody_needs_the_number_typed(client, alice, account):
    add(account, "a")
    values = {"action": "delete", "everybody": "1", "query": ""}

    assert "This can't be undone" in client.post("/contacts/bulk/", values).content.decode()
    assert client.post("/contacts/bulk/start/", values).status_code == 422
    assert client.post("/contacts/bulk/start/", {**values, "typed": "2"}).status_code == 422
    assert client.post("/contacts/bulk/start/", {**values, "typed": "1"}).status_code == 302
    with account_scope(account):
        assert BulkAction.objects.get().kind == "delete"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"action": "tag", "tag": "x"},
        {"action": "tag", "everybody": "1"},
        {"action": "subscribe", "everybody": "1"},
        {"action": "fly", "everybody": "1"},
    ],
)
def test_what_is_wanting_is_said_and_nothing_done(client, alice, account, values):
    add(account, "a")

    response = client.post("/contacts/bulk/", values)

    assert response.status_code == 302
    with account_scope(account):
        assert not BulkAction.objects.exists()


def test_tags_of_special_categories_are_refused(client, alice, account):
    contact = add(account, "a")

    page = client.post(
        "/contacts/bulk/", {"action": "tag", "tag": "Trade union members", "selected": [contact.pk]}, follow=True
    )

    assert "specially protected" in page.content.decode()
    assert tagged(account) == set()


@pytest.mark.parametrize("path", ["/contacts/bulk/{}/", "/contacts/bulk/{}/stop/", "/contacts/bulk/{}/undo/"])
def test_actions_of_other_accounts_are_404(client, cast, account, regulars, path):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    client.force_login(cast[2].user)

    send = client.get if path.endswith("{}/") else client.post
    assert send(path.format(action.pk)).status_code == 404


def test_selecting_another_accounts_contact_does_nothing(client, cast, account):
    contact = add(account, "a")
    client.force_login(cast[2].user)

    client.post("/contacts/bulk/", {"action": "tag", "tag": "mine", "selected": [contact.pk]})

    assert tagged(account) == set()


def test_viewers_may_not(client, account, regulars):
    add(account, "a")
    action = begin(account, "tag", tag=regulars)
    client.force_login(make_member(account=account, role=Role.VIEWER).user)

    assert client.get(f"/contacts/bulk/{action.pk}/").status_code == 200
    for path in ("/contacts/bulk/", "/contacts/bulk/start/", f"/contacts/bulk/{action.pk}/undo/"):
        assert client.post(path).status_code == 403


def test_erasure_is_asked_for_each_of_them_once(client, alice, account):
    a, b = add(account, "a", first_name="Zoë"), add(account, "b")
    values = {"action": "erase", "selected": [a.pk, b.pk]}

    assert "Type 2 to go on" in client.post("/contacts/bulk/", values).content.decode()
    assert client.post("/contacts/bulk/start/", values).status_code == 422
    client.post("/contacts/bulk/start/", {**values, "typed": "2"})
    again = client.post("/contacts/bulk/start/", {**values, "typed": "2"}, follow=True)

    assert "0 requests are with the Data Protection Officer now." in again.content.decode()
    with platform_scope("privacy: a test"):
        made = [*PrivacyRequest.objects.order_by("pk")]
        assert [(each.type, each.state, each.account_id, each.channel) for each in made] == [
            ("erase", "unverified", account.pk, "account")
        ] * 2
        assert [each.log.get().actor_kind for each in made] == ["owner", "owner"]


def test_erasure_is_asked_for_at_most_a_hundred(account, monkeypatch):
    monkeypatch.setattr(asking_erasure, "MOST", 1)
    add(account, "a")
    add(account, "b")

    with account_scope(account), pytest.raises(asking_erasure.TooMany):
        asking_erasure.ask(account=account, whom=EVERYBODY, now=NOW)
