"""A variant with a mail of its own: written, seen beside the first, and sent as a test."""

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import queries
from campaigns.models import Campaign
from campaigns.services import demo
from emailconcert.lib.tenancy import account_scope, platform_scope

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_variant_is_written_seen_beside_the_first_and_sent_as_a_test(make_page, view, workers, post, hosts):
    hosts.DEMO = True
    owner = demo.load(now=timezone.now())[0]
    with platform_scope("tests: the demo's account"):
        account = owner.memberships.get().account
    with account_scope(account):
        draft = Campaign.objects.get(state="draft")
        first = queries.only_variant(draft)
    client = Client()
    client.force_login(owner)
    page = make_page(cookies=client.cookies)

    page.goto(f"/campaigns/{draft.pk}/")
    page.get_by_role("link", name="Try several").click()
    page.get_by_role("button", name="Add a variant").click()
    expect(page.get_by_role("heading", name="Variant B")).to_be_visible()
    page.get_by_label("Subject").fill("Rolls, warm at seven")
    page.get_by_label("Name of the sender").fill("Nora at the bakery")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Variant B").click()
    page.get_by_role("button", name="Write another mail").click()
    expect(page.locator("h1")).to_have_text("Content of variant B")
    page.locator("summary.btn", has_text=first.get_kind_display()).click()
    page.locator(".ec-ways button[value='way:html']").click()
    expect(page.locator("form[data-editor]")).to_have_attribute("data-editor", "html")
    body = page.locator(".cm-content")
    body.click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text("<h1>Twelve kinds of rolls</h1>")
    expect(page.locator("#save-state")).to_contain_text("Saved ·")
    expect(page.frame_locator(".ec-mail-frame").locator("h1")).to_have_text("Twelve kinds of rolls")
    view(page, "variant-content")
    page.get_by_role("navigation", name="Variants").get_by_role("link", name="Variant A").click()
    expect(page.locator("h1")).to_have_text("Content of variant A")

    page.goto(f"/campaigns/{draft.pk}/variants/")
    shown = "iframe[title='Variant {} as an invented contact would get it']"
    expect(page.frame_locator(shown.format("B")).locator("h1")).to_have_text("Twelve kinds of rolls")
    expect(page.frame_locator(shown.format("A")).locator("body")).not_to_contain_text("Twelve kinds of rolls")
    page.get_by_role("link", name="Variant B").click()
    page.get_by_role("link", name="Send a test").click()
    expect(page.get_by_label("B · Rolls, warm at seven")).to_be_checked()
    expect(page.get_by_label(f"A · {first.subject}")).not_to_be_checked()
    view(page, "variant-test")
    page.get_by_role("button", name="Send test mail").click()
    expect(page.get_by_text("1 test mail is on the way.")).to_be_visible()
    workers.work(until=lambda: post.count(owner.email, subject="[Test B]"))
    _, letter = post.find(owner.email, subject="[Test B]")
    assert "Twelve kinds of rolls" in letter.text
    with account_scope(account):
        a, b = queries.alternatives(draft)
    assert (a.source, b.kind, b.source) == (first.source, "html", "<h1>Twelve kinds of rolls</h1>")
