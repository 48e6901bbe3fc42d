import io
from datetime import timedelta

import pytest

from contacts import personal_data
from contacts.models import (
    Contact,
    ContactEvent,
    FormSubmission,
    Import,
    ImportChange,
    ImportRefusal,
    List,
    Subscription,
)
from contacts.services import people
from contacts.services.imports import importing
from contacts.services.lists import organising, subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.registry import Match, Subject, SubjectKind
from privacy.services import erasing
from tests.contacts.factories import make_form
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"
    settings.LEDGER_DIR = tmp_path / "ledger"


def make_person(account, address="zoe@example.org"):
    """Everything that this app can hold of somebody."""
    with account_scope(account):
        earlier = people.add_contact(account_id=account.pk, email=address, source="member", now=NOW)
        earlier_id = earlier.pk
        people.delete_contact(contact=earlier, now=NOW)
        contact = people.add_contact(
            account_id=account.pk, email=address, first_name="Zoe", last_name="Berg", source="member", now=NOW
        )
        news = List.objects.create(name="News")
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        organising.tag_contacts(
            contacts=[contact], tag=organising.create_tag(account_id=account.pk, name="vip"), now=NOW
        )
        FormSubmission.objects.create(
            form=make_form(account, news), email_hash=contact.email_hash, form_version=1, sealed_values=b"x"
        )
        text = f"Email,Name\n{address.upper()},Zoe\nzoe@,{address}\n"
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(text.encode()), file_name="them.csv", user_id=None, now=NOW
        )
        ImportChange.objects.create(import_run=run, contact=contact, values={"first_name": ["", "Zoe", None]})
        ImportRefusal.objects.create(import_run=run, line=3, value=f"zoe@,{address}", reason="No address.")
        digest = address_hash(address, account_id=account.pk)
    return Subject(SubjectKind.CONTACT, account.pk, address, digest, contact_ids=(contact.pk, earlier_id))


def held(subject):
    with account_scope(subject.account_id):
        return {
            each.name: each.count(subject) for each in registry.held_of(SubjectKind.CONTACT) if each.app == "contacts"
        }


EVERYTHING = {
    "exports": 0, "searches": 0, "bulk_searches": 0, "segments": 0, "export_searches": 0,
    "codes": 0, "submissions": 1, "refusals": 1, "uploads": 1, "subscriptions": 1, "tags": 1, "timeline": 3, "contact": 1,
    "departed": 1, "import_changes": 1,
}  # fmt: skip


def test_everything_held_is_counted_and_exported():
    alice, _, _ = make_cast()
    subject = make_person(alice.account)

    with account_scope(alice.account):
        exported = {
            each.name: each.export(subject) for each in registry.held_of(SubjectKind.CONTACT) if each.app == "contacts"
        }

    assert held(subject) == EVERYTHING
    assert {name: len(rows) for name, rows in exported.items()} == EVERYTHING
    assert exported["contact"][0]["last_name"] == "Berg"
    assert exported["subscriptions"][0]["list"] == "News"
    assert exported["uploads"] == [{"file": "them.csv"}]


def test_erasure_takes_everything_of_this_person_and_nobody_else():
    alice, _, charlie = make_cast()
    subject, other = make_person(alice.account), make_person(charlie.account)
    with account_scope(alice.account):
        people.add_contact(account_id=alice.account_id, email="al@example.org", source="member", now=NOW)

    erasing.erase(subject=subject, reference="P-1", now=NOW)

    assert held(subject) == dict.fromkeys(EVERYTHING, 0)
    assert held(other) == EVERYTHING
    with account_scope(alice.account):
        assert list(Contact.objects.values_list("email", flat=True)) == ["al@example.org"]
        assert not ContactEvent.objects.filter(kind="subscribed").exists()
        assert not Subscription.objects.exists()
        run = Import.objects.get()
        assert (run.state, importing.file_of(run).exists()) == ("cancelled", False)
        with pytest.raises(people.KeptOut):
            people.add_contact(account_id=alice.account_id, email=subject.address, source="member", now=NOW)


def test_contacts_are_found_in_every_account():
    alice, _, charlie = make_cast()
    subjects = [make_person(each.account) for each in (alice, charlie)]

    with platform_scope("test"):
        found = registry.find_contacts("zoe@example.org")

    assert sorted(found, key=lambda match: match.account_id) == [
        Match(subject.account_id, contact_id, names)
        for subject in subjects
        for contact_id, names in zip(subject.contact_ids, [("Zoe Berg",), ()], strict=True)
    ]


def test_deleted_contacts_are_found_by_their_hash_after_a_restore():
    alice, _, _ = make_cast()
    subject = make_person(alice.account)

    with account_scope(alice.account):
        found = registry.find_by_hash(alice.account_id, subject.address_hash)

    assert [match.contact_id for match in found] == list(subject.contact_ids)


def test_erasing_again_without_an_address_leaves_other_peoples_rows():
    alice, _, _ = make_cast()
    subject = make_person(alice.account)
    stranger = Subject(SubjectKind.CONTACT, alice.account_id, "", address_hash("gone@example.org", account_id=1))

    with account_scope(alice.account):
        erasing.erase_rows(stranger, NOW)

    assert held(subject) == EVERYTHING


def test_unconfirmed_submissions_are_swept():
    alice, _, _ = make_cast()
    subject = make_person(alice.account)
    with account_scope(alice.account):
        FormSubmission.objects.update(submitted_at=NOW - timedelta(days=31))

    cutoff = NOW - timedelta(days=30)
    assert personal_data._sweep_unconfirmed(cutoff, True) == 1
    assert held(subject)["submissions"] == 1
    assert personal_data._sweep_unconfirmed(cutoff, False) == 1
    assert held(subject)["submissions"] == 0


def test_refused_rows_are_swept_90_days_after_the_import():
    alice, _, _ = make_cast()
    subject = make_person(alice.account)
    with account_scope(alice.account):
        Import.objects.update(finished_at=NOW, state="done")

    assert personal_data._sweep_refusals(NOW, False) == 0
    assert personal_data._sweep_refusals(NOW + timedelta(seconds=1), False) == 1
    assert held(subject)["refusals"] == 0
