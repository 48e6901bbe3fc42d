"""The segment builder: put together with the keyboard alone and without script, counted, saved, and mailed to."""

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from campaigns.models import Campaign
from campaigns.services import checking, demo
from contacts.models import Contact, Segment
from emailconcert.lib.tenancy import account_scope, platform_scope


@pytest.fixture
def owner(hosts):
    hosts.DEMO = True
    return demo.load(now=timezone.now())[0]


@pytest.fixture
def account(owner):
    with platform_scope("tests: the demo's account"):
        return owner.memberships.get().account


def sign_in(user):
    client = Client()
    client.force_login(user)
    return client.cookies


def count(account, **which):
    with account_scope(account):
        return Contact.objects.filter(**which).count()


def pick(page, label, option):
    """Choose from a select as keys do: focus, then the value."""
    box = page.get_by_label(label, exact=True)
    expect(box).to_be_visible()
    box.focus()
    box.select_option(label=option)


def press(page, name):
    button = page.get_by_role("button", name=name)
    button.focus()
    page.keyboard.press("Enter")


def test_a_compound_segment_is_built_with_the_keyboard_and_mailed_to(make_page, owner, account, view):
    page = make_page(cookies=sign_in(owner))
    page.goto("/contacts/segments/")
    page.get_by_role("link", name="New segment").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Irish or German, not new")

    pick(page, "Condition 1: what", "Country")
    page.get_by_label("Country", exact=True).select_option("Ireland")
    expect(page.locator("#segment-people")).to_contain_text("Country is any of Ireland")
    expect(page.locator("#segment-people .ec-big")).to_have_text(people(count(account, country="IE")))

    press(page, "Group")  # inside the outermost group; its first condition has the focus
    expect(page.get_by_label("Condition 2.1: what")).to_be_focused()
    pick(page, "Condition 2.1: what", "Country")
    page.get_by_label("Country", exact=True).nth(1).select_option("Germany")
    pick(page, "People for whom", "any")
    expected = people(count(account, country__in=["IE", "DE"]))
    expect(page.locator("#segment-people .ec-big")).to_have_text(expected)
    view(page, "segment-built")

    press(page, "Save")
    expect(page.get_by_text("The segment was saved.")).to_be_visible()
    expect(page.get_by_role("row", name="Irish or German, not new").locator(".ec-cell-number")).to_contain_text(
        expected.split()[0]
    )
    view(page, "segments-saved")

    with account_scope(account):
        draft = Campaign.objects.get(state="draft")
    page.goto(f"/campaigns/{draft.pk}/audience/")
    for box in page.locator("[name=lists]:checked").all():
        box.uncheck()
    page.locator("[name=segments]").first.check()
    view(page, "campaign-audience-segments")
    page.get_by_role("button", name="Save").click()
    page.goto(f"/campaigns/{draft.pk}/review/")
    expect(page.get_by_text("in the segment")).to_be_visible()
    view(page, "campaign-review-segments")
    with account_scope(account):
        draft = Campaign.objects.select_related("account", "sender").get(pk=draft.pk)
        audience = checking.count_audience(campaign=draft, now=timezone.now())
    assert audience.people > 0
    assert page.locator("[name=shown]").get_attribute("value") == str(audience.people)


def test_a_segment_is_built_without_javascript(make_page, owner, account):
    page = make_page(javascript=False, cookies=sign_in(owner))
    page.goto("/contacts/segments/new/?from=new")
    page.get_by_label("Name").fill("Fresh")
    page.get_by_role("button", name="Condition", exact=True).click()
    page.get_by_label("Condition 2: what").select_option(label="Country")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_label("Country", exact=True)).to_be_visible()
    page.get_by_role("button", name="Count").click()
    expect(page.get_by_text("“Country” needs a country").first).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Fresh")
    page.get_by_role("button", name="Remove condition 2").click()
    page.get_by_role("button", name="Count").click()
    expect(page.locator("#segment-people")).to_contain_text("They were added in the last 30 days")
    page.get_by_label("Number of days").press("Enter")  # Enter in a field looks, and saves nothing
    expect(page.get_by_label("Name")).to_have_value("Fresh")
    page.get_by_role("button", name="Save").click()

    with account_scope(account):
        [rule] = Segment.objects.get(name="Fresh").definition["rules"]
    assert rule == {"condition": "created", "operator": "last", "values": {"days": "30"}}


def people(number):
    return f"{number} {'person' if number == 1 else 'people'}"
