import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SETTLED


@pytest.fixture(autouse=True)
def _debug(settings):
    settings.DEBUG = True


def test_gallery_in_all_sizes_and_schemes(page, view):
    page.goto("/_components/")
    view(page, "components")


@pytest.mark.parametrize("frame", ["auth", "public", "400", "403", "404", "500"])
def test_frames(page, view, frame):
    page.goto(f"/_components/frame/{frame}/")
    view(page, f"frame-{frame}")


@pytest.mark.parametrize("accent", ["blue", "green", "teal", "purple", "pink", "red", "orange", "black"])
def test_public_page_is_readable_in_every_accent(page, axe, accent):
    page.goto(f"/_components/frame/public/?accent={accent}")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(SETTLED)
        axe(page, only=["color-contrast"])


def test_public_page_loads_no_script(page):
    asked = []
    page.on("request", lambda request: asked.append(request.resource_type))
    page.goto("/_components/frame/public/")
    assert "script" not in asked
    assert "stylesheet" in asked


def test_toasts_offer_undo_and_can_be_dismissed(page, axe):
    page.goto("/_components/?toasts=1")
    expect(page.locator("[data-toast]")).to_have_count(4)
    axe(page)
    page.locator("[data-toast]").last.get_by_role("button", name="Dismiss").click()
    expect(page.locator("[data-toast]")).to_have_count(3)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Done.")).to_be_visible()


def test_typed_confirmation_opens_the_way_only_when_typed(page, axe):
    page.goto("/_components/")
    page.locator("#typed").click()
    dialog = page.get_by_role("dialog")
    go = dialog.get_by_role("button", name="Send to 4,210 people")
    expect(go).to_be_disabled()
    axe(page)
    dialog.get_by_label("Type 4,210 to go on").fill("4210")
    go.click()
    expect(page.get_by_text("Done.")).to_be_visible()


def test_typed_confirmation_cancelled_sends_nothing(page):
    posts = []
    page.on("request", lambda request: request.method == "POST" and posts.append(request.url))
    page.goto("/_components/")
    page.locator("#typed").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert posts == []


def test_modal_opens_and_its_form_works(page, axe):
    page.goto("/_components/")
    page.get_by_role("link", name="Open dialog").click()
    expect(page.get_by_role("dialog", name="Rename list")).to_be_visible()
    axe(page)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Done.")).to_be_visible()


def test_selecting_rows_shows_the_bulk_bar_with_the_count(page):
    page.goto("/_components/")
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()
    page.get_by_label("Select Bob Okafor").check()
    expect(bar).to_contain_text("1 selected")
    page.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("4 selected")
    page.get_by_label("Select all on this page").uncheck()
    expect(bar).to_be_hidden()


def test_slash_and_control_k_go_to_the_search_box(page):
    page.goto("/_components/")
    box = page.locator("[data-search], main [type=search]").first
    page.keyboard.press("/")
    expect(box).to_be_focused()
    box.blur()
    page.keyboard.press("Control+k")
    expect(box).to_be_focused()


def test_theme_is_remembered(page):
    page.goto("/_components/")
    switch = page.locator("[data-theme-toggle]")
    switch.click()
    switch.click()
    expect(switch).to_have_attribute("title", "Theme: dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_unsaved_changes_are_guarded(page):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/_components/")
    page.locator("#id_name").fill("Newsletter")
    page.goto("/_components/frame/auth/")
    assert asked == ["beforeunload"]


def test_password_hint_grows_with_the_password(page):
    page.goto("/_components/")
    words = page.locator("[data-strength-words]")
    page.locator("#id_password").fill("password1")
    expect(words).to_have_text("Too easy to guess")
    page.locator("#id_password").fill("three plain words, and 1 more")
    expect(words).to_have_text("Strong")


def test_menu_closes_on_escape_and_on_a_click_elsewhere(page):
    page.goto("/_components/")
    item = page.get_by_role("link", name="Excel")
    page.locator("summary", has_text="Export").click()
    expect(item).to_be_visible()
    page.keyboard.press("Escape")
    expect(item).to_be_hidden()
    page.locator("summary", has_text="Export").click()
    page.get_by_role("heading", name="Components").click()
    expect(item).to_be_hidden()


def test_progress_asks_again(page):
    page.goto("/_components/")
    expect(page.locator(".ec-progress").first).to_contain_text(re.compile("1,640 of 4,210"))


def test_gallery_works_without_script(make_page):
    page = make_page(javascript=False)
    page.goto("/_components/")
    expect(page.locator("#bulk")).to_be_visible()
    expect(page.get_by_role("button", name="Search").last).to_be_visible()
    page.locator("#typed").click()
    expect(page.get_by_text("Done.")).to_be_visible()


def test_bars_stay_and_hide_nothing_at_the_end_of_a_long_page(page):
    page.goto("/_components/")
    side = page.locator(".ec-side")
    assert page.evaluate("document.documentElement.scrollHeight > 3 * innerHeight")
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert side.bounding_box()["y"] == 0
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    main, bar = page.locator(".ec-main").bounding_box(), page.locator(".ec-bottom").bounding_box()
    assert round(main["y"] + main["height"]) <= round(bar["y"])
