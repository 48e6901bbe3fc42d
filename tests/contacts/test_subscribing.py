import pytest
from django.db.models import QuerySet

from accounts.models import Outbox
from contacts import queries
from contacts.models import Contact, ContactEvent, List, Subscription
from contacts.services import people
from contacts.services.lists import subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, DomainSuppression
from privacy.services import consents, standing
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    member = make_member()
    with account_scope(member.account):
        yield member.account


@pytest.fixture
def contact(account):
    return people.add_contact(account_id=account.pk, email="zoe@example.org", source=Contact.Source.MEMBER, now=NOW)


@pytest.fixture
def news(account):
    return List.objects.create(name="News")


@pytest.fixture
def offers(account):
    return List.objects.create(name="Offers")


def leave(contact, *lists, reason=""):
    ids = [each.pk for each in lists] or None
    return subscribing.unsubscribe(
        account_id=contact.account_id, contact_id=contact.pk, list_ids=ids, reason=reason, now=NOW
    )


def state(contact, list):
    return Subscription.objects.filter(contact=contact, list=list).values_list("state", flat=True).first()


def test_subscribe_leaves_a_pending_person_pending(contact, news):
    subscribing.subscribe(contact=contact, list=news, source="form", now=NOW, state=Subscription.State.PENDING)
    subscribing.subscribe(contact=contact, list=news, source="import", now=NOW)

    assert state(contact, news) == "pending"


def test_unsubscribed_person_is_not_subscribed_by_anybody_else(contact, news):
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    leave(contact, news, reason="Too many")

    with pytest.raises(subscribing.HasUnsubscribed):
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)

    assert state(contact, news) == "unsubscribed"


def test_unsubscribe_remembers_a_list_they_were_never_on(contact, news, offers):
    leave(contact, offers)

    with pytest.raises(subscribing.HasUnsubscribed):
        subscribing.subscribe(contact=contact, list=offers, source="import", now=NOW)


def test_unsubscribe_from_all_mail_suppresses_the_address(contact, news, offers):
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)

    assert leave(contact) == 1

    digest = address_hash(contact.email, account_id=contact.account_id)
    assert standing.blocked(account_id=contact.account_id, hashes=[digest])[digest].reason == "unsubscribed"
    with pytest.raises(subscribing.HasUnsubscribed):
        subscribing.subscribe(contact=contact, list=offers, source="member", now=NOW)


def test_unsubscribe_twice_changes_once(contact, news):
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)

    assert [leave(contact, news), leave(contact, news)] == [1, 0]
    assert ContactEvent.objects.filter(kind="unsubscribed").count() == 1


def test_unsubscribe_withdraws_the_consent(contact, news):
    consents.record_consent(
        account_id=contact.account_id,
        address_hash=bytes(contact.email_hash),
        wording_text="Write to me",
        channel=Consent.Channel.FORM,
        list_id=news.pk,
        confirmed=True,
        now=NOW,
    )
    subscribing.subscribe(contact=contact, list=news, source="form", now=NOW)

    leave(contact, news)

    assert Consent.objects.get().withdrawn_at == NOW


def test_an_opt_out_wins_over_a_member_who_subscribes_at_the_same_moment(contact, news, monkeypatch):
    real = QuerySet.bulk_create

    def late(rows, *args, **kwargs):
        monkeypatch.undo()
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        return real(rows, *args, **kwargs)

    monkeypatch.setattr(QuerySet, "bulk_create", late)
    leave(contact, news)

    assert state(contact, news) == "unsubscribed"


def test_own_act_brings_them_back(contact, news):
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    leave(contact)

    back = subscribing.resubscribe(
        account_id=contact.account_id, contact_id=contact.pk, list_ids=[news.pk], source="form", now=NOW
    )

    assert (back, state(contact, news)) == (1, "subscribed")
    assert standing.blocked(account_id=contact.account_id, hashes=[bytes(contact.email_hash)]) == {}


def test_own_act_does_not_lift_a_restriction(contact, news):
    standing.restrict(account_id=contact.account_id, address_hash=bytes(contact.email_hash), now=NOW)

    back = subscribing.resubscribe(
        account_id=contact.account_id, contact_id=contact.pk, list_ids=[news.pk], source="form", now=NOW
    )

    assert (back, state(contact, news)) == (0, None)


def test_own_act_greets_nobody_at_a_domain_that_is_never_mailed(contact, news):
    List.objects.update(welcome_subject="Hello", welcome_text="Fresh on Fridays.")
    leave(contact)
    DomainSuppression.objects.create(domain="example.org")
    with platform_scope("test"):
        mails = Outbox.objects.filter(kind="mail").count()

    back = subscribing.resubscribe(
        account_id=contact.account_id, contact_id=contact.pk, list_ids=[news.pk], source="form", now=NOW
    )

    assert (back, state(contact, news)) == (0, None)
    with platform_scope("test"):
        assert Outbox.objects.filter(kind="mail").count() == mails


@pytest.mark.parametrize("chosen", [("news",), ("news", "offers")])
def test_audience_has_each_subscribed_contact_once(contact, news, offers, chosen):
    other = people.add_contact(account_id=contact.account_id, email="al@example.org", source="member", now=NOW)
    subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    subscribing.subscribe(contact=contact, list=offers, source="member", now=NOW)
    subscribing.subscribe(contact=other, list=news, source="member", now=NOW, state=Subscription.State.PENDING)

    ids = [{"news": news, "offers": offers}[name].pk for name in chosen]

    assert list(queries.audience(ids)) == [contact]


@pytest.mark.parametrize("reason", ["bounced", "complained", "objected", "manual"])
def test_a_link_lifts_no_suppression_but_an_opt_out(account, contact, news, reason):
    standing.suppress(account_id=account.pk, address=contact.email, reason=standing.Reason(reason), now=NOW)

    done = subscribing.resubscribe(
        account_id=account.pk, contact_id=contact.pk, list_ids=[news.pk], source="form", now=NOW
    )

    hashed = bytes(contact.email_hash)
    assert (done, state(contact, news)) == (0, None)
    assert standing.blocked(account_id=account.pk, hashes=[hashed])[hashed].reason == reason
