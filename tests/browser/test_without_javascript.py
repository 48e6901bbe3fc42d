"""The key steps without JavaScript: signing in, writing and sending a campaign, signing up, leaving."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import demo_data
from campaigns.models import Campaign
from campaigns.services import demo
from delivery.models import Message, Outcome
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope

ADA = "ada@example.com"


@pytest.fixture
def owner(hosts):
    hosts.DEMO = True
    return demo.load(now=timezone.now())[0]


@pytest.fixture
def page(make_page):
    return make_page(javascript=False)


def press(page, name):
    page.get_by_role("button", name=name).click()


def sign_in(page):
    page.goto("/campaigns/")
    page.get_by_label("Email").fill(demo_data.OWNER["email"])
    page.get_by_role("textbox", name="Password").fill(demo_data.OWNER["password"])
    press(page, "Sign in")


def test_a_campaign_is_written_and_sent(page, owner, workers, post):
    sign_in(page)
    page.get_by_role("link", name=demo_data.DRAFT["name"]).click()
    draft = page.url
    page.goto(f"{draft}content/")
    page.get_by_label("Body").fill("# Two loaves\n\nHello {{ contact.first_name | default: 'friend' }}.\n")
    press(page, "Save")
    expect(page.get_by_label("Body")).to_have_value(
        "# Two loaves\n\nHello {{ contact.first_name | default: 'friend' }}.\n"
    )
    page.goto(f"{draft}review/")
    people = page.locator("[name=shown]").get_attribute("value")
    press(page, f"Send to {people} people")
    expect(page.get_by_role("heading", name="Review and send")).to_be_visible()  # nothing was typed
    page.get_by_label(f"Type {people} to confirm").fill(people)
    press(page, f"Send to {people} people")
    press(page, "Undo")
    page.goto(f"{draft}review/")
    page.get_by_label(f"Type {people} to confirm").fill(people)
    press(page, f"Send to {people} people")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()

    workers.work(until=lambda: post.count("", subject=demo_data.DRAFT["subject"]) == int(people))
    workers.work()

    page.goto(f"{draft}report/")
    stat = page.locator(".ec-stat").filter(has=page.get_by_text("Sent", exact=True))
    expect(stat.locator(".ec-stat-value")).to_have_text(people)


def test_a_contact_signs_up(page, owner, hosts, workers, post):
    page.goto(f"{hosts.CONTENT_URL}/f/{demo_data.FORM_SLUG}")
    page.get_by_label("Email address").fill(ADA)
    press(page, demo_data.FORM_TEXTS["button"])
    expect(page.get_by_role("heading", name="One more press")).to_be_visible()
    press(page, demo_data.FORM_TEXTS["button"])
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    workers.work()
    page.goto(post.link(ADA, "/f/confirm/"))
    press(page, "Yes, put me on the list")
    expect(page.get_by_text(demo_data.FORM_TEXTS["thanks"])).to_be_visible()


def test_a_contact_leaves_and_comes_back(page, owner, hosts):
    with account_scope(owner.last_account):
        mailing_id = Campaign.objects.get(state="sent").variants.get().mailing_id
        message = Message.objects.filter(mailing_id=mailing_id, outcome=Outcome.SENT).order_by("sequence").first()
    page.goto(f"{hosts.CONTENT_URL}/u/{signing.message_token(mailing_id, message.sequence)}")
    press(page, "Unsubscribe")
    expect(page.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text("You are subscribed again, as you were.")).to_be_visible()
