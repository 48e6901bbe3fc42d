"""A contact's page: sources, histories, consents and the timeline."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from contacts.models import Contact, CustomField, List
from contacts.services import people, timeline
from contacts.services.fields import sources
from contacts.services.lists import subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.services import consents
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_cast()[0]
    client.force_login(alice.user)
    return alice


def add(account, email="zoe@example.org", **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def test_where_a_value_came_from_is_named(client, alice):
    from contacts.models import Import

    contact = add(alice.account, first_name="Zoe", last_name="Berg")
    with account_scope(alice.account):
        run = Import.objects.create(file_name="spring.csv", path="x", size=1)
        sources.mark(contact, names=["first_name"], source="import", source_id=run.pk, now=NOW)
        contact.save(update_fields=["value_sources"])

    page = client.get(f"/contacts/{contact.pk}/").content.decode()

    assert "Import “spring.csv”, 1 Mar 2027" in page
    assert 'title="Added by a member, 1 Mar 2027">Berg' in page


def test_history_of_a_list_and_consents_with_their_wording(client, alice):
    contact = add(alice.account, first_name="=Zoe")
    with account_scope(alice.account):
        news = List.objects.create(name="News")
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        subscribing.unsubscribe(
            account_id=alice.account_id, contact_id=contact.pk, list_ids=[news.pk], reason="Too much",
            now=NOW + timedelta(days=1),
        )  # fmt: skip
        consents.record_consent(
            account_id=alice.account_id, address_hash=bytes(contact.email_hash), wording_text="=I agree to News",
            channel=consents.Channel.MEMBER, list_id=news.pk, now=NOW,
        )  # fmt: skip

    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    made = json.loads(client.get(f"/contacts/{contact.pk}/consents.json").content)
    answer = client.get(f"/contacts/{contact.pk}/consents.csv")
    [row] = csv.DictReader(io.StringIO(answer.content.decode()))

    assert "=I agree to News" in page
    assert "Unsubscribed: Too much" in page
    [consent] = made["consents"]
    assert (made["person"], consent["wording"], consent["list"]) == ("zoe@example.org", "=I agree to News", "News")
    assert (row["wording"], row["wording_sha256"]) == ("'=I agree to News", consent["wording_sha256"])
    assert answer["Content-Disposition"] == f'attachment; filename="consents-{contact.pk}.csv"'
    with account_scope(alice.account):
        assert AuditEvent.objects.filter(action="contact.evidence").count() == 2


def test_pages_of_a_timeline_show_every_entry_once_also_of_one_moment(alice):
    contact = add(alice.account)
    with account_scope(alice.account):
        for number in range(7):
            timeline.write(contact_id=contact.pk, kind="tagged", now=NOW, details={"tag": f"t{number}"})
        same = [timeline.Entry(NOW, f"Opened {number}", number=number) for number in range(5)]

        def source(_contact, limit, bound):
            below = [each for each in same if bound is None or (each.at, each.number) < (bound.at, bound.number)]
            return sorted(below, key=lambda each: each.number, reverse=True)[:limit]

        for name in ("aaa", "zzz"):  # before and behind this app's own name
            timeline.register(name, source)
        try:
            seen, key, pages = [], "", 0
            while pages == 0 or key:
                page = timeline.read(contact, before=key, limit=3)
                seen += [entry.text for entry in page.entries]
                key, pages = page.older, pages + 1
        finally:
            for name in ("aaa", "zzz"):
                timeline._sources.pop(name)

    assert sorted(seen) == sorted(
        [
            "Added by a member",
            *(f"Tagged: t{number}" for number in range(7)),
            *(f"Opened {n}" for n in range(5) for _ in "ab"),
        ]
    )
    assert pages == 6


@pytest.mark.parametrize("before", ["", "nonsense", "2027-03-01T12:00:00+00:00~contacts~x", "2027-03-01~contacts~1"])
def test_older_entries_have_a_page_and_bad_keys_do_no_harm(client, alice, before):
    contact = add(alice.account)

    assert "Added by a member" in client.get(f"/contacts/{contact.pk}/timeline/", {"before": before}).content.decode()


def test_sent_mails_stand_on_the_timeline():
    from campaigns import timeline as mails
    from delivery.models import Message, Outcome
    from tests.tracking.makers import make_mailing

    mailing = make_mailing()
    with account_scope(mailing.account):
        message = Message.objects.filter(account_id=mailing.account_id, mailing_id=mailing.pk).first()
        Message.objects.filter(mailing_id=mailing.pk, sequence=message.sequence).update(
            outcome=Outcome.SENT, settled_at=NOW
        )
        contact = Contact.objects.get(pk=message.contact_id)
        assert [entry.text for entry in mails.entries(contact, 10, None)] == ["Sent a mail"]
        assert mails.entries(contact, 10, timeline.Bound(NOW, mailing.pk)) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_same_number_of_queries_however_much_there_is(client, alice, count):
    contact = add(alice.account)
    with account_scope(alice.account):
        for number in range(count):
            CustomField.objects.create(key=f"f{number}", label=f"F{number}")
            each = List.objects.create(name=f"List {number}")
            subscribing.subscribe(contact=contact, list=each, source="member", now=NOW)
            consents.record_consent(
                account_id=alice.account_id, address_hash=bytes(contact.email_hash), wording_text=f"I agree {number}",
                channel=consents.Channel.MEMBER, list_id=each.pk, now=NOW,
            )  # fmt: skip
        contact.values = {f"f{number}": "x" for number in range(count)}
        contact.save()
    client.get(f"/contacts/{contact.pk}/")

    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(f"/contacts/{contact.pk}/")

    assert len(captured) == QUERIES


QUERIES = 28
