"""What is stored of a person, behind a code that was mailed to them."""

import re
from datetime import timedelta

import orjson
import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.utils.timezone import now

from accounts.models import Outbox
from accounts.services import outbox
from contacts.models import Contact, ContactEvent, CustomField, MailedCode, Subscription
from contacts.services import people
from emailconcert.lib import encryption, limits, signing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent, PrivacyRequest, Suppression
from privacy.services import standing
from tests.contacts.factories import make_form
from tests.tracking.makers import contact_of, make_mailing

pytestmark = pytest.mark.django_db
HOST = settings.CONTENT_URL.partition("//")[2]


@pytest.fixture
def visitor():
    return Client(headers={"host": HOST}, enforce_csrf_checks=True)


@pytest.fixture
def mailing():
    return make_mailing(people=2)


def path(mailing, rest="", sequence=1):
    return f"/p/{signing.message_token(mailing.pk, sequence)}{rest}"


def mails():
    with platform_scope("test"):
        rows = Outbox.objects.filter(kind="mail").order_by("pk")
        return [orjson.loads(encryption.unseal(row.sealed_payload, context=outbox._CONTEXT)) for row in rows]


def mailed_code():
    return mails()[-1]["context"]["code"]


def open_page(visitor, mailing):
    visitor.post(path(mailing, "/code"))
    return visitor.post(path(mailing, "/code"), {"code": mailed_code()})


def test_nothing_stored_is_shown_without_a_code(visitor, mailing):
    person = contact_in(mailing)

    answer = visitor.get(path(mailing, "/me"))

    assert (answer.status_code, answer["Location"]) == (302, path(mailing, "/code"))
    assert person.email not in visitor.get(path(mailing, "/code")).content.decode()
    assert mails() == []


def contact_in(mailing, sequence=1):
    with account_scope(mailing.account_id):
        return contact_of(mailing, sequence)


def test_the_code_goes_to_the_address_and_opens_what_is_stored(visitor, mailing):
    person = contact_in(mailing)

    answer = open_page(visitor, mailing)

    assert mails()[0]["to"] == person.email
    assert re.fullmatch(r"\d{3} \d{3}", mailed_code())
    assert (answer.status_code, answer["Location"]) == (302, path(mailing, "/me"))
    cookie = answer.cookies["ec-preferences"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (path(mailing), True, "Strict")
    assert person.email in visitor.get(path(mailing, "/me")).content.decode()


def test_a_wrong_code_opens_nothing_and_five_tries_are_all(visitor, mailing):
    visitor.post(path(mailing, "/code"))
    right = mailed_code()
    wrong = "000 000" if right != "000 000" else "111 111"

    codes = [visitor.post(path(mailing, "/code"), {"code": wrong}).status_code for _ in range(5)]

    assert codes == [422] * 5
    assert visitor.post(path(mailing, "/code"), {"code": right}).status_code == 422
    assert visitor.get(path(mailing, "/me")).status_code == 302


def test_a_code_works_once_and_for_ten_minutes(visitor, mailing):
    open_page(visitor, mailing)
    assert Client(headers={"host": HOST}).post(path(mailing, "/code"), {"code": mailed_code()}).status_code == 422
    visitor.post(path(mailing, "/code"))
    late = mailed_code()

    with time_machine.travel(now() + timedelta(minutes=11)):
        assert Client(headers={"host": HOST}).post(path(mailing, "/code"), {"code": late}).status_code == 422


def test_the_page_closes_after_half_an_hour(visitor, mailing):
    open_page(visitor, mailing)

    with time_machine.travel(now() + timedelta(minutes=31)):
        assert visitor.get(path(mailing, "/me")).status_code == 302


def test_a_session_is_one_persons(visitor, mailing):
    session = open_page(visitor, mailing).cookies["ec-preferences"].value
    other = Client(headers={"host": HOST})
    other.cookies["ec-preferences"] = session

    assert other.get(path(mailing, "/me", sequence=1)).status_code == 200
    assert other.get(path(mailing, "/me", sequence=2)).status_code == 302


def test_a_code_is_one_persons(visitor, mailing):
    visitor.post(path(mailing, "/code"))

    assert visitor.post(path(mailing, "/code", sequence=2), {"code": mailed_code()}).status_code == 422


def test_asking_for_a_code_does_not_tell_who_is_there(visitor, mailing):
    known = visitor.post(path(mailing, "/code"))
    with account_scope(mailing.account_id):
        contact_of(mailing, 2).delete()

    gone = visitor.post(path(mailing, "/code", sequence=2))

    def plain(answer, sequence):
        return answer.content.decode().replace(path(mailing, "", sequence), "PATH")

    assert (known.status_code, plain(known, 1)) == (gone.status_code, plain(gone, 2))


def test_three_codes_an_hour_and_eight_a_day_are_mailed(visitor, mailing):
    answers = {visitor.post(path(mailing, "/code")).content for _ in range(5)}

    assert (len(mails()), len(answers)) == (3, 1)

    for _ in range(3):  # hours later
        limits.forget("preference code", contact_in(mailing).pk)
        answers |= {visitor.post(path(mailing, "/code")).content for _ in range(5)}
    assert (len(mails()), len(answers)) == (8, 1)


def test_what_was_not_on_the_page_yet_is_left_alone(visitor, mailing):
    open_page(visitor, mailing)

    visitor.post(path(mailing, "/me"), {"last_name": "Berg"})

    person = contact_in(mailing)
    assert (person.first_name, person.last_name) == ("Ada1", "Berg")


def test_what_the_person_changes_is_kept_with_its_source(visitor, mailing):
    with account_scope(mailing.account_id):
        CustomField.objects.create(key="loaf", label="Loaf", type="choice", choices=["Rye", "Wheat"])
        CustomField.objects.create(key="rank", label="Rank", type="text")
        Contact.objects.update(values={"rank": "gold"})
        make_form(mailing.account, questions=[{"field": "field:loaf"}])
    open_page(visitor, mailing)
    shown = visitor.get(path(mailing, "/me")).content.decode()
    assert "gold" in shown

    answer = visitor.post(
        path(mailing, "/me"),
        {"first_name": "Augusta", "date_of_birth": "1915-12-10", "field:loaf": "Rye", "field:rank": "lead"},
    )

    assert "Saved." in answer.content.decode()
    person = contact_in(mailing)
    assert (person.first_name, str(person.date_of_birth)) == ("Augusta", "1915-12-10")
    assert person.values == {"rank": "gold", "loaf": "Rye"}
    sources = {name: noted[0] for name, noted in person.value_sources.items()}
    assert sources.items() >= {("first_name", "preferences"), ("field:loaf", "preferences")}


def test_bad_values_are_told_and_not_kept(visitor, mailing):
    open_page(visitor, mailing)

    answer = visitor.post(path(mailing, "/me"), {"first_name": "A", "phone": "twelve"})

    assert answer.status_code == 422
    assert contact_in(mailing).phone == ""


def test_restricted_data_is_left_as_it_is(visitor, mailing):
    open_page(visitor, mailing)
    person = contact_in(mailing)
    with account_scope(mailing.account_id):
        standing.restrict(account_id=mailing.account_id, address_hash=bytes(person.email_hash), now=now())

    assert visitor.post(path(mailing, "/me"), {"first_name": "B"}).status_code == 422
    assert contact_in(mailing).first_name == person.first_name


@pytest.mark.parametrize("wanted", ["copy", "restrict", "erase"])
def test_requests_go_into_the_officers_queue_verified(visitor, mailing, wanted):
    open_page(visitor, mailing)

    answer = visitor.post(path(mailing, "/ask"), {"type": wanted})
    again = visitor.post(path(mailing, "/ask"), {"type": wanted})

    with platform_scope("test"):
        request = PrivacyRequest.objects.get()
    assert request.reference in answer.content.decode()
    assert (request.type, request.verified_by, request.state) == (wanted, "code", "with_controller")
    assert (request.account_id, bytes(request.contact_hash)) == (
        mailing.account_id,
        bytes(contact_in(mailing).email_hash),
    )
    assert again.status_code == 409


def test_requests_need_the_code_and_a_known_kind(visitor, mailing):
    assert visitor.post(path(mailing, "/ask"), {"type": "erase"}).status_code == 302
    open_page(visitor, mailing)
    assert visitor.post(path(mailing, "/ask"), {"type": "amend"}).status_code == 404
    with platform_scope("test"):
        assert not PrivacyRequest.objects.exists()


def test_closing_the_page_ends_the_session(visitor, mailing):
    open_page(visitor, mailing)

    visitor.post(path(mailing, "/close"))

    assert visitor.get(path(mailing, "/me")).status_code == 302


def test_a_session_ends_with_a_change_of_address(visitor, mailing):
    open_page(visitor, mailing)
    with account_scope(mailing.account_id):
        person = contact_of(mailing)
        people.edit_contact(contact=person, changes={"email": "other@example.org"}, now=now())

    assert visitor.get(path(mailing, "/me")).status_code == 302


def test_language_is_chosen_without_a_code(visitor, mailing):
    visitor.post(path(mailing), {"language": "de"})

    person = contact_in(mailing)
    assert (person.language, person.value_sources["language"][0]) == ("de", "preferences")


def everything(mailing):
    with account_scope(mailing.account_id):
        kept = [list(model.objects.order_by("pk").values()) for model in (Contact, Subscription, Consent, ContactEvent)]
        kept.append(list(Suppression.objects.values()))
        kept.append(list(MailedCode.objects.values()))
    return kept, mails()


@pytest.mark.parametrize("method", ["get", "head"])
def test_fetching_pages_changes_nothing_an_hour_later_too(visitor, mailing, method):
    open_page(visitor, mailing)
    token = signing.message_token(mailing.pk, 1)
    before = everything(mailing)

    for rest in (f"/u/{token}", f"/p/{token}", f"/p/{token}/code", f"/p/{token}/me"):
        assert getattr(visitor, method)(rest).status_code == 200
    for rest in (f"/leave/{token}", f"/leave/{token}/undo", f"/p/{token}/ask", f"/p/{token}/close"):
        assert getattr(visitor, method)(rest).status_code == 405

    assert everything(mailing) == before
    with time_machine.travel(now() + timedelta(hours=1)):
        from tracking.services import emptying

        emptying.empty_inbox(now=now())
        assert everything(mailing) == before
