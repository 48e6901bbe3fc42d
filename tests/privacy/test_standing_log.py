"""What people said after a backup holds after it was put back."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import Contact, List, Subscription
from contacts.services import people
from contacts.services.lists import subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Restriction, Suppression
from privacy.services import standing, standing_again, standing_log
from privacy.services.standing import LiftedBy, Reason
from tests.delivery import makers
from tests.factories import AccountFactory
from tracking.services import emptying

WHO = ("ada", "bea", "cem", "dee", "eve")


def hash_of(account, who):
    return address_hash(f"{who}@example.com", account_id=account.pk)


def suppressions(account):
    with account_scope(account):
        return {bytes(row.address_hash): row.reason for row in Suppression.objects.all()}


def states(account):
    with account_scope(account):
        rows = Subscription.objects.values_list("contact__email", "list__name", "state")
        return {f"{email.partition('@')[0]} {name}": state for email, name, state in rows}


@pytest.mark.django_db(transaction=True)
def test_what_was_said_after_the_backup_holds(tmp_path):
    account = AccountFactory()
    with account_scope(account):
        news = List.objects.create(name="News")
        offers = List.objects.create(name="Offers")
        known = {}
        for who in WHO[:4]:
            made = people.add_contact(
                account_id=account.pk, email=f"{who}@example.com", source="member", now=timezone.now()
            )
            known[who] = Contact.objects.get(email=f"{who}@example.com")
            assert made
            for each in (news, offers):
                subscribing.subscribe(contact=known[who], list=each, source="member", now=timezone.now())
        standing.suppress(
            account_id=account.pk, address="dee@example.com", reason=Reason.COMPLAINED, now=timezone.now()
        )
    call_command("backup", tmp_path / "backup", stdout=StringIO())

    now = timezone.now()
    with account_scope(account):
        standing.suppress(account_id=account.pk, address="ada@example.com", reason=Reason.OBJECTED, now=now)
        standing.restrict(account_id=account.pk, address_hash=hash_of(account, "bea"), now=now)
        subscribing.unsubscribe(account_id=account.pk, contact_id=known["cem"].pk, list_ids=[news.pk], now=now)
        late = people.add_contact(account_id=account.pk, email="eve@example.com", source="member", now=now)
        assert late
        eve = Contact.objects.get(email="eve@example.com")
        subscribing.subscribe(contact=eve, list=news, source="member", now=now)
        subscribing.unsubscribe(account_id=account.pk, contact_id=eve.pk, list_ids=[news.pk], now=now)
    call_command("restore", tmp_path / "backup", yes=True, stdout=StringIO())
    assert suppressions(account) == {hash_of(account, "dee"): "complained"}
    assert states(account)["cem News"] == "subscribed"

    out = StringIO()
    call_command("replay_erasures", json=True, stdout=out)

    report = json.loads(out.getvalue())["standing"]
    assert report == {"suppressed": 2, "restricted": 1, "left_lists": 1, "unreadable_lines": 0}
    assert suppressions(account) == {
        hash_of(account, "dee"): "complained",
        hash_of(account, "ada"): "objected",
        hash_of(account, "eve"): "unsubscribed",  # whose contact came after the backup
    }
    with account_scope(account):
        assert bytes(Restriction.objects.get().address_hash) == hash_of(account, "bea")
    assert states(account)["cem News"] == "unsubscribed"
    assert states(account)["cem Offers"] == "subscribed"
    assert standing_again.replay() == standing_again.Held()


@pytest.mark.django_db(transaction=True)
def test_what_was_taken_back_before_does_not_come_again():
    account = AccountFactory()
    digest = hash_of(account, "ada")
    with account_scope(account):
        a_list = List.objects.create(name="News")
        contact = Contact.objects.create(email="ada@example.com", email_hash=digest, source="member")
        subscribing.subscribe(contact=contact, list=a_list, source="member", now=timezone.now())
    for _ in range(2):
        with account_scope(account):
            standing.suppress(
                account_id=account.pk, address="ada@example.com", reason=Reason.UNSUBSCRIBED, now=timezone.now()
            )
            standing.restrict(account_id=account.pk, address_hash=digest, now=timezone.now())
            subscribing.unsubscribe(
                account_id=account.pk, contact_id=contact.pk, list_ids=[a_list.pk], now=timezone.now()
            )
        with account_scope(account):
            standing.lift(account_id=account.pk, address_hash=digest, by=LiftedBy.PERSON)
            standing.unrestrict(account_id=account.pk, address_hash=digest)
            subscribing.confirm(contact=contact, list=a_list, source="form", now=timezone.now())

    assert standing_again.replay() == standing_again.Held()
    assert suppressions(account) == {}
    assert states(account) == {"ada News": "subscribed"}

    with account_scope(account):
        contact.delete()
    assert standing_again.replay() == standing_again.Held()


@pytest.mark.django_db(transaction=True)
def test_only_what_was_committed_is_written_and_a_cut_line_is_passed_over():
    account = AccountFactory()
    with account_scope(account):
        standing.suppress(account_id=account.pk, address="ada@example.com", reason=Reason.MANUAL, now=timezone.now())
        transaction.set_rollback(True)
    assert standing_log.read() == ([], 0)

    standing_log.file_path().parent.mkdir(parents=True, exist_ok=True)
    standing_log.file_path().write_bytes(b'{"account": 1, "ha')
    standing.suppress(account_id=account.pk, address="ada@example.com", reason=Reason.MANUAL, now=timezone.now())

    [fact], unreadable = standing_log.read()
    assert (fact.account_number, fact.address_hash, fact.what) == (account.pk, hash_of(account, "ada"), "manual")
    assert unreadable == 1
    assert b"ada" not in standing_log.file_path().read_bytes()


@pytest.mark.django_db(transaction=True)
def test_facts_of_an_account_that_had_the_number_before_are_left_alone():
    account = AccountFactory()
    before = account.created_at - timedelta(days=1)
    standing_log.write([standing_log.Fact(account.pk, hash_of(account, "ada"), "objected", before)])

    assert standing_again.replay() == standing_again.Held()
    assert suppressions(account) == {}


@pytest.mark.django_db(transaction=True)
def test_one_click_at_the_edge_is_written_down_when_the_inbox_is_emptied():
    mailing = makers.make_started(people=1)
    with platform_scope("test"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tracking_opt_out(%s, 1, %s, '', 'mail', NULL)", [mailing.pk, timezone.now() - timedelta(minutes=1)]
        )
    assert standing_log.read() == ([], 0)

    emptying.empty_inbox(now=timezone.now())

    [fact], _ = standing_log.read()
    assert (fact.what, [fact.list_number]) == ("left", mailing.list_ids)
    assert fact.address_hash == address_hash("p1@example.com", account_id=mailing.account_id)
