import http.client
import threading
from datetime import timedelta
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.models import ContactEvent, Subscription
from contacts.services import people
from delivery.models import Link
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, Suppression
from privacy.services import consents
from privacy.services import standing as suppressions
from tests.factories import NOW
from tests.tracking import edge_process
from tests.tracking.makers import contact_of, make_mailing
from tracking.edge.links import as_location
from tracking.models import Inbox, Kind
from tracking.services import opting_out

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("host=" not in edge_process.settings.EDGE_DATABASE_URL, reason="needs PostgreSQL at a socket"),
]


@pytest.fixture(scope="module")
def edge(django_db_setup, tmp_path_factory):
    with edge_process.running(database_url=edge_process.edge_url(), spool=tmp_path_factory.mktemp("spool")) as one:
        yield one


def token(mailing, sequence=1):
    return signing.message_token(mailing.pk, sequence)


def inbox():
    with platform_scope("tests: look"):
        return list(Inbox.objects.order_by("id"))


def standing(mailing, sequence=1):
    with account_scope(mailing.account_id):
        return list(Subscription.objects.filter(contact=contact_of(mailing, sequence)).values_list("state", flat=True))


def test_open_is_committed_before_the_pixel_is_answered(edge):
    mailing = make_mailing()

    answer = edge.get(f"/o/{token(mailing)}", **{"X-Forwarded-For": "203.0.113.77"})

    assert (answer.status, answer.headers["content-type"], answer.body[:6]) == (200, "image/gif", b"GIF89a")
    assert "no-store" in answer.headers["cache-control"]
    [row] = inbox()
    assert (row.kind, row.mailing_id, row.sequence, row.link, row.method) == (Kind.OPEN, mailing.pk, 1, None, "GET")
    assert row.network == "203.0.113.0"
    assert "Firefox" in row.agent


def test_head_is_told_apart_and_has_no_body(edge):
    mailing = make_mailing()

    answer = edge.ask("HEAD", f"/o/{token(mailing)}")

    assert (answer.status, answer.body) == (200, b"")
    assert [row.method for row in inbox()] == ["HEAD"]


def test_addresses_are_truncated_in_both_families(edge):
    mailing = make_mailing()

    for address in ("203.0.113.77", "2001:db8:1234:5678::1", "nonsense"):
        edge.get(f"/o/{token(mailing)}", **{"X-Forwarded-For": address})

    assert [row.network for row in inbox()] == ["203.0.113.0", "2001:db8:1234::", ""]


def test_click_leads_to_the_owners_address(edge):
    mailing = make_mailing()

    answer = edge.get(f"/c/{token(mailing)}/2")

    assert (answer.status, answer.headers["location"]) == (302, "https://example.org/page2?a=%C3%BC%20b")
    assert [(row.kind, row.link) for row in inbox()] == [(Kind.CLICK, 2)]


@pytest.mark.parametrize(
    "tail",
    ["/3", "/x", "/", "", "/-1", "/1e1", "/99999", "/1/https://evil.example", "/https://evil.example", "/²"],
)
def test_click_on_no_link_leads_nowhere_and_counts_nothing(edge, tail):
    mailing = make_mailing()

    answer = edge.get(f"/c/{token(mailing)}{quote(tail)}")

    assert (answer.status, answer.headers["location"]) == (404, None)
    assert inbox() == []


def test_click_ignores_whatever_the_query_asks_for(edge):
    mailing = make_mailing()

    answer = edge.get(f"/c/{token(mailing)}/1?url=https://evil.example&to=//evil.example")

    assert answer.headers["location"].startswith("https://example.org/page1")


def test_click_never_leads_to_anything_but_the_web(edge):
    mailing = make_mailing(links=0)
    with account_scope(mailing.account_id):
        Link.objects.create(mailing=mailing, number=1, url="javascript:alert(1)")
        Link.objects.create(mailing=mailing, number=2, url="//evil.example")
        Link.objects.create(mailing=mailing, number=3, url="https://example.org/\r\nSet-Cookie: a=b")

    assert [edge.get(f"/c/{token(mailing)}/{n}").status for n in (1, 2)] == [404, 404]
    third = edge.get(f"/c/{token(mailing)}/3")
    assert (third.headers["set-cookie"], "\n" in third.headers["location"]) == (None, False)


def test_the_hidden_link_is_counted_and_leads_nowhere(edge):
    mailing = make_mailing()

    assert edge.get(f"/c/{token(mailing)}/0").status == 404
    assert [(row.kind, row.link) for row in inbox()] == [(Kind.CLICK, 0)]


def test_forged_tokens_are_refused_everywhere(edge):
    mailing = make_mailing()
    good = token(mailing)
    forged = [good[:n] + ("A" if good[n] != "A" else "B") + good[n + 1 :] for n in range(0, len(good), 3)]
    forged += [good[:-1], good + "A", "", "x" * 32, "%00", "é"]

    for bad in forged:
        path = quote(bad)
        assert edge.get(f"/o/{path}").status == 404
        assert edge.get(f"/c/{path}/1").status == 404
        assert edge.get(f"/u/{path}").status == 404
        assert edge.one_click(path).status == 404
    assert inbox() == []
    assert standing(mailing) == ["subscribed"]


@pytest.mark.parametrize("encoding", ["urlencoded", "multipart"])
def test_one_click_is_committed_before_its_answer(edge, encoding):
    mailing = make_mailing(people=2)
    with account_scope(mailing.account_id):
        consents.record_consent(
            account_id=mailing.account_id,
            address_hash=bytes(contact_of(mailing).email_hash),
            wording_text="Yes",
            channel=Consent.Channel.FORM,
            list_id=mailing.list_ids[0],
            now=NOW,
            confirmed=True,
        )
        Consent.objects.update(given_at=NOW.replace(year=2020), confirmed_at=NOW.replace(year=2020))

    answer = edge.one_click(token(mailing), encoding)

    assert (answer.status, answer.headers["location"], answer.headers["set-cookie"]) == (200, None, None)
    assert (standing(mailing, 1), standing(mailing, 2)) == (["unsubscribed"], ["subscribed"])
    with account_scope(mailing.account_id):
        assert Consent.objects.get().withdrawn_at is not None
        assert [event.kind for event in ContactEvent.objects.all()] == ["unsubscribed"]
    assert [row.kind for row in inbox()] == [Kind.UNSUBSCRIBE]


def test_one_click_again_changes_nothing(edge):
    mailing = make_mailing()

    first, second = edge.one_click(token(mailing)), edge.one_click(token(mailing))

    assert (first.status, first.body) == (second.status, second.body) == (200, second.body)
    assert len(inbox()) == 1
    with account_scope(mailing.account_id):
        assert ContactEvent.objects.count() == 1


def test_one_click_on_mail_to_no_list_suppresses_the_address(edge):
    mailing = make_mailing(on_list=False)

    assert edge.one_click(token(mailing)).status == 200

    with account_scope(mailing.account_id):
        [row] = Suppression.objects.all()
        assert (row.reason, bytes(row.address_hash)) == ("unsubscribed", bytes(contact_of(mailing).email_hash))


def test_one_click_after_the_person_left_the_list_is_remembered(edge):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        Subscription.objects.all().delete()

    edge.one_click(token(mailing))

    assert standing(mailing) == ["unsubscribed"]


def test_one_click_works_when_the_person_or_the_mailing_is_gone(edge):
    mailing = make_mailing(people=2)
    mailing_id, account_id = mailing.pk, mailing.account_id
    with account_scope(account_id):
        contact_of(mailing, 1).delete()
        Link.objects.all().delete()
        mailing.delete()

    answers = [edge.one_click(signing.message_token(mailing_id, n)).status for n in (1, 2)]
    answers.append(edge.one_click(signing.message_token(999_999, 1)).status)

    assert answers == [200, 200, 200]
    # Which lists it went to is not known any more, so the opt-out is from all mail.
    with account_scope(account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["unsubscribed"]


def test_one_click_by_somebody_whose_contact_was_deleted_keeps_them_out_for_good(edge):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        address = contact_of(mailing).email
        people.delete_contact(contact=contact_of(mailing), now=NOW)
        again = people.add_contact(account_id=mailing.account_id, email=address, source="member", now=NOW)

    answers = [edge.one_click(token(mailing)).status for _ in range(2)]

    assert answers == [200, 200]
    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["unsubscribed"]
        assert list(ContactEvent.objects.values_list("contact", "kind")) == [
            (again.pk, "added"),
            (again.pk, "unsubscribed"),
        ]
        people.delete_contact(contact=again, now=NOW)
        with pytest.raises(people.KeptOut):
            people.add_contact(account_id=mailing.account_id, email=address, source="member", now=NOW)


@pytest.mark.parametrize(
    ("before", "after"),
    [("bounced", "unsubscribed"), ("complained", "complained"), ("objected", "objected"), ("erased", "erased")],
)
def test_one_click_to_a_deleted_contact_never_weakens_a_worse_reason(edge, before, after):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        contact = contact_of(mailing)
        suppressions.suppress(account_id=mailing.account_id, address=contact.email, reason=before, now=NOW)
        people.delete_contact(contact=contact, now=NOW)

    assert edge.one_click(token(mailing)).status == 200

    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == [after]


def test_an_opt_out_replayed_late_leaves_a_later_confirmed_opt_in(edge):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        contact = contact_of(mailing)
        people.delete_contact(contact=contact, now=NOW)
        consents.record_consent(
            account_id=mailing.account_id, address_hash=bytes(contact.email_hash), wording_text="Yes", channel="form",
            now=NOW, confirmed=True,
        )  # fmt: skip

    opting_out.opt_out_by_mail(mailing_id=mailing.pk, sequence=1, now=NOW - timedelta(hours=1))
    with account_scope(mailing.account_id):
        assert not Suppression.objects.exists()
    opting_out.opt_out_by_mail(mailing_id=mailing.pk, sequence=1, now=NOW + timedelta(hours=1))

    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["unsubscribed"]


def test_get_and_head_never_opt_anybody_out(edge):
    mailing = make_mailing()

    for method in ("GET", "HEAD"):
        answer = edge.ask(method, f"/u/{token(mailing)}")
        assert (answer.status, answer.headers["location"]) == (302, f"http://content.test/u/{token(mailing)}")
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        assert edge.ask(method, f"/u/{token(mailing)}").status == 405
    assert edge.ask("POST", f"/u/{token(mailing)}", "something=else").status == 400
    assert edge.ask("POST", f"/u/{token(mailing)}", "List-Unsubscribe=One-Click" + "x" * 20_000).status == 413
    assert (standing(mailing), inbox()) == (["subscribed"], [])


def test_posts_elsewhere_are_refused(edge):
    mailing = make_mailing()

    assert edge.ask("POST", f"/o/{token(mailing)}", "x").status == 405
    assert edge.ask("GET", "/").status == 404
    assert inbox() == []


def test_the_edges_role_can_do_nothing_else():
    mailing = make_mailing()
    refused = [
        "SELECT * FROM tracking_inbox",
        "DELETE FROM tracking_inbox",
        "SELECT * FROM contacts_contact",
        "SELECT * FROM delivery_message",
        "SELECT label FROM delivery_link",
        "UPDATE delivery_link SET url = 'https://evil.example'",
        "UPDATE contacts_subscription SET state = 'subscribed'",
        "INSERT INTO privacy_suppression (account_id, address_hash, reason) VALUES (1, 'x', 'manual')",
        "INSERT INTO tracking_event (account_id, at, kind, mailing_id, sequence, is_machine) VALUES (1, now(), 1, 1, 1, false)",
        "SELECT * FROM tracking_spoolposition",
        "SELECT tracking_make_partition(now())",
        "SET ROLE ec_platform",
        "SET ROLE ec_app",
    ]
    with psycopg.connect(edge_process.edge_url(), autocommit=True) as connection:
        for statement in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        found = connection.execute("SELECT count(*) FROM delivery_link WHERE mailing_id = %s", [mailing.pk]).fetchone()
    assert found == (2,)


def test_kill_9_loses_nothing_that_was_answered(tmp_path):
    mailing = make_mailing(people=1)
    edge = edge_process.EdgeProcess(database_url=edge_process.edge_url(), spool=tmp_path)
    edge.start()
    answered, path = [], f"/o/{token(mailing)}"

    def ask():
        while True:
            try:
                answered.append(edge.get(path).status)
            except (OSError, http.client.HTTPException):
                return

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    while len(answered) < 200:
        pass
    edge.kill()
    for thread in threads:
        thread.join()

    assert set(answered) == {200}
    # What was in flight when it died may be there as well: at most one for each connection.
    assert len(answered) <= len(inbox()) <= len(answered) + 6


@given(st.text())
def test_as_location_is_a_plain_header_to_the_web_or_nothing(url):
    for text in (url, f"https://{url}", f"http://example.org/{url}"):
        try:
            location = as_location(text)
        except ValueError:
            continue
        if location is not None:
            assert location.isascii()
            assert not set(location) & set(b'\r\n \t\0<>"')
            assert location.lower().startswith((b"http://", b"https://"))
