import csv
import io

import pytest

from contacts.models import Contact, ContactEvent, ContactTag, CustomField, List, Subscription
from contacts.services import people
from contacts.services.imports import importing
from contacts.services.lists import subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from tests.contacts.importing import FILE, bring_in, prepare, run_all, stored
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def account():
    return make_member().account


@pytest.fixture
def news(account):
    with account_scope(account):
        return List.objects.create(name="News")


def test_import_adds_people_and_counts_every_row_once(account):
    counts = bring_in(account, FILE)

    assert counts == (3, 0, 0, 1, 2, 0, 0)
    assert stored(account, "first_name", "source") == [
        ("al@example.org", "Al", "import"),
        ("kim@example.org", "Kim", "import"),
        ("zoe@example.org", "Zoe", "import"),
    ]


def test_import_says_which_rows_were_refused_and_why(account):
    run = prepare(account, FILE)
    run_all(account, run)

    with account_scope(account):
        rows = list(importing.refusals(run))
    assert [(line, value) for line, value, _ in rows] == [(6, "not an address,X,Y"), (8, ",Nobody,")]
    assert rows[1][2] == "There is no email address in this row."


def test_import_keeps_the_source_of_each_contact(account):
    run = prepare(account, FILE)
    run_all(account, run)

    with account_scope(account):
        assert set(Contact.objects.values_list("source_id", flat=True)) == {run.pk}


def test_imported_hash_is_the_accounts_own(account):
    bring_in(account, FILE)

    with account_scope(account):
        for contact in Contact.objects.all():
            assert bytes(contact.email_hash) == address_hash(contact.email, account_id=account.pk)


def test_import_keeps_unknown_columns_as_new_fields(account):
    bring_in(account, FILE, mapping={"0": "email", "2": "new"})

    with account_scope(account):
        assert list(CustomField.objects.values_list("key", "label")) == [("city", "City")]
    assert stored(account, "values")[0] == ("al@example.org", {"city": "New York"})


@pytest.mark.parametrize(
    ("known", "first_name", "values", "counts"),
    [
        ("fill", "Zoe", {"city": "Köln", "job": "Baker"}, (0, 1, 0, 0, 0, 0, 0)),
        ("overwrite", "Zoë", {"city": "Bonn", "job": "Baker"}, (0, 1, 0, 0, 0, 0, 0)),
        ("skip", "Zoe", {"city": "Köln"}, (0, 0, 1, 0, 0, 0, 0)),
    ],
)
def test_import_treats_known_people_as_chosen(account, known, first_name, values, counts):
    with account_scope(account):
        people.add_contact(
            account_id=account.pk,
            email="zoe@example.org",
            first_name="Zoe",
            values={"city": "Köln"},
            source="member",
            now=NOW,
        )

    found = bring_in(
        account,
        "Email,First,City,Job\nzoe@example.org,Zoë,Bonn,Baker\n",
        mapping={"0": "email", "1": "first_name", "2": "new", "3": "new"},
        known=known,
    )

    assert found == counts
    assert stored(account, "first_name", "values", "source") == [("zoe@example.org", first_name, values, "member")]


def test_import_of_the_same_file_again_rewrites_nothing(account, news):
    bring_in(account, FILE, list=news)
    with account_scope(account):
        before = list(
            Contact.objects.order_by("pk").extra(select={"version": "xmin::text"}).values_list("pk", "version")
        )

    counts = bring_in(account, FILE, list=news, known="overwrite")

    with account_scope(account):
        after = list(
            Contact.objects.order_by("pk").extra(select={"version": "xmin::text"}).values_list("pk", "version")
        )
    assert counts == (0, 0, 3, 1, 2, 0, 0)
    assert after == before


def test_import_subscribes_with_evidence_of_consent(account, news):
    bring_in(account, FILE, list=news, wording="I want the news by mail.")

    with account_scope(account):
        assert Subscription.objects.filter(list=news, state="subscribed", source="import").count() == 3
        evidence = Consent.objects.select_related("wording")
        assert {(each.wording.text, each.channel, each.list_id) for each in evidence} == {
            ("I want the news by mail.", "import", news.pk)
        }
        assert {bytes(each.address_hash) for each in evidence} == {
            bytes(each.email_hash) for each in Contact.objects.all()
        }


def test_import_tags_people(account):
    counts = bring_in(account, 'Email,Tags\nzoe@example.org,"vip, new"\nal@example.org,vip\nkim@example.org,\n')

    assert counts[0] == 3
    with account_scope(account):
        found = ContactTag.objects.order_by("contact__email", "tag__name").values_list("contact__email", "tag__name")
        assert list(found) == [("al@example.org", "vip"), ("zoe@example.org", "new"), ("zoe@example.org", "vip")]


def test_import_writes_the_timeline_of_those_it_changed(account, news):
    with account_scope(account):
        zoe = people.add_contact(account_id=account.pk, email="zoe@example.org", source="member", now=NOW)
    run = prepare(account, FILE, list=news)
    run_all(account, run)

    with account_scope(account):
        events = ContactEvent.objects.filter(kind="imported").values_list("contact", "details")
        assert list(events) == [(zoe.pk, {"import": run.pk})]


def test_import_leaves_a_pending_person_pending(account, news):
    with account_scope(account):
        zoe = people.add_contact(account_id=account.pk, email="zoe@example.org", source="form", now=NOW)
        subscribing.subscribe(contact=zoe, list=news, source="form", now=NOW, state="pending")

    bring_in(account, "Email\nzoe@example.org\n", list=news)

    with account_scope(account):
        assert Subscription.objects.get().state == "pending"


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [({"1": "first_name"}, "which column holds"), ({"0": "email", "1": "email"}, "Two columns")],
)
def test_mapping_that_makes_no_sense_is_refused(account, mapping, sentence):
    with pytest.raises(importing.BadMapping, match=sentence):
        prepare(account, FILE, mapping=mapping)


def test_import_stays_in_its_account():
    alice, _, charlie = make_cast()
    bring_in(alice.account, FILE)
    bring_in(charlie.account, "Email,First name\nzoe@example.org,Other\n")

    assert stored(alice.account, "first_name")[2] == ("zoe@example.org", "Zoe")
    assert stored(charlie.account, "first_name") == [("zoe@example.org", "Other")]


def test_whatever_stands_in_a_cell_is_stored_as_it_is(account):
    cells = ["a\\b", 'say "hi"', "tab\there", "\\N", "\\.", "two\nlines", "{x,y}", "ü\x1fz", "null", "'"]
    rows = [[f"p{n}@example.org", cell, cell, cell, cell] for n, cell in enumerate(cells)]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["Email", "First", "Long", "Text", "Tags"], *rows])
    mapping = {"0": "email", "1": "first_name", "2": "new:long_text", "3": "new:text", "4": "tags"}

    bring_in(account, buffer.getvalue(), mapping=mapping)

    with account_scope(account):
        for number, cell in enumerate(cells):
            contact = Contact.objects.get(email=f"p{number}@example.org")
            plain = " ".join(cell.split())
            assert (contact.first_name, contact.values["text"]) == (plain, plain)
            assert contact.values["long"] == cell
            wanted = [" ".join(name.split()).strip(' "') for name in cell.replace("|", ",").split(",")]
            assert sorted(link.tag.name for link in contact.tag_links.all()) == sorted(wanted)
