"""The editor: four ways of writing, saved while typed, restored, and two people who write at once."""

import re

import pytest
from django.conf import settings
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Role
from campaigns import queries
from campaigns.models import ContentVersion
from campaigns.services import demo, drafting
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.factories import make_member

PICKED = """document.querySelector("[data-media-field]").dispatchEvent(new CustomEvent("media:picked", {
    bubbles: true, detail: { url: "https://example.com/loaf.png", alt: "A [loaf]", width: 600, height: 400 } }))"""
COUNTS_TRIGGERS = """form => { form.dataset.asked = 0; form.addEventListener("htmx:trigger",
    ({ target }) => { if (target === form) form.dataset.asked++; }) }"""
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owner(hosts):
    hosts.DEMO = True
    return demo.load(now=timezone.now())[0]


@pytest.fixture
def account(owner):
    with platform_scope("tests: the demo's account"):
        return owner.memberships.get().account


@pytest.fixture
def draft(owner, account):
    with account_scope(account):
        made = drafting.create_campaign(account=account, name="Spring", created_by=owner, now=timezone.now())
        drafting.save_content(campaign=made, kind="markdown", source="# Hello\n", now=timezone.now())
        return made


def open_editor(make_page, user, draft, **kwargs):
    client = Client()
    client.force_login(user)
    page = make_page(cookies=client.cookies, **kwargs)
    page.goto(f"/campaigns/{draft.pk}/content/")
    return page


def content(account, draft):
    with account_scope(account):
        variant = queries.only_variant(draft)
        return variant.kind, variant.source


def whys(account, draft):
    with account_scope(account):
        return list(
            ContentVersion.objects.filter(variant__campaign=draft).order_by("number").values_list("why", flat=True)
        )


def turn(page, name):
    page.locator("summary", has_text=re.compile("Markdown|Rich text|HTML|MJML")).first.click()
    page.locator(".ec-ways button", has_text=re.compile(f"^{name}")).click()
    expect(page.locator("form[data-editor]")).to_have_attribute("data-editor", name.lower().partition(" ")[0])


def saved(page):
    return expect(page.locator("#save-state")).to_contain_text("Saved ·")


def test_what_is_pressed_while_a_save_is_on_its_way_is_done(make_page, owner, account, draft):
    page = open_editor(make_page, owner, draft)
    form = page.locator("form[data-editor]")
    form.evaluate(COUNTS_TRIGGERS)
    held = []
    page.route(
        re.compile("/content/$"),
        lambda route: held.append(route) if route.request.method == "POST" and not held else route.continue_(),
    )
    body = page.get_by_label("Body")
    page.get_by_text("Text part").click()
    body.fill("# One")
    expect(form).to_have_attribute("data-asked", "1")
    page.get_by_role("button", name="Write my own").click()
    body.fill("# One two")
    expect(form).to_have_attribute("data-asked", "3")
    held[0].continue_()
    expect(page.locator("summary", has_text="Text part")).to_contain_text("Your own")
    expect(page.get_by_label("Body")).to_have_value("# One two")
    assert content(account, draft)[1] == "# One two"


def test_all_ways_of_writing_are_saved_while_typed_and_restored(make_page, owner, account, draft, view):
    page = open_editor(make_page, owner, draft)
    body = page.get_by_label("Body")
    body.fill("# Hello {{ contact.frist_name }}\n")
    saved(page)
    expect(page.locator("#outcome")).to_contain_text("Did you mean contact.first_name?")
    page.get_by_role("button", name="Line 1, column 12").click()
    assert body.evaluate("field => field.selectionStart") == 11
    body.fill("# Hello ")
    page.locator("summary", has_text="Personalise").click()
    page.locator("[data-insert]").first.click()
    expect(page.frame_locator(".ec-mail-frame").locator("h1")).to_contain_text("Hello")
    assert content(account, draft)[1] == '# Hello {{ contact.first_name | default: "friend" }}'
    view(page, "editor-markdown")
    page.get_by_role("button", name="Insert a picture").click()
    expect(page.locator("#media-picker-body")).to_contain_text("No pictures yet")
    page.evaluate(PICKED)
    page.keyboard.press("Escape")
    assert body.input_value().endswith("![A loaf](https://example.com/loaf.png)")
    body.fill('# Hello {{ contact.first_name | default: "friend" }}')
    saved(page)

    turn(page, "Rich text")
    rich = page.locator("trix-editor")
    expect(rich).to_contain_text("Hello")
    view(page, "editor-rich")
    before = content(account, draft)
    page.get_by_role("button", name="Save").last.click()
    saved(page)
    assert content(account, draft) == before
    rich.press("Control+End")
    page.keyboard.type(" and all")
    saved(page)
    expect(page.frame_locator(".ec-mail-frame").locator("h1")).to_contain_text("and all")

    turn(page, "HTML")
    expect(page.locator(".cm-content")).to_contain_text("and all")
    turn(page, "MJML")
    code = page.locator(".cm-content")
    expect(code).to_contain_text("mj-body")
    code.click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text("<mjml>\n<mj-body>{{ contact.first_name }}</mj-body></mjml>")
    expect(page.locator("#outcome")).to_contain_text("write <mj-raw>…</mj-raw> around it")
    expect(page.locator(".cm-lintRange-error, .cm-lintPoint-error").first).to_be_visible()
    page.get_by_role("button", name="Line 2, column 10").click()
    view(page, "editor-code")
    assert whys(account, draft) == ["saved", "saved", "changed", "saved", "changed", "changed", "autosaved"]

    page.get_by_role("link", name="Versions").click()
    page.locator("tr", has_text="Markdown").first.get_by_role("button", name="Restore").click()
    expect(page.get_by_label("Body")).to_have_value('# Hello {{ contact.first_name | default: "friend" }}')
    page.get_by_role("link", name="Versions").click()
    view(page, "editor-versions")
    page.get_by_role("link", name="Version 2", exact=True).click()
    view(page, "editor-version")


def test_two_editors_are_told_of_each_other_and_overwrite_nothing(make_page, owner, account, draft):
    colleague = make_member(account=account, role=Role.EDITOR, name="Nora Berg").user
    hers = open_editor(make_page, colleague, draft)
    his = open_editor(make_page, owner, draft)
    expect(his.locator("#presence")).to_contain_text("Nora Berg is editing this too")
    hers.get_by_label("Body").fill("# Hers\n")
    saved(hers)
    his.get_by_label("Body").fill("# His\n")
    expect(his.locator("#outcome")).to_contain_text("Somebody else saved this while you were writing")
    expect(his.locator("#save-state")).to_contain_text("Kept beside")
    his.get_by_label("Body").fill("# His and more\n")
    his.wait_for_timeout(1500)
    assert content(account, draft) == ("markdown", "# Hers\n")

    his.get_by_role("link", name="Compare the two and choose").click()
    expect(his.get_by_text("Nora Berg,")).to_be_visible()
    expect(his.locator(".ec-diff .is-added")).to_contain_text("# His and more")
    his.get_by_role("button", name="Use this one").click()
    expect(his.get_by_label("Body")).to_have_value("# His and more\n")
    expect(hers.locator("#presence")).to_contain_text("saved a newer version", timeout=20_000)
    with account_scope(account):
        kept = list(
            ContentVersion.objects.filter(variant__campaign=draft).order_by("number").values_list("source", flat=True)
        )
    assert kept[-3:] == ["# Hers\n", "# His and more\n", "# His and more\n"]


def test_without_a_connection_it_says_so_and_saves_when_there_is_one(make_page, owner, account, draft, problems):
    page = open_editor(make_page, owner, draft)
    page.context.set_offline(True)
    page.get_by_label("Body").fill("# Written on a train\n")
    expect(page.locator("#save-state")).to_contain_text("Not saved: no connection")
    page.context.set_offline(False)
    saved(page)
    assert content(account, draft)[1] == "# Written on a train\n"
    problems.clear()


def test_whoever_is_signed_out_while_writing_signs_in_elsewhere_and_goes_on(make_page, owner, account, draft, problems):
    page = open_editor(make_page, owner, draft)
    session = next(each for each in page.context.cookies() if each["name"] == settings.SESSION_COOKIE_NAME)
    Client(headers={"cookie": f"{session['name']}={session['value']}"}).post("/sign-out/")
    page.get_by_label("Body").fill("# Written for hours\n")
    expect(page.locator("#save-state")).to_contain_text("you are signed out")
    assert content(account, draft)[1] == "# Hello\n"

    other = Client()
    other.force_login(owner)
    token = get_token(RequestFactory().get("/"))
    fresh = {settings.SESSION_COOKIE_NAME: other.session.session_key, settings.CSRF_COOKIE_NAME: token[:32]}
    page.context.add_cookies([{"name": name, "value": value, "url": page.url} for name, value in fresh.items()])
    page.evaluate("dispatchEvent(new Event('focus'))")
    saved(page)
    assert content(account, draft)[1] == "# Written for hours\n"
    problems.clear()


def test_without_script_it_is_written_and_saved(make_page, owner, account, draft):
    page = open_editor(make_page, owner, draft, javascript=False)
    page.get_by_label("Body").fill("# Plain\n")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_label("Body")).to_have_value("# Plain\n")
    assert content(account, draft)[1] == "# Plain\n"
