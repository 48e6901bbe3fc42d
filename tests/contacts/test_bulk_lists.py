"""Subscribing, unsubscribing and deleting many: who said no stays out."""

from datetime import timedelta

import pytest

from contacts.models import Contact, List, Subscription
from contacts.services import merging, people
from contacts.services.bulk_actions import bulk
from contacts.services.lists import subscribing
from delivery.models import Mailing, Message
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, DomainSuppression
from privacy.services import consents, standing, standing_log
from tests.contacts.acting import add, begin, numbers, places, run, undo
from tests.factories import NOW, make_cast
from tests.tracking.makers import make_mailing
from tracking.services import opting_out

pytestmark = pytest.mark.django_db
State = Subscription.State


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
def news(account):
    with account_scope(account):
        return List.objects.create(name="News")


def test_subscribing_many_never_subscribes_who_said_no(account, news):
    left, bounced, held, domain, there, _new = (
        add(account, name) for name in ("left", "bounced", "held", "domain", "there", "new")
    )
    with account_scope(account):
        for contact in (left, there):
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        subscribing.unsubscribe(account_id=account.pk, contact_id=left.pk, list_ids=[news.pk], now=NOW)
        standing.suppress(account_id=account.pk, address=bounced.email, reason="bounced", now=NOW)
        standing.restrict(account_id=account.pk, address_hash=bytes(held.email_hash), now=NOW)
        people.edit_contact(contact=domain, changes={"email": "domain@shut.example.org"}, now=NOW)
        DomainSuppression.objects.create(account=account, domain="shut.example.org", created_at=NOW)

    action = run(account, begin(account, "subscribe", list=news))

    assert numbers(action) == ("done", 6, 1, 4)
    assert places(account) == {"left": "unsubscribed", "there": "subscribed", "new": "subscribed"}


def test_undoing_a_subscription_leaves_what_people_did_since(account, news):
    a, b, c = (add(account, name) for name in "abc")
    action = run(account, begin(account, "subscribe", list=news))
    with account_scope(account):
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=a.pk, list_ids=[news.pk], now=NOW + timedelta(hours=1)
        )
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=b.pk, list_ids=[news.pk], now=NOW + timedelta(hours=1)
        )
        subscribing.confirm(contact=b, list=news, source="form", now=NOW + timedelta(hours=2))

    undo(account, action, now=NOW + timedelta(days=1))

    assert action.put_back == 1
    assert places(account) == {"a": "unsubscribed", "b": "subscribed"}
    assert c.pk


def test_unsubscribing_many_holds_as_every_opt_out_and_can_be_taken_back(account, news):
    a, b, c = (add(account, name) for name in "abc")
    with account_scope(account):
        subscribing.subscribe(contact=a, list=news, source="member", now=NOW)
        subscribing.subscribe(contact=b, list=news, source="member", now=NOW, state=State.PENDING)
        consents.record_consent(
            account_id=account.pk, address_hash=bytes(a.email_hash), wording_text="Yes", channel="form",
            now=NOW, list_id=news.pk, confirmed=True,
        )  # fmt: skip
    later = NOW + timedelta(hours=1)

    action = run(account, begin(account, "unsubscribe", list=news, now=later), now=later)

    assert numbers(action) == ("done", 3, 2, 0)
    assert places(account) == {"a": "unsubscribed", "b": "unsubscribed"}
    with account_scope(account):
        assert Consent.objects.get().withdrawn_at == later
        with pytest.raises(subscribing.HasUnsubscribed):
            subscribing.subscribe(contact=a, list=news, source="member", now=later)
        standing.suppress(account_id=account.pk, address=c.email, reason="complained", now=later)

    undo(account, action, now=later + timedelta(minutes=5))

    assert places(account) == {"a": "subscribed", "b": "pending"}
    with account_scope(account):
        assert Consent.objects.get().withdrawn_at is None


def test_undoing_an_opt_out_leaves_who_complained_or_left_by_themselves(account, news):
    a, b, c = (add(account, name) for name in "abc")
    with account_scope(account):
        for contact in (a, b, c):
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
    action = run(account, begin(account, "unsubscribe", list=news))
    with account_scope(account):
        standing.suppress(account_id=account.pk, address=a.email, reason="complained", now=NOW)
        subscribing.confirm(contact=b, list=news, source="form", now=NOW + timedelta(hours=1))
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=b.pk, list_ids=[news.pk], now=NOW + timedelta(hours=2)
        )

    undo(account, action)

    assert places(account) == {"a": "unsubscribed", "b": "unsubscribed", "c": "subscribed"}


def test_undoing_an_opt_out_leaves_who_also_said_so_themselves(account, news):
    """By a page, by one click in a mail, or as another contact that was merged into the first since."""
    page, click, kept, gone = (add(account, name) for name in ("page", "click", "kept", "gone"))
    mailing = make_mailing(people=0, on_list=False, account=account)
    with account_scope(account):
        for contact in (page, click, kept, gone):
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        subscribing.unsubscribe(
            account_id=account.pk, contact_id=gone.pk, list_ids=[news.pk], reason="Never signed up", now=NOW
        )
        Message.objects.create(account_id=account.pk, mailing=mailing, sequence=1, contact_id=click.pk)
        Mailing.objects.update(list_ids=[news.pk])
    action = run(account, begin(account, "unsubscribe", list=news))

    since = NOW + timedelta(minutes=1)
    with account_scope(account):
        subscribing.unsubscribe(account_id=account.pk, contact_id=page.pk, list_ids=[news.pk], now=since)
        merging.merge(kept=kept, gone=gone, take_address=False, take=[], now=since)
    assert opting_out.opt_out_by_mail(mailing_id=mailing.pk, sequence=1, now=since)
    undo(account, action)

    assert places(account) == dict.fromkeys(("page", "click", "kept"), "unsubscribed")


@pytest.mark.django_db(transaction=True)
def test_opt_outs_of_many_are_written_down_outside_of_the_database(account, news):
    a = add(account, "a")
    with account_scope(account):
        subscribing.subscribe(contact=a, list=news, source="member", now=NOW)

    action = run(account, begin(account, "unsubscribe", list=news))
    undo(account, action)

    facts, _ = standing_log.read()
    assert [fact.what for fact in facts] == [standing_log.LEFT, standing_log.JOINED]


def test_deleting_many_keeps_opt_outs_and_leaves_the_restricted(account, news):
    a, left, held = add(account, "a"), add(account, "left"), add(account, "held")
    with account_scope(account):
        subscribing.subscribe(contact=left, list=news, source="member", now=NOW)
        subscribing.unsubscribe(account_id=account.pk, contact_id=left.pk, list_ids=[news.pk], now=NOW)
        standing.restrict(account_id=account.pk, address_hash=bytes(held.email_hash), now=NOW)

    action = run(account, begin(account, "delete"))

    assert numbers(action) == ("done", 3, 2, 1)
    with account_scope(account):
        assert [contact.email for contact in Contact.objects.all()] == ["held@example.org"]
        assert people.kind_of_block(account_id=account.pk, address="left@example.org")
        assert people.departed_hash(account_id=account.pk, contact_id=a.pk) == bytes(a.email_hash)
    assert not bulk.may_undo(action, now=NOW)
