import pytest
from django.db import connection

from accounts.models import AuditEvent
from contacts.models import Contact, ContactEvent, List, Subscription, Tag
from contacts.services import merging, people, timeline, undoing
from contacts.services.hosted import evidence
from contacts.services.lists import organising, subscribing
from emailconcert.lib.addresses import BadAddress, address_hash
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import DomainSuppression, Suppression
from privacy.services import consents, standing
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    member = make_member()
    with account_scope(member.account):
        yield member.account


def add(account, email="Zoe@Example.org", **more):
    return people.add_contact(account_id=account.pk, email=email, source=Contact.Source.MEMBER, now=NOW, **more)


def test_add_contact_normalises_and_hashes_the_address(account):
    contact = add(account, " Zoe@EXAMPLE.org ", first_name=" Zoe ", country="de")

    contact.refresh_from_db()
    assert (contact.email, contact.first_name, contact.country) == ("zoe@example.org", "Zoe", "DE")
    assert bytes(contact.email_hash) == address_hash("zoe@example.org", account_id=account.pk)


def test_add_contact_writes_timeline_and_audit(account):
    contact = add(account)

    assert list(ContactEvent.objects.values_list("contact", "kind", "at")) == [(contact.pk, "added", NOW)]
    with platform_scope("test"):
        assert list(AuditEvent.objects.values_list("action", "target_id")) == [("contact.added", str(contact.pk))]


def test_add_contact_refuses_a_known_address(account):
    contact = add(account)

    with pytest.raises(people.AlreadyThere) as error:
        add(account, "ZOE@example.org")

    assert error.value.contact == contact


def test_add_contact_refuses_what_is_no_address(account):
    with pytest.raises(BadAddress):
        add(account, "zoe at example")


def _suppress(reason):
    def block(account, address):
        standing.suppress(account_id=account.pk, address=address, reason=reason, now=NOW)

    return block


def _restrict(account, address):
    digest = address_hash(address, account_id=account.pk)
    standing.restrict(account_id=account.pk, address_hash=digest, now=NOW)


def _shut_domain(account, address):
    DomainSuppression.objects.create(domain=address.partition("@")[2])


BLOCKS = [*(_suppress(reason) for reason in Suppression.Reason.values), _restrict, _shut_domain]


@pytest.mark.parametrize("block", BLOCKS)
def test_add_contact_keeps_blocked_people_out_with_one_sentence(account, block):
    block(account, "zoe@example.org")

    with pytest.raises(people.KeptOut) as error:
        add(account)

    assert str(error.value) == str(people.KeptOut())
    assert Contact.objects.count() == 0


def test_edit_contact_writes_only_what_differs(account):
    contact = add(account, first_name="Zoe")

    people.edit_contact(contact=contact, changes={"first_name": "Zoe", "last_name": "Berg"}, now=NOW)
    people.edit_contact(contact=contact, changes={"last_name": "Berg"}, now=NOW)

    changes = ContactEvent.objects.filter(kind="changed").values_list("details", flat=True)
    assert list(changes) == [{"fields": ["last_name"]}]


def test_edit_contact_takes_a_suppression_to_the_new_address(account):
    contact = add(account)
    _suppress("unsubscribed")(account, contact.email)

    people.edit_contact(contact=contact, changes={"email": "new@example.org"}, now=NOW)

    hashes = [address_hash(each, account_id=account.pk) for each in ("zoe@example.org", "new@example.org")]
    assert set(standing.blocked(account_id=account.pk, hashes=hashes)) == set(hashes)


def test_edit_contact_takes_reasons_evidence_and_earlier_contacts_to_the_new_address(account):
    zoe, twin = add(account), add(account, email="twin@example.org")
    consents.record_consent(
        account_id=account.pk, address_hash=bytes(zoe.email_hash), wording_text="Yes", channel="form", now=NOW
    )
    merging.merge(kept=zoe, gone=twin, take_address=False, take=[], now=NOW)
    zoe = Contact.objects.get()
    for reason in ("imported", "complained"):  # neither of which a member may lift
        address = f"{reason}@example.org"
        standing.suppress(account_id=account.pk, address=zoe.email, reason=reason, now=NOW)
        people.edit_contact(contact=zoe, changes={"email": address}, now=NOW)
        digest = address_hash(address, account_id=account.pk)
        assert standing.blocked(account_id=account.pk, hashes=[digest])[digest].reason == reason

    assert len(evidence.of_contact(zoe)) == 1
    assert people.departed_hash(account_id=account.pk, contact_id=twin.pk) == bytes(zoe.email_hash)


def test_edit_contact_keeps_an_opt_out_with_the_address_left_behind(account):
    contact, news = add(account), List.objects.create(account=account, name="News")
    subscribing.subscribe(contact=contact, list=news, source=Contact.Source.MEMBER, now=NOW)
    subscribing.unsubscribe(account_id=account.pk, contact_id=contact.pk, list_ids=[news.pk], now=NOW)

    people.edit_contact(contact=contact, changes={"email": "new@example.org"}, now=NOW)

    with pytest.raises(people.KeptOut):
        add(account)
    assert people.kind_of_block(account_id=account.pk, address="new@example.org") is None


def test_edit_contact_leaves_restricted_people_as_they_are(account):
    contact = add(account)
    _restrict(account, contact.email)

    with pytest.raises(people.IsRestricted):
        people.edit_contact(contact=contact, changes={"first_name": "Z"}, now=NOW)


def test_delete_contact_keeps_an_opt_out(account):
    contact = add(account)
    news = List.objects.create(name="News")
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    subscribing.unsubscribe(account_id=account.pk, contact_id=contact.pk, list_ids=[news.pk], now=NOW)

    assert people.delete_contact(contact=contact, now=NOW) is True

    with pytest.raises(people.KeptOut):
        add(account)


def test_deleted_contact_that_had_not_opted_out_can_be_added_again(account):
    assert people.delete_contact(contact=add(account), now=NOW) is False

    assert add(account).email == "zoe@example.org"


def test_deletion_keeps_whose_the_contact_was_and_its_undo_forgets_it(account):
    contact = add(account)
    pk, digest = contact.pk, bytes(contact.email_hash)

    secret = undoing.delete_contacts(contacts=[contact], now=NOW)

    assert people.departed_hash(account_id=account.pk, contact_id=pk) == digest
    assert undoing.restore(account_id=account.pk, secret=secret, now=NOW) == 1
    assert people.departed_hash(account_id=account.pk, contact_id=pk) is None


def test_undo_of_a_deletion_leaves_out_lists_and_tags_that_are_gone(account):
    contact, news, tag = add(account), List.objects.create(name="News"), Tag.objects.create(name="Regular")
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    organising.tag_contacts(contacts=[contact], tag=tag, now=NOW)
    secret = undoing.delete_contacts(contacts=[contact], now=NOW)
    organising.delete_list(list=news, now=NOW)
    organising.delete_tag(tag=tag, now=NOW)

    assert undoing.restore(account_id=account.pk, secret=secret, now=NOW) == 1

    connection.check_constraints()
    assert not Subscription.objects.exists()


def test_contacts_of_two_accounts_do_not_meet():
    alice, _, charlie = make_cast()
    with account_scope(alice.account):
        mine = add(alice.account)
    with account_scope(charlie.account):
        theirs = add(charlie.account)
        found = list(Contact.objects.all())

    assert found == [theirs]
    assert bytes(mine.email_hash) != bytes(theirs.email_hash)


def test_timeline_shows_registered_sources_the_newest_first(account):
    contact = add(account)
    later = timeline.Entry(NOW.replace(year=2028), "Opened “Spring”")
    timeline.register("test", lambda contact, limit, bound: [later])
    try:
        entries = timeline.read(contact).entries
    finally:
        timeline._sources.pop("test")

    assert [entry.text for entry in entries] == ["Opened “Spring”", "Added by a member"]


def test_timeline_says_how_a_person_came(account):
    contact = add(account)
    Contact.objects.filter(pk=contact.pk).update(source=Contact.Source.DEMO)
    contact.refresh_from_db()

    assert [entry.text for entry in timeline.read(contact).entries] == ["Came with the sample data"]


def test_subscription_state_survives_in_no_other_account(account):
    contact = add(account)
    news = List.objects.create(name="News")
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)

    assert list(Subscription.objects.values_list("state", "confirmed_at")) == [("subscribed", NOW)]
