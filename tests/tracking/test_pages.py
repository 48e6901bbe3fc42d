import pytest
from django.conf import settings
from django.test import Client

from contacts.models import Contact, ContactEvent, Subscription
from contacts.services import people
from delivery.services import compiling
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, Suppression
from privacy.services import standing
from tests.factories import NOW
from tests.tracking.makers import contact_of, make_mailing
from tracking.models import Inbox, Kind

pytestmark = pytest.mark.django_db
HOST = settings.CONTENT_URL.partition("//")[2]


@pytest.fixture
def visitor():
    """A browser without cookies, and with the check that forged forms meet."""
    return Client(headers={"host": HOST}, enforce_csrf_checks=True)


def token(mailing, sequence=1):
    return signing.message_token(mailing.pk, sequence)


def states(mailing, sequence=1):
    with account_scope(mailing.account_id):
        return list(Subscription.objects.filter(contact=contact_of(mailing, sequence)).values_list("state", flat=True))


def reasons(mailing):
    with account_scope(mailing.account_id):
        return list(Suppression.objects.values_list("reason", flat=True))


def events():
    with platform_scope("tests: look"):
        return list(Inbox.objects.values_list("kind", "method"))


def undo_of(answer):
    return answer.context["left"].undo


@pytest.mark.parametrize("page", ["u", "p"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_a_page_changes_nothing(visitor, page, method):
    mailing = make_mailing()

    answer = getattr(visitor, method)(f"/{page}/{token(mailing)}")

    assert answer.status_code == 200
    assert (states(mailing), reasons(mailing), events()) == (["subscribed"], [], [])
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies


@pytest.mark.parametrize("page", ["u", "p"])
def test_a_page_names_the_sender_and_shows_nothing_that_is_stored(visitor, page):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        Contact.objects.update(last_name="Lovelace", tracking_off=True, language="tlh")
        person = contact_of(mailing)

    text = visitor.get(f"/{page}/{token(mailing)}").content.decode()

    with account_scope(mailing.account_id):
        account = mailing.account
    assert account.name in text
    assert "Springfield" in text
    for private in (person.email, person.first_name, "Lovelace", "tlh", "subscribed"):
        assert private not in text


def test_a_page_looks_the_same_whatever_is_stored(visitor):
    mailing = make_mailing(people=2)
    with account_scope(mailing.account_id):
        Contact.objects.filter(pk=contact_of(mailing, 2).pk).update(tracking_off=True)
        Subscription.objects.filter(contact=contact_of(mailing, 2)).update(state="unsubscribed")

    pages = [
        visitor.get(f"/p/{token(mailing, n)}").content.decode().replace(token(mailing, n), "TOKEN") for n in (1, 2)
    ]

    assert pages[0] == pages[1]


def test_unsubscribe_takes_one_button(visitor):
    mailing = make_mailing(people=2)

    answer = visitor.post(f"/leave/{token(mailing)}", {"reason": "Too many mails"})

    assert answer.status_code == 200
    assert b"You are unsubscribed" in answer.content
    assert (states(mailing, 1), states(mailing, 2)) == (["unsubscribed"], ["subscribed"])
    assert events() == [(Kind.UNSUBSCRIBE, "PAGE")]
    with account_scope(mailing.account_id):
        assert Subscription.objects.get(contact=contact_of(mailing)).unsubscribe_reason == "Too many mails"
        assert [event.kind for event in ContactEvent.objects.all()] == ["unsubscribed"]


@pytest.mark.parametrize(("path", "form"), [("u", {}), ("leave", {"reason": "x"}), ("p", None)])
def test_an_opt_out_holds_where_the_contact_was_deleted_since(visitor, path, form):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        contact = contact_of(mailing)
        people.delete_contact(contact=contact, now=NOW)

    chosen = {f"list_{mailing.list_ids[0]}": "stop"} if form is None else form
    answer = visitor.post(f"/{path}/{token(mailing)}", chosen)

    assert (answer.status_code, reasons(mailing)) == (200, ["unsubscribed"])
    with account_scope(mailing.account_id), pytest.raises(people.KeptOut):
        people.add_contact(account_id=mailing.account_id, email=contact.email, source="member", now=NOW)


def test_preferences_of_somebody_deleted_bar_nobody_who_did_not_say_so(visitor):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        people.delete_contact(contact=contact_of(mailing), now=NOW)

    assert visitor.post(f"/p/{token(mailing)}", {"pause": "30"}).status_code == 200

    assert reasons(mailing) == []


def test_unsubscribe_with_an_odd_reason_works_too(visitor):
    mailing = make_mailing()

    assert visitor.post(f"/leave/{token(mailing)}", {"reason": "x" * 5000}).status_code == 200
    assert states(mailing) == ["unsubscribed"]


def test_unsubscribe_again_counts_once(visitor):
    mailing = make_mailing()

    for _ in range(2):
        assert visitor.post(f"/leave/{token(mailing)}").status_code == 200

    assert len(events()) == 1


def test_stop_all_mail_suppresses_the_address(visitor):
    mailing = make_mailing()

    visitor.post(f"/leave/{token(mailing)}", {"everything": "1"})

    assert (states(mailing), reasons(mailing)) == (["unsubscribed"], ["unsubscribed"])


@pytest.mark.parametrize("data", [{}, {"everything": "1"}])
def test_undo_puts_everything_back(visitor, data):
    mailing = make_mailing()
    left = visitor.post(f"/leave/{token(mailing)}", data)

    answer = visitor.post(f"/leave/{token(mailing)}/undo", {"undo": undo_of(left)})

    assert b"Everything is as before" in answer.content
    assert (states(mailing), reasons(mailing)) == (["subscribed"], [])


def test_undo_does_not_subscribe_where_nobody_was_subscribed(visitor):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        Subscription.objects.update(state="unsubscribed")

    left = visitor.post(f"/leave/{token(mailing)}")

    assert undo_of(left) == ""
    assert visitor.post(f"/leave/{token(mailing)}/undo", {"undo": ""}).status_code == 404
    assert states(mailing) == ["unsubscribed"]


def test_undo_leaves_a_complaint_alone(visitor):
    mailing = make_mailing()
    left = visitor.post(f"/leave/{token(mailing)}")
    with account_scope(mailing.account_id):
        standing.suppress(
            account_id=mailing.account_id,
            address=contact_of(mailing).email,
            reason=Suppression.Reason.COMPLAINED,
            now=NOW,
        )

    answer = visitor.post(f"/leave/{token(mailing)}/undo", {"undo": undo_of(left)})

    assert b"Nothing was changed" in answer.content
    assert (states(mailing), reasons(mailing)) == (["unsubscribed"], ["complained"])


def test_undo_of_one_message_is_not_anothers(visitor):
    mailing = make_mailing(people=2)
    left = visitor.post(f"/leave/{token(mailing, 1)}")
    visitor.post(f"/leave/{token(mailing, 2)}")

    assert visitor.post(f"/leave/{token(mailing, 2)}/undo", {"undo": undo_of(left)}).status_code == 404
    assert states(mailing, 2) == ["unsubscribed"]


def test_undo_runs_out(visitor, monkeypatch):
    from datetime import timedelta

    from django.utils.timezone import now

    mailing = make_mailing()
    left = visitor.post(f"/leave/{token(mailing)}")
    monkeypatch.setattr("tracking.views.opting_out.now", lambda: now() + timedelta(hours=2))

    assert visitor.post(f"/leave/{token(mailing)}/undo", {"undo": undo_of(left)}).status_code == 404


def test_mail_programs_one_click_works_here_too(visitor):
    mailing = make_mailing()

    answer = visitor.post(
        f"/u/{token(mailing)}", "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
    )

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert states(mailing) == ["unsubscribed"]


@pytest.mark.parametrize("gone", ["contact", "message", "mailing"])
def test_links_go_on_working_when_what_they_lead_to_is_gone(visitor, gone):
    mailing = make_mailing()
    link = token(mailing)
    with account_scope(mailing.account_id):
        if gone == "contact":
            contact_of(mailing).delete()
        elif gone == "message":
            link = token(mailing, 99)
        else:
            mailing.links.all().delete()
            mailing.delete()

    assert visitor.get(f"/u/{link}").status_code == 200
    assert visitor.get(f"/p/{link}").status_code == 200
    assert visitor.post(f"/leave/{link}").status_code == 200
    assert visitor.post(f"/p/{link}", {"pause": "30"}).status_code == 200


@pytest.mark.parametrize("path", ["/u/{}", "/p/{}", "/v/{}", "/leave/{}", "/leave/{}/undo"])
def test_forged_links_are_404(visitor, path):
    mailing = make_mailing()
    bad = token(mailing)[:-1] + "_"
    bad = bad if bad != token(mailing) else bad[:-1] + "A"

    answers = [visitor.get(path.format(bad)), visitor.post(path.format(bad))]

    assert all(answer.status_code in (403, 404, 405) for answer in answers)
    assert states(mailing) == ["subscribed"]


def test_a_test_mails_link_says_so(visitor):
    answer = visitor.get("/u/test")

    assert (answer.status_code, b"test mail" in answer.content) == (200, True)


def test_preferences_do_what_is_chosen_and_nothing_else(visitor):
    mailing = make_mailing()
    other = make_mailing(account=mailing.account)
    with account_scope(mailing.account_id):
        person = contact_of(mailing)
        weekly, daily = mailing.list_ids[0], other.list_ids[0]

    answer = visitor.post(
        f"/p/{token(mailing)}", {f"list_{weekly}": "stop", f"list_{daily}": "join", "pause": "60", "tracking": "off"}
    )

    assert answer.status_code == 200
    with account_scope(mailing.account_id):
        person.refresh_from_db()
        found = dict(Subscription.objects.filter(contact=person).values_list("list_id", "state"))
        assert found == {weekly: "unsubscribed", daily: "subscribed"}
        assert person.tracking_off is True
        assert person.paused_until is not None
        [consent] = Consent.objects.all()
        assert (consent.channel, consent.list_id, consent.confirmed_at is not None) == ("preferences", daily, True)


def test_preferences_left_as_they_are_change_nothing(visitor):
    mailing = make_mailing()
    with account_scope(mailing.account_id):
        before = Contact.objects.values().get()

    assert visitor.post(f"/p/{token(mailing)}", {}).status_code == 200

    with account_scope(mailing.account_id):
        assert Contact.objects.values().get() == before
    assert states(mailing) == ["subscribed"]


def test_preferences_offer_only_public_lists_of_this_account(visitor):
    mailing, stranger = make_mailing(), make_mailing()
    with account_scope(mailing.account_id):
        from contacts.models import List

        hidden = List.objects.create(name="Hidden ones", is_public=False)

    text = visitor.get(f"/p/{token(mailing)}").content.decode()
    visitor.post(f"/p/{token(mailing)}", {f"list_{hidden.pk}": "join", f"list_{stranger.list_ids[0]}": "join"})

    assert "Hidden ones" not in text
    assert states(mailing) == ["subscribed"]


def test_preferences_refuse_what_was_not_offered(visitor):
    mailing = make_mailing()

    assert visitor.post(f"/p/{token(mailing)}", {"pause": "9999"}).status_code == 422


def seen(visitor, mailing, sequence=1):
    return visitor.get(f"/v/{token(mailing, sequence)}")


def with_program(**values):
    mailing = make_mailing(**values)
    content = compiling.Content(subject="Hi", source="Hello **{{ contact.first_name | default: 'friend' }}**")
    with account_scope(mailing.account_id):
        mailing.program = compiling.pack(
            compiling.check_content(account=mailing.account, content=content), mailing.account
        )
        mailing.save()
    return mailing


def test_view_in_browser_shows_the_persons_mail_in_a_sandbox(visitor):
    mailing = with_program()

    answer = seen(visitor, mailing)

    assert b"Hello <strong>Ada" in answer.content
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert f"/u/{token(mailing)}" in answer.content.decode()


def test_view_in_browser_knows_nobody_who_is_erased_or_restricted(visitor):
    mailing = with_program(people=2)
    with account_scope(mailing.account_id):
        standing.restrict(account_id=mailing.account_id, address_hash=bytes(contact_of(mailing, 1).email_hash), now=NOW)
        contact_of(mailing, 2).delete()

    for sequence in (1, 2):
        assert b"Hello <strong>friend" in seen(visitor, mailing, sequence).content


def test_pages_are_not_on_the_members_host(client):
    mailing = make_mailing()

    path = f"/u/{token(mailing)}"
    answer = client.get(path, headers={"host": "localhost:8000"})

    assert (answer.status_code, answer["Location"]) == (302, settings.CONTENT_URL + path)
