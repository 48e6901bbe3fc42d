"""Making one contact of two."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from contacts.models import Contact, ContactEvent, ContactTag, CustomField, DepartedContact, List, Subscription
from contacts.personal_data import find_by_hash
from contacts.services import merging, people
from contacts.services.lists import organising, subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from privacy.services import consents, contact_requests, standing
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def account(cast):
    with account_scope(cast[0].account):
        yield cast[0].account


def add(account, email, **more):
    return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def merge(kept, gone, *, take_address=False, take=()):
    return merging.merge(kept=kept, gone=gone, take_address=take_address, take=take, now=LATER)


def test_fields_are_chosen_one_by_one(account):
    CustomField.objects.create(key="city", label="City")
    kept = add(account, "zoe@example.org", first_name="Zoe", country="IE", values={"city": "Cork"})
    gone = add(account, "z.berg@example.org", first_name="Zoë", last_name="Berg", values={"city": "Galway"})

    assert [(each.name, each.kept, each.gone) for each in merging.differences(kept, gone)] == [
        ("first_name", "Zoe", "Zoë"), ("last_name", "", "Berg"), ("country", "IE", ""), ("field:city", "Cork", "Galway"),
    ]  # fmt: skip
    merge(kept, gone, take=["first_name", "last_name", "email", "no such"])

    one = Contact.objects.get()
    assert (one.pk, one.email, str(one), one.country, one.values) == (
        kept.pk, "zoe@example.org", "Zoë Berg", "IE", {"city": "Cork"},
    )  # fmt: skip
    assert AuditEvent.objects.filter(action="contact.merged").count() == 1


def test_merging_twice_at_once_is_told(account):
    kept, gone = add(account, "zoe@example.org"), add(account, "z.berg@example.org")
    merge(kept, gone)

    with pytest.raises(merging.IsGone):
        merge(kept, gone)


def test_nobody_slips_away_from_their_own_request(account):
    """Requests are carried out by address: a contact that lost it meanwhile would not be erased."""
    kept, gone = add(account, "zoe@example.org"), add(account, "z.berg@example.org")
    contact_requests.ask(
        account_id=account.pk, business_name=account.name, wanted_type="erase", full_name="Zoe Berg", email=gone.email,
        language="en", now=LATER,
    )  # fmt: skip

    with pytest.raises(contact_requests.IsUnderWay):
        merge(kept, gone)
    with pytest.raises(contact_requests.IsUnderWay):
        people.edit_contact(contact=gone, changes={"email": "new@example.org"}, now=LATER)
    people.edit_contact(contact=kept, changes={"email": "new@example.org"}, now=LATER)


def test_an_opt_out_wins_and_the_stronger_standing_stays(account):
    kept, gone = add(account, "a@example.org"), add(account, "b@example.org")
    lists = {name: List.objects.create(name=name) for name in ("out", "in", "moved", "waits")}
    for contact, names in ((kept, ("out", "in")), (gone, ("out", "in", "moved", "waits"))):
        for name in names:
            state = (
                Subscription.State.PENDING if (contact == kept and name == "in") or name == "waits" else "subscribed"
            )
            subscribing.subscribe(contact=contact, list=lists[name], source="member", now=NOW, state=state)
    for contact in (kept, gone):
        consents.record_consent(
            account_id=account.pk, address_hash=bytes(contact.email_hash), wording_text="Yes", channel="form",
            now=NOW, list_id=lists["out"].pk, confirmed=True,
        )  # fmt: skip
    subscribing.unsubscribe(account_id=account.pk, contact_id=gone.pk, list_ids=[lists["out"].pk], now=NOW)

    merge(kept, gone)

    assert dict(Subscription.objects.values_list("list__name", "state")) == {
        "out": "unsubscribed", "in": "subscribed", "moved": "subscribed", "waits": "pending",
    }  # fmt: skip
    found = Consent.objects.values_list("address_hash", "withdrawn_at")
    assert [(bytes(digest), withdrawn is not None) for digest, withdrawn in found] == [
        (bytes(kept.email_hash), True)
    ] * 2
    with pytest.raises(people.KeptOut):
        add(account, "b@example.org")


@pytest.mark.parametrize("take_address", [False, True])
@pytest.mark.parametrize("whose", ["kept", "gone"])
def test_suppression_of_either_follows_to_the_address_that_stays(account, take_address, whose):
    contacts = {"kept": add(account, "a@example.org"), "gone": add(account, "b@example.org")}
    standing.suppress(account_id=account.pk, address=contacts[whose].email, reason="complained", now=NOW)

    one = merge(contacts["kept"], contacts["gone"], take_address=take_address)

    assert one.email == ("b@example.org" if take_address else "a@example.org")
    assert Contact.objects.get().email == one.email
    assert people.kind_of_block(account_id=account.pk, address=one.email) == standing.Kind.SUPPRESSED
    assert people.kind_of_block(account_id=account.pk, address=contacts[whose].email)


def test_tags_timeline_and_what_was_sent_stay_with_the_person(account):
    kept, gone, before = (add(account, f"{name}@example.org") for name in "abc")
    one, two = (organising.create_tag(account_id=account.pk, name=name) for name in ("one", "two"))
    organising.tag_contacts(contacts=[kept, gone], tag=one, now=NOW)
    organising.tag_contacts(contacts=[gone], tag=two, now=NOW)
    merge(gone, before)

    merged = merge(kept, gone, take_address=True)

    assert set(ContactTag.objects.values_list("contact_id", "tag__name")) == {(kept.pk, "one"), (kept.pk, "two")}
    assert set(ContactEvent.objects.values_list("contact_id", flat=True)) == {kept.pk}
    assert {match.contact_id for match in find_by_hash(account.pk, bytes(merged.email_hash))} == {
        kept.pk, gone.pk, before.pk,
    }  # fmt: skip
    assert DepartedContact.objects.count() == 2


def test_nobody_is_merged_with_themselves_or_while_restricted(account):
    kept, gone = add(account, "a@example.org"), add(account, "b@example.org")
    with pytest.raises(merging.SameContact):
        merge(kept, kept)
    standing.restrict(account_id=account.pk, address_hash=bytes(gone.email_hash), now=NOW)
    with pytest.raises(people.IsRestricted):
        merge(kept, gone)
    assert Contact.objects.count() == 2


def test_page_finds_compares_and_merges_once_sure(client, cast):
    account = cast[0].account
    client.force_login(cast[0].user)
    with account_scope(account):
        kept = add(account, "zoe@example.org", first_name="Zoe", last_name="Berg")
        gone = add(account, "z@example.org", first_name="Zoe", last_name="Berg", country="IE")

    assert f"?with={gone.pk}" in client.get(f"/contacts/{kept.pk}/merge/").content.decode()
    page = client.get(f"/contacts/{kept.pk}/merge/?with={gone.pk}").content.decode()
    assert 'name="take-country" value="gone" checked' in page
    values = {"with": gone.pk, "address": "gone", "take-country": "gone"}
    client.post(f"/contacts/{kept.pk}/merge/now/", values)
    with account_scope(account):
        assert Contact.objects.count() == 2
    client.post(f"/contacts/{kept.pk}/merge/now/", {**values, "sure": "1"})

    with account_scope(account):
        one = Contact.objects.get()
        assert (one.pk, one.email, one.country) == (kept.pk, "z@example.org", "IE")


def test_contacts_of_other_accounts_are_404(client, cast):
    with account_scope(cast[0].account):
        kept = add(cast[0].account, "a@example.org")
    with account_scope(cast[2].account):
        other = add(cast[2].account, "b@example.org")
    client.force_login(cast[0].user)

    assert client.get(f"/contacts/{kept.pk}/merge/?with={other.pk}").status_code == 404
    assert client.post(f"/contacts/{kept.pk}/merge/now/", {"with": other.pk, "sure": "1"}).status_code == 404
    assert client.get(f"/contacts/{other.pk}/merge/").status_code == 404
