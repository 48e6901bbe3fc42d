"""Adding, finding, deleting and bringing back contacts on their pages."""

import pytest

from contacts.models import Contact, List, Subscription, Tag
from contacts.services import people
from contacts.services.lists import subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.services import standing
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


def add(account, email="zoe@example.org", **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def test_add_puts_a_contact_on_the_chosen_lists(client, alice):
    with account_scope(alice.account):
        news = List.objects.create(name="News")

    response = client.post("/contacts/add/", {"email": "ZOE@example.org", "first_name": "Zoe", "lists": [news.pk]})

    with account_scope(alice.account):
        contact = Contact.objects.get()
        assert response["Location"] == f"/contacts/{contact.pk}/"
        assert list(contact.subscriptions.values_list("list", "state")) == [(news.pk, "subscribed")]


@pytest.mark.parametrize("reason", ["erased", "unsubscribed", "manual"])
def test_add_does_not_tell_why_somebody_is_kept_out(client, alice, reason):
    with account_scope(alice.account):
        standing.suppress(account_id=alice.account_id, address="zoe@example.org", reason=reason, now=NOW)

    response = client.post("/contacts/add/", {"email": "zoe@example.org", "first_name": "Zoe"})

    assert response.status_code == 422
    assert "They can sign up again through one of your forms." in response.content.decode()
    assert 'value="Zoe"' in response.content.decode()


def test_delete_can_be_undone(client, alice):
    contact = add(alice.account, first_name="Zoe")
    with account_scope(alice.account):
        news = List.objects.create(name="News")
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)

    page = client.post(f"/contacts/{contact.pk}/delete/", follow=True).content.decode()
    with account_scope(alice.account):
        assert not Contact.objects.exists()
    undo = page.split("/contacts/undo/")[1].split("/")[0]
    client.post(f"/contacts/undo/{undo}/")

    with account_scope(alice.account):
        back = Contact.objects.get()
        assert (back.pk, back.first_name, bytes(back.email_hash)) == (contact.pk, "Zoe", bytes(contact.email_hash))
        assert list(back.subscriptions.values_list("list", "state")) == [(news.pk, "subscribed")]
    assert "too late" in client.post(f"/contacts/undo/{undo}/", follow=True).content.decode()


def test_undo_of_another_account_is_too_late(client, cast, alice):
    contact = add(alice.account)
    page = client.post(f"/contacts/{contact.pk}/delete/", follow=True).content.decode()
    undo = page.split("/contacts/undo/")[1].split("/")[0]
    client.force_login(cast[2].user)

    assert "too late" in client.post(f"/contacts/undo/{undo}/", follow=True).content.decode()


def test_undo_does_not_bring_a_blocked_person_back(client, alice):
    contact = add(alice.account)
    page = client.post(f"/contacts/{contact.pk}/delete/", follow=True).content.decode()
    with account_scope(alice.account):
        standing.suppress(account_id=alice.account_id, address=contact.email, reason="erased", now=NOW)

    client.post(f"/contacts/undo/{page.split('/contacts/undo/')[1].split('/')[0]}/")

    with account_scope(alice.account):
        assert not Contact.objects.exists()


def test_who_asked_to_be_left_as_they_are_is_not_deleted(client, alice):
    held, other = add(alice.account), add(alice.account, "other@example.org")
    with account_scope(alice.account):
        standing.restrict(account_id=alice.account_id, address_hash=bytes(held.email_hash), now=NOW)

    alone = client.post(f"/contacts/{held.pk}/delete/", follow=True)
    among = client.post("/contacts/bulk/", {"action": "delete", "selected": [held.pk, other.pk]}, follow=True)

    assert "asked for their data to be left" in alone.content.decode()
    assert "1 contact was deleted. 1 asked to be left as they are." in among.content.decode()
    with account_scope(alice.account):
        assert list(Contact.objects.all()) == [held]


@pytest.mark.parametrize("count", [1, 3])
def test_bulk_acts_on_the_selected_ones_only(client, alice, count):
    chosen = [add(alice.account, f"p{number}@example.org").pk for number in range(count)]
    other = add(alice.account, "other@example.org")
    with account_scope(alice.account):
        news = List.objects.create(name="News")

    client.post("/contacts/bulk/", {"action": "tag", "selected": chosen, "tag": "vip"})
    client.post("/contacts/bulk/", {"action": "subscribe", "selected": chosen, "list": news.pk})
    with account_scope(alice.account):
        assert set(Tag.objects.get().contact_links.values_list("contact", flat=True)) == set(chosen)
        assert set(Subscription.objects.values_list("contact", flat=True)) == set(chosen)
    client.post("/contacts/bulk/", {"action": "delete", "selected": chosen})

    with account_scope(alice.account):
        assert list(Contact.objects.values_list("pk", flat=True)) == [other.pk]


def test_bulk_does_not_reach_into_another_account(client, cast):
    mine = add(cast[0].account)
    client.force_login(cast[2].user)

    client.post("/contacts/bulk/", {"action": "delete", "selected": [mine.pk]})

    with account_scope(cast[0].account):
        assert Contact.objects.filter(pk=mine.pk).exists()


def test_pages_by_key_show_everybody_once_in_both_directions(client, alice, monkeypatch):
    monkeypatch.setattr("contacts.table.paging.PAGE", 2)
    emails = sorted(add(alice.account, f"{letter}@example.org").email for letter in "cabed")

    response = client.get("/contacts/?sort=email")
    pages = [[contact.email for contact, _ in response.context["rows"]]]
    while response.context["page"].after:
        response = client.get(f"/contacts/?sort=email&after={response.context['page'].after}")
        pages.append([contact.email for contact, _ in response.context["rows"]])
    back = client.get(f"/contacts/?sort=email&before={response.context['page'].before}")

    assert [email for page in pages for email in page] == emails
    assert [contact.email for contact, _ in back.context["rows"]] == pages[-2]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("zoe@ex", ["zoe@example.org"]),
        ("BERG", ["zoe@example.org"]),
        ("ample", ["al@example.org", "zoe@example.org"]),
        ("%", []),
    ],
)
def test_search_finds_by_beginning_of_address_and_by_part_of_name(client, alice, query, found):
    add(alice.account, "zoe@example.org", last_name="Bergmann")
    add(alice.account, "al@example.org")

    response = client.get("/contacts/", {"q": query, "sort": "email"})

    assert [contact.email for contact, _ in response.context["rows"]] == found


@pytest.mark.parametrize("path", ["/contacts/?q=zoe", "/contacts/suppressions/?q=zoe@example.org"])
def test_search_while_typing_gets_the_results_alone(client, alice, path):
    add(alice.account)

    answer = client.get(path, headers={"HX-Request": "true"}).content.decode()

    # The search box takes this element out of the answer.
    assert answer.count('id="results"') == 1
    assert "<html" not in answer
