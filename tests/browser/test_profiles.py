"""A contact's page and the account's fields, in the browser: in place, by keyboard, with and without script."""

import pytest
from django.test import Client

from contacts.models import Contact, CustomField, Import, List
from contacts.services import people
from contacts.services.fields import sources
from contacts.services.lists import subscribing
from emailconcert.lib.tenancy import account_scope
from privacy.services import consents
from tests.factories import NOW, make_member


@pytest.fixture
def owner(hosts):
    return make_member(name="Nora Byrne", email="nora@example.com")


@pytest.fixture
def person(owner):
    account = owner.account
    with account_scope(account):
        for position, (label, kind, more) in enumerate(
            [
                ("Favourite loaf", "choice", {"choices": ["Sourdough", "Rye", "Baguette"]}),
                ("Loaves a week", "number", {"help": "Counted by the shop."}),
                ("Newsletters", "choices", {"choices": ["Recipes", "Offers", "Events"]}),
                ("First visit", "datetime", {}),
                ("Website", "url", {}),
                ("Notes", "long_text", {}),
                ("Company", "boolean", {"required": True}),
                ("Salary", "number", {"sensitive": True}),
            ]
        ):
            key = label.lower().replace(" ", "_")
            CustomField.objects.create(key=key, label=label, type=kind, position=position, **more)
        values = {
            "favourite_loaf": "Rye", "loaves_a_week": 2.5, "newsletters": ["Recipes", "Events"], "company": False,
            "first_visit": "2026-11-30T14:00:00Z", "website": "https://example.com/a-rather-long-page-of-somebody",
            "notes": "Calls on Saturdays.\nLikes it dark.", "salary": 54000,
        }  # fmt: skip
        contact = people.add_contact(
            account_id=account.pk, email="zoe@example.org", first_name="Zoe", last_name="Berg", country="IE",
            phone="+353861234567", language="de", values=values, source="member", now=NOW,
        )  # fmt: skip
        run = Import.objects.create(file_name="spring.csv", path="x", size=1)
        sources.mark(contact, names=["phone", "field:notes"], source="import", source_id=run.pk, now=NOW)
        contact.save(update_fields=["value_sources"])
        news = List.objects.create(name="Bakery news")
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        wording = "I would like to hear from the bakery by email, about twice a month. I can stop at any time."
        consents.record_consent(
            account_id=account.pk, address_hash=bytes(contact.email_hash), wording_text=wording,
            channel=consents.Channel.MEMBER, list_id=news.pk, now=NOW, confirmed=True,
        )  # fmt: skip
    return contact


def cookies_of(owner):
    client = Client()
    client.force_login(owner.user)
    return client.cookies


@pytest.fixture
def page(make_page, owner, person):
    return make_page(cookies=cookies_of(owner))


def test_a_value_is_edited_in_its_place_by_keyboard(page, owner, person):
    page.goto(f"/contacts/{person.pk}/")
    page.get_by_role("link", name="Edit First name").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="First name").fill("Zoë")
    page.keyboard.press("Enter")
    page.get_by_text("Zoë", exact=True).wait_for()

    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Edit First name"
    with account_scope(owner.account):
        assert Contact.objects.get().first_name == "Zoë"


def test_what_is_wrong_stands_beside_the_value_and_cancel_brings_it_back(page, person):
    page.goto(f"/contacts/{person.pk}/")
    page.get_by_role("link", name="Edit Loaves a week").click()
    page.get_by_role("textbox", name="Loaves a week").fill("many")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("“many” is not a number").wait_for()
    page.get_by_role("link", name="Cancel").click()

    page.get_by_text("2.5", exact=True).wait_for()


def test_a_sensitive_value_is_shown_when_asked_for(page, person):
    page.goto(f"/contacts/{person.pk}/")
    assert page.get_by_text("54000").count() == 0
    page.get_by_role("button", name="Show Salary").click()

    page.get_by_text("54000").wait_for()


def test_fields_are_put_in_order_by_keyboard(page, owner, person):
    page.goto("/contacts/fields/")
    page.get_by_role("button", name="Move Loaves a week up").focus()
    page.keyboard.press("Enter")
    page.locator("tbody tr").first.get_by_text("Loaves a week").wait_for()

    with account_scope(owner.account):
        assert CustomField.objects.get(key="loaves_a_week").position == 0


def test_the_pages_stand_straight(page, view, person):
    with account_scope(person.account_id):
        field = CustomField.objects.get(key="notes").pk
    for name, path in {
        "contact-full": f"/contacts/{person.pk}/",
        "contact-value": f"/contacts/{person.pk}/value/field:newsletters/",
        "contact-timeline": f"/contacts/{person.pk}/timeline/",
        "contact-edit-full": f"/contacts/{person.pk}/edit/",
        "fields": "/contacts/fields/",
        "field-edit": f"/contacts/fields/{field}/",
        "field-delete": f"/contacts/fields/{field}/delete/",
    }.items():
        page.goto(path)
        view(page, name)
