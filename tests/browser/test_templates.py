"""Templates in Chromium: the pages, and every mail of the gallery in light and dark at both widths."""

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import gallery
from campaigns.services import demo, starting_points
from emailconcert.lib.tenancy import account_scope
from tests.browser.conftest import SCHEMES, TOO_WIDE
from tests.browser.test_pages import sign_in

WIDTHS = (375, 600)


@pytest.fixture
def owner(hosts):
    hosts.DEMO = True
    return demo.load(now=timezone.now())[0]


def mails(account):
    """Return each template of the gallery as a contact would get it."""
    with account_scope(account):
        return {
            each.slug: starting_points.fill(each, account=account, now=timezone.now()).html for each in gallery.SAMPLES
        }


def test_templates_are_looked_at_and_used(make_page, owner, view):
    page = make_page(cookies=sign_in(owner))
    page.goto("/content/templates/")
    expect(page.frame_locator("iframe[title='Newsletter, small']").get_by_text("A slower month")).to_be_visible()
    view(page, "templates")

    page.get_by_role("searchbox", name="Search templates").fill("birthday")
    expect(page.get_by_role("button", name="Use Letter")).to_have_count(0)
    page.get_by_role("link", name="Birthday").click()
    expect(page.frame_locator("iframe[title='Birthday on a phone']").get_by_text("Happy birthday")).to_be_visible()
    view(page, "template")

    page.get_by_role("button", name="Use this template").click()
    expect(page.get_by_text("“Birthday” is a draft now. Make it yours.").first).to_be_visible()


def test_nothing_of_a_template_sticks_out_sideways(browser, owner):
    page = browser.new_page()
    for slug, mail in mails(owner.last_account).items():
        page.set_content(mail)
        for width in (*WIDTHS, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(TOO_WIDE) <= 0, f"{slug} at {width} px"
    page.close()


@pytest.mark.slow
def test_templates_are_photographed(browser, owner):
    folder = settings.BASE_DIR / "var" / "screenshots" / "gallery"
    folder.mkdir(parents=True, exist_ok=True)
    page = browser.new_page()
    for slug, mail in mails(owner.last_account).items():
        page.set_content(mail)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                page.screenshot(path=folder / f"{slug}-{width}-{scheme}.png", full_page=True)
    page.close()
    assert len(list(folder.glob("*.png"))) >= len(gallery.SAMPLES) * len(SCHEMES) * len(WIDTHS)


def test_a_new_campaign_is_started_from_a_picture(make_page, owner, view):
    page = make_page(cookies=sign_in(owner))
    page.goto("/campaigns/new/")
    page.get_by_label("Name").fill("Summer")
    page.get_by_role("radio", name="Sale").check()
    view(page, "campaign-new")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("20 % off everything until Sunday")).to_be_visible()


def test_an_own_template_is_made_edited_and_deleted(make_page, owner, view):
    page = make_page(cookies=sign_in(owner))
    page.goto("/content/templates/gallery/letter/")
    page.get_by_role("button", name="Make it your own").click()
    expect(page.get_by_text("“Plain letter” is among your templates.").first).to_be_visible()
    view(page, "template-own")
    page.locator("summary[aria-label='Actions for this template']").click()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name").fill("My letter")
    page.get_by_role("button", name="Save").click()
    page.locator("summary[aria-label='Actions for this template']").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="My letter")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.goto("/content/templates/")
    expect(page.get_by_role("heading", name="Your templates")).to_be_visible()
    view(page, "templates-own")
