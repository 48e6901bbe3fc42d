"""Lists, tags, and the addresses and domains that are never mailed."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import AuditActor, Outbox, Role
from accounts.services import outbox
from contacts.models import ContactTag, List, Subscription, Tag
from contacts.services import people
from contacts.services.lists import blocking, list_figures, organising, subscribing
from delivery.models import Sender
from delivery.services import single
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import DomainSuppression, Suppression
from privacy.services import standing
from privacy.services.guard import SpecialCategory
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
    with account_scope(cast[0].account):
        yield cast[0].account


@pytest.fixture
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


def add(account, email="zoe@example.org", **more):
    return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def mails():
    with platform_scope("accounts: a test"):
        rows = Outbox.objects.filter(kind="mail", topic="welcome").order_by("pk")
        return [outbox.encryption.unseal(bytes(row.sealed_payload), context=outbox._CONTEXT) for row in rows]


@pytest.mark.parametrize("make", [organising.create_list, organising.create_tag])
def test_names_that_ask_for_special_categories_are_refused(account, make):
    with pytest.raises(SpecialCategory):
        make(account_id=account.pk, name="Trade union members", now=NOW)


def test_welcome_mail_goes_once_to_who_confirmed_and_never_to_who_was_put_there(account):
    news = organising.create_list(
        account_id=account.pk, name="News", welcome_subject="Hello", welcome_text="Bread on Friday.", now=NOW
    )
    mine, theirs = add(account), add(account, "al@example.org")

    subscribing.subscribe(contact=mine, list=news, source="member", now=NOW)
    assert mails() == []
    for day in range(2):
        subscribing.confirm(contact=theirs, list=news, source="form", now=NOW + timedelta(days=day))
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=theirs.pk, list_ids=[news.pk], now=NOW + timedelta(days=day, hours=1)
        )

    assert len(mails()) == 1
    assert b"al@example.org" in mails()[0]


def test_welcome_mail_speaks_in_the_senders_name(cast):
    account = cast[0].account
    with account_scope(account):
        Sender.objects.create(name="Mallory", email="m@example.org")
        baker = Sender.objects.create(name="Berg Bakery", email="hello@berg.example.org", verified_at=NOW)
    context = {
        "subject": "Hi",
        "text": "Bread.",
        "list": "News",
        "business": "B",
        "postal_address": "x",
        "sender_id": None,
    }
    for sender_id in (None, baker.pk, baker.pk + 99):
        entry = outbox.Entry(
            7,
            account.pk,
            "mail",
            "welcome",
            {"to": "a@example.org", "context": context | {"sender_id": sender_id}},
            NOW,
        )

        raw = single.compose_service_mail(entry).data

        assert b"From: Berg Bakery <" in raw
        assert b"Reply-To: hello@berg.example.org" in raw


def test_lists_have_figures_and_a_trend(account):
    news = List.objects.create(name="News")
    empty = List.objects.create(name="Empty")
    for number, weeks in enumerate((0, 0, 3, 20)):
        contact = add(account, f"p{number}@example.org")
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW - timedelta(weeks=weeks, hours=1))
    subscribing.unsubscribe(account_id=account.pk, contact_id=contact.pk, list_ids=[news.pk], now=NOW)

    first, second = list_figures.figures(account_id=account.pk, now=NOW)

    assert (first.list, first.subscribed, first.came) == (empty, 0, (0,) * 8)
    assert (second.subscribed, second.unsubscribed, second.came) == (3, 1, (0, 0, 0, 0, 1, 0, 0, 2))


def test_tags_are_merged_and_nobody_has_one_twice(account):
    a, b = add(account, "a@example.org"), add(account, "b@example.org")
    one, two = (organising.create_tag(account_id=account.pk, name=name) for name in ("one", "two"))
    organising.tag_contacts(contacts=[a, b], tag=one, now=NOW)
    organising.tag_contacts(contacts=[a], tag=two, now=NOW)

    assert organising.merge_tags(tag=one, into=two, now=NOW) == 1

    assert Tag.objects.get() == two
    assert set(ContactTag.objects.values_list("contact_id", "tag_id")) == {(a.pk, two.pk), (b.pk, two.pk)}
    with pytest.raises(organising.SameTag):
        organising.merge_tags(tag=two, into=two, now=NOW)


def test_addresses_and_domains_are_blocked_from_a_text_and_written_out_again(account):
    text = "Email,Why\nZoe@Example.org,x\n\n  'al@example.org' \nshut.example.org\n@also.example.org\nnonsense here\n"

    assert blocking.block_many(account_id=account.pk, text=text, now=NOW) == (2, 2, ["nonsense here"])

    assert set(Suppression.objects.values_list("reason", flat=True)) == {"imported"}
    assert {line[0] for line in blocking.lines(account.pk)} == {
        "zoe@example.org", "al@example.org", "shut.example.org", "also.example.org",
    }  # fmt: skip
    with pytest.raises(people.KeptOut):
        add(account, "x@shut.example.org")


def test_file_of_suppressions_tells_of_nobody_who_was_erased(account):
    standing.suppress(account_id=account.pk, address="gone@example.org", reason=Suppression.Reason.ERASED, now=NOW)

    assert [*blocking.lines(account.pk)] == []


def test_suppressions_on_the_page(client, cast, alice):
    account = cast[0].account
    client.post("/contacts/suppressions/add/", {"addresses": "zoe@example.org"})
    file = SimpleUploadedFile("x.csv", b"al@example.org\nshut.example.org\n")
    page = client.post("/contacts/suppressions/add/", {"file": file}, follow=True).content.decode()
    assert "1 address and 1 domain will never be mailed." in page
    assert "shut.example.org" in page
    body = b"".join(client.get("/contacts/suppressions/export.csv").streaming_content).decode()
    assert "zoe@example.org,Added by a member," in body
    assert "shut.example.org,Domain," in body
    with account_scope(account):
        manual, imported = Suppression.objects.get(reason="manual"), Suppression.objects.get(reason="imported")
        domain = DomainSuppression.objects.get()

    client.post(f"/contacts/suppressions/{manual.pk}/lift/", {})
    client.post(f"/contacts/suppressions/{imported.pk}/lift/", {"reason": "A typing error"})
    with account_scope(account):
        assert Suppression.objects.count() == 2
    client.post(f"/contacts/suppressions/{manual.pk}/lift/", {"reason": "A typing error"})
    client.post(f"/contacts/suppressions/domains/{domain.pk}/lift/", {"reason": "They asked us"})

    with account_scope(account):
        assert [each.reason for each in Suppression.objects.all()] == ["imported"]
        assert not DomainSuppression.objects.exists()
        assert {"reason": "A typing error"} in AuditActor.objects.values_list("details", flat=True)


def test_other_accounts_and_editors_lift_nothing(client, cast):
    with account_scope(cast[0].account):
        blocking.block_many(account_id=cast[0].account.pk, text="shut.example.org", now=NOW)
        domain = DomainSuppression.objects.get()
    client.force_login(cast[2].user)
    assert client.post(f"/contacts/suppressions/domains/{domain.pk}/lift/", {"reason": "x"}).status_code == 404
    client.force_login(cast[1].user)
    assert client.post(f"/contacts/suppressions/domains/{domain.pk}/lift/", {"reason": "x"}).status_code == 403
    client.force_login(make_member(account=cast[0].account, role=Role.VIEWER).user)
    assert client.get("/contacts/suppressions/export.csv").status_code == 403


def test_lists_and_tags_on_their_pages(client, cast, alice):
    account = cast[0].account
    with account_scope(account):
        sender = Sender.objects.create(name="Berg", email="hello@berg.example.org", verified_at=NOW)
    empty = client.get("/contacts/lists/").content.decode()
    assert (empty.count("/contacts/lists/add/"), "<textarea" in empty) == (
        2,
        False,
    )  # in the head, and in the empty state
    assert "Make the list" in client.get("/contacts/lists/add/").content.decode()
    values = {"name": "News", "description": "Every Friday", "double_opt_in": "on", "welcome_subject": "Hi"}
    assert client.post("/contacts/lists/add/", values).status_code == 422
    client.post("/contacts/lists/add/", {**values, "welcome_text": "Bread.", "sender_id": sender.pk})
    with account_scope(account):
        news = List.objects.get()
        assert (news.is_public, news.double_opt_in, news.sender_id) == (False, True, sender.pk)
        subscribing.subscribe(contact=add(account), list=news, source="member", now=NOW)
        one, two = (organising.create_tag(account_id=account.pk, name=name) for name in ("one", "two"))
    page = client.get("/contacts/lists/").content.decode()
    assert "Internal, double opt-in, welcome mail" in page
    assert "Berg &lt;hello@berg.example.org&gt;" in client.get(f"/contacts/lists/{news.pk}/").content.decode()

    client.post(f"/contacts/tags/{one.pk}/merge/", {"into": two.pk})
    page = client.post(f"/contacts/tags/{two.pk}/rename/", {"name": "Trade union members"}, follow=True)

    assert "specially protected" in page.content.decode()
    with account_scope(account):
        assert [tag.name for tag in Tag.objects.all()] == ["two"]
        assert Subscription.objects.count() == 1


def test_tags_of_other_accounts_are_not_merged(client, cast):
    with account_scope(cast[0].account):
        one = organising.create_tag(account_id=cast[0].account.pk, name="one")
    with account_scope(cast[2].account):
        other = organising.create_tag(account_id=cast[2].account.pk, name="other")
    client.force_login(cast[2].user)

    assert client.post(f"/contacts/tags/{one.pk}/merge/", {"into": other.pk}).status_code == 404
    client.post(f"/contacts/tags/{other.pk}/merge/", {"into": one.pk})

    with account_scope(cast[0].account):
        assert Tag.objects.get() == one
