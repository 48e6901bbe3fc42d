from datetime import timedelta
from urllib.parse import urlsplit

import orjson
import pytest
from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from accounts.models import Account, Outbox
from accounts.services import outbox
from contacts import fields
from contacts.hosted import proof
from contacts.models import Contact, CustomField, Form, FormSubmission, List, Subscription
from contacts.services import people
from contacts.services.fields import field_values
from contacts.services.hosted import form_keeping, signing_up, taking_in
from contacts.services.lists import subscribing
from emailconcert.lib import encryption
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, DomainSuppression
from privacy.services import guard, lexicon, standing
from tests.contacts.factories import WORDING, make_form
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def content(settings):
    """A browser on the content host."""
    return Client(headers={"host": urlsplit(settings.CONTENT_URL).netloc})


@pytest.fixture
def account():
    return make_member().account


@pytest.fixture
def form(account):
    with account_scope(account):
        return make_form(account, slug="bread")


def mails():
    with platform_scope("test"):
        rows = Outbox.objects.filter(kind="mail").order_by("pk")
        return [orjson.loads(encryption.unseal(row.sealed_payload, context=outbox._CONTEXT)) for row in rows]


def link():
    return urlsplit(mails()[-1]["context"]["url"]).path


def proof_of(form, *, age=timedelta(seconds=5)):
    """What the page's script sends along, for a page that was opened a while ago."""
    stamp = proof.new_stamp(form_id=form.pk, now=now() - age)
    return {"stamp": stamp, "work": proof.do_work(stamp)}


def sign_up(content, email="zoe@example.org", **more):
    with platform_scope("test"):
        form = Form.objects.get(slug="bread")
    return content.post("/f/bread", {"email": email, "first_name": "Zoe", **proof_of(form), **more})


def state(account):
    with account_scope(account):
        return dict(Subscription.objects.values_list("contact__email", "state"))


def test_form_shows_wording_and_privacy_links(content, form):
    page = content.get("/f/bread").content.decode()

    assert WORDING in page
    assert 'href="/privacy/"' in page
    assert 'href="/privacy/request/"' in page
    assert not content.cookies


@pytest.mark.parametrize("path", ["/f/bread", "/f/bread/"])
def test_form_answers_with_and_without_a_slash(content, form, path):
    assert content.get(path).status_code == 200


def test_form_is_not_on_the_members_host(client, form):
    answer = client.get("/f/bread")

    assert (answer.status_code, answer["Location"]) == (302, settings.CONTENT_URL + "/f/bread")


@pytest.mark.parametrize("gone", ["slug", "inactive", "suspended"])
def test_form_that_is_not_online_is_404(content, account, form, gone):
    path = "/f/other" if gone == "slug" else "/f/bread"
    with account_scope(account):
        if gone == "inactive":
            type(form).objects.update(is_active=False)
    if gone == "suspended":
        Account.objects.filter(pk=account.pk).update(status="suspended")

    assert content.get(path).status_code == 404
    assert content.post(path, {"email": "zoe@example.org"}).status_code == 404


def test_submission_makes_no_contact_and_stays_sealed(content, account, form):
    sign_up(content)

    with account_scope(account):
        submission = FormSubmission.objects.get()
        assert not Contact.objects.exists()
        assert b"zoe" not in bytes(submission.sealed_values).lower()
        consent = Consent.objects.select_related("wording").get()
    assert (consent.wording.text, consent.confirmed_at, consent.source_version) == (WORDING, None, 1)
    assert mails()[0]["to"] == "zoe@example.org"


@pytest.mark.parametrize("method", ["get", "head"])
def test_fetching_the_link_changes_nothing(content, account, form, method):
    sign_up(content)

    assert getattr(content, method)(link()).status_code == 200

    assert state(account) == {}


def test_pressing_the_button_subscribes(content, account, form):
    sign_up(content)
    page = content.get(link()).content.decode()
    assert page.count("<button") == 1

    assert "You are subscribed" in content.post(link()).content.decode()

    assert state(account) == {"zoe@example.org": "subscribed"}
    with account_scope(account):
        contact = Contact.objects.get()
        submission = FormSubmission.objects.get()
        consent = Consent.objects.get()
    assert (contact.first_name, contact.source, contact.source_id) == ("Zoe", "form", form.pk)
    assert (submission.sealed_values, submission.contact_id) == (None, contact.pk)
    assert consent.confirmed_at is not None


def test_a_confirmation_is_not_lost_for_a_value_that_the_guard_has_come_to_refuse(content, account, form, monkeypatch):
    with account_scope(account):
        _known(account)
    sign_up(content)

    def refuse(values, **_):
        if any(field.is_own for field in values):
            raise guard.SpecialCategory(lexicon.Category("health", "health"))

    monkeypatch.setattr(field_values, "look_at", refuse)
    with account_scope(account):
        CustomField.objects.create(key="note", label="Note")
        known = {each.name: each for each in fields.all_fields(account.pk)}
        contact = Contact.objects.get(email="zoe@example.org")
        typed = {known["first_name"]: "Zoe", known["field:note"]: "something"}
        taking_in.fill_in(contact, typed, form_id=form.pk, now=now())

    assert contact.first_name == "Zoe"
    assert "note" not in contact.values
    assert content.post(link()).status_code == 200
    assert state(account) == {"zoe@example.org": "subscribed"}


def test_old_link_does_not_take_a_later_opt_out_back(content, account, form):
    sign_up(content)
    path = link()
    content.post(path)
    with account_scope(account):
        contact = Contact.objects.get()
        subscribing.unsubscribe(account_id=account.pk, contact_id=contact.pk, list_ids=None, now=NOW)

    assert content.post(path).status_code == 200

    assert state(account) == {"zoe@example.org": "unsubscribed"}


@pytest.mark.parametrize("spoil", [lambda path: path[:-4], lambda path: path + "A", lambda path: "/f/confirm/nonsense"])
def test_changed_link_is_gone(content, form, spoil):
    sign_up(content)

    assert content.post(spoil(link())).status_code == 410


def test_link_runs_out(account, form):
    with account_scope(account):
        online = form_keeping.online(account_id=account.pk, form_id=form.pk)
        filled = signing_up.Filled("zoe@example.org", {}, [pk for pk, _ in online.lists])
        signing_up.submit(
            account=account, form=online, filled=filled, language="en", network="", url="{token}", now=NOW
        )
    token = mails()[0]["context"]["url"]

    assert signing_up.read_link(token=token, now=NOW + timedelta(days=6)).account == account
    with pytest.raises(signing_up.LinkGone):
        signing_up.read_link(token=token, now=NOW + timedelta(days=8))


def _known(account):
    people.add_contact(account_id=account.pk, email="zoe@example.org", source="member", now=NOW)


def _subscribed(account):
    contact = people.add_contact(account_id=account.pk, email="zoe@example.org", source="member", now=NOW)
    subscribing.subscribe(contact=contact, list=List.objects.get(), source="member", now=NOW)


def _unsubscribed(account):
    contact = people.add_contact(account_id=account.pk, email="zoe@example.org", source="member", now=NOW)
    subscribing.unsubscribe(account_id=account.pk, contact_id=contact.pk, list_ids=None, now=NOW)


def _erased(account):
    standing.suppress(account_id=account.pk, address="zoe@example.org", reason="erased", now=NOW)


def _restricted(account):
    digest = address_hash("zoe@example.org", account_id=account.pk)
    standing.restrict(account_id=account.pk, address_hash=digest, now=NOW)


def _domain(account):
    DomainSuppression.objects.create(domain="example.org")


@pytest.mark.parametrize("history", [_known, _subscribed, _unsubscribed, _erased, _restricted, _domain])
def test_answer_is_the_same_whoever_is_known(content, account, form, history):
    unknown = sign_up(content, "somebody@example.net")
    with account_scope(account):
        history(account)

    known = sign_up(content, "zoe@example.org")

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert _comparable(known) == _comparable(unknown)


def _comparable(response):
    return {name: value for name, value in response.headers.items() if name not in {"X-Request-ID", "Expires"}}


@pytest.mark.parametrize("history", [_known, _subscribed, _unsubscribed, _erased])
def test_own_confirmed_opt_in_lifts_what_stood_against_it(content, account, form, history):
    with account_scope(account):
        history(account)
    sign_up(content)

    content.post(link())

    assert state(account) == {"zoe@example.org": "subscribed"}
    with account_scope(account):
        digest = address_hash("zoe@example.org", account_id=account.pk)
        assert standing.blocked(account_id=account.pk, hashes=[digest]) == {}


@pytest.fixture
def single(account, form):
    """The form's list asks for no confirmation, and greets."""
    with account_scope(account):
        List.objects.update(double_opt_in=False, welcome_subject="Hello", welcome_text="Fresh on Fridays.")


def test_a_list_of_single_opt_in_takes_people_in_at_once(content, account, single):
    response = sign_up(content)

    assert "Thank you" in response.content.decode()
    assert state(account) == {"zoe@example.org": "subscribed"}
    assert [mail["context"].get("subject") for mail in mails()] == ["Hello"]
    with account_scope(account):
        submission = FormSubmission.objects.get()
        assert (submission.contact.first_name, submission.sealed_values) == ("Zoe", None)
        assert Consent.objects.get().confirmed_at is None


@pytest.mark.parametrize("history", [_unsubscribed, _erased, _domain, _restricted])
def test_single_opt_in_brings_nobody_back_without_their_confirmation(content, account, single, history):
    with account_scope(account):
        history(account)
    before = state(account)

    response = sign_up(content)

    assert "Thank you" in response.content.decode()
    assert state(account) == before
    links = [mail for mail in mails() if "url" in mail["context"]]
    assert len(links) == (0 if history is _domain else 1)


def test_single_opt_in_changes_nothing_of_whom_it_knows_and_answers_the_same(content, account, single):
    with account_scope(account):
        known = _known(account)
    first = _comparable(sign_up(content))

    with account_scope(account):
        contact = Contact.objects.get(email="zoe@example.org")
    assert contact.first_name == (known.first_name if known else contact.first_name)
    assert contact.first_name != "Zoe"
    assert state(account) == {"zoe@example.org": "subscribed"}
    assert _comparable(sign_up(content, email="new@example.org")) == first


def test_single_opt_in_counts_also_within_minutes_of_another_sign_up(content, account, single):
    with account_scope(account):
        other = make_form(account, List.objects.create(name="Offers", double_opt_in=False), slug="offers")
    sign_up(content)

    response = content.post("/f/offers", {"email": "zoe@example.org", "first_name": "Zoe", **proof_of(other)})

    assert "Thank you" in response.content.decode()
    with account_scope(account):
        assert set(Subscription.objects.values_list("list__name", "state")) == {
            ("News", "subscribed"), ("Offers", "subscribed"),
        }  # fmt: skip


def test_link_of_before_its_domain_was_barred_lets_nobody_in(content, account, form):
    sign_up(content)
    with account_scope(account):
        _domain(account)

    response = content.post(link())

    assert response.status_code == 410
    assert "another address" in response.content.decode()
    assert state(account) == {}


def test_sign_up_does_not_end_a_restriction(content, account, form):
    with account_scope(account):
        _restricted(account)
    sign_up(content)

    response = content.post(link())

    assert response.status_code == 409
    assert "/privacy/request/" in response.content.decode()
    assert state(account) == {}


def test_blocked_domain_gets_no_mail(content, account, form):
    with account_scope(account):
        _domain(account)

    sign_up(content)

    assert mails() == []


def test_one_mailbox_gets_one_mail_in_ten_minutes_and_answers_do_not_tell(content, form):
    answers = {sign_up(content, email).content for email in ("zoe@example.org", " ZOE@example.org", "zoe@example.org")}

    assert len(answers) == 1
    assert len(mails()) == 1


def test_one_network_is_slowed_down(content, form):
    codes = [sign_up(content, f"p{number}@example.org").status_code for number in range(21)]

    assert codes == [200] * 20 + [429]
    assert len(mails()) == 20


def test_network_that_is_slowed_down_is_the_one_a_customer_has(content, form):
    codes = []
    for number in range(21):
        content.defaults["REMOTE_ADDR"] = f"2001:db8::{number:x}"
        codes.append(sign_up(content, f"p{number}@example.org").status_code)

    assert codes == [200] * 20 + [429]


def test_trap_catches_robots_without_telling_them(content, account, form):
    robot = sign_up(content, website="https://spam.example")

    assert robot.content == sign_up(content, "somebody@example.net").content
    assert [mail["to"] for mail in mails()] == ["somebody@example.net"]


def test_mistyped_address_keeps_what_was_typed(content, form):
    response = sign_up(content, "zoe at example")

    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="zoe at example"' in page
    assert 'value="Zoe"' in page


def test_mail_can_be_rendered(form, content):
    from django.template.loader import render_to_string

    sign_up(content)
    context = mails()[0]["context"]

    assert "Please confirm" in render_to_string("mail/confirm_subscription.subject.txt", context)
    for part in ("txt", "html"):
        assert context["business"] in render_to_string(f"mail/confirm_subscription.{part}", context)
