"""The visual editor as a member meets it: blocks by key and by mouse, writing, settings, undo, and what is stored."""

import gzip

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.services.auditing import SYSTEM
from campaigns import queries
from campaigns.services import blocks, demo, drafting
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.accounts.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True)

SOURCE = """<mjml>
<mj-head><mj-attributes><mj-text color="#223344" /></mj-attributes></mj-head>
<mj-body>
<!-- kept -->
  <mj-section><mj-column>
    <mj-text>Hello&nbsp;{{ contact.first_name | default: "<you>" }}<br>Tea & cake</mj-text>
    <mj-image src="" alt=''/>
    <mj-table><tr><td>1</td></tr></mj-table>
  </mj-column></mj-section>
  <mj-raw>{% assign a = 1 %}</mj-raw>
  <mj-raw>{% if contact.country == "IE" %}</mj-raw>
  <mj-section><mj-column><mj-button href="https://example.com/?a=1&b=2">For Ireland</mj-button></mj-column></mj-section>
  <mj-raw>{% endif %}</mj-raw>
</mj-body>
</mjml>
"""


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
    def make(source):
        with account_scope(account):
            made = drafting.create_campaign(account=account, name="Spring", created_by=owner, now=timezone.now())
            drafting.save_content(campaign=made, kind="visual", source=source, now=timezone.now())
            drafting.set_envelope(
                campaign=made, sender=made.sender, reply_to="", subject="Spring", preheader="", now=timezone.now()
            )
            return made

    return make


@pytest.fixture
def open_editor(make_page, owner):
    client = Client()
    client.force_login(owner)

    def go(draft, **kwargs):
        page = make_page(cookies=client.cookies, **kwargs)
        page.goto(f"/campaigns/{draft.pk}/content/")
        if kwargs.get("javascript", True):
            page.wait_for_selector("[data-visual][data-ready]")
        return page

    return go


def source_of(account, draft):
    with account_scope(account):
        return queries.only_variant(draft).source


def canvas(page):
    return page.frame_locator("iframe.gjs-frame")


def saved(page):
    with page.expect_response(lambda response: "/content/" in response.url and response.request.method == "POST"):
        page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#save-state")).to_contain_text("Saved")


def press(page, name):
    button = page.locator("[data-visual]").get_by_role("button", name=name, exact=True)
    button.focus()
    button.press("Enter")


def drag(page, block, target):
    """Hold a block over the upper part of something in the mail, and let go once the editor shows where it would stand."""
    here, there = block.bounding_box(), target.bounding_box()
    page.mouse.move(here["x"] + 20, here["y"] + 20)
    page.mouse.down()
    page.mouse.move(there["x"] + 60, there["y"] + 4, steps=4)
    expect(page.locator(".ec-drop-line")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".ec-drop-line")).to_be_hidden()


def drag_by_finger(page, block, target):
    """The same by touch: a finger rests on the block until it comes along."""
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    here, there = block.bounding_box(), target.bounding_box()
    send("touchStart", (here["x"] + 20, here["y"] + 20))
    expect(page.locator(".ec-drag-ghost")).to_be_visible()
    send("touchMove", (there["x"] + 60, there["y"] + 4))
    expect(page.locator(".ec-drop-line")).to_be_visible()
    send("touchEnd")
    expect(page.locator(".ec-drop-line")).to_be_hidden()


def test_untouched_it_stays_to_the_byte_and_edited_it_keeps_what_it_can_not_draw(open_editor, account, draft):
    made = draft(SOURCE)
    page = open_editor(made)
    saved(page)
    assert source_of(account, made) == SOURCE
    press(page, "Text")
    saved(page)
    edited = source_of(account, made)
    assert "Write here." in edited
    for kept in (
        "<!-- kept -->",
        '<mj-text color="#223344"></mj-text>',
        '{{ contact.first_name | default: "<you>" }}<br />Tea &amp; cake',
        'alt=""',
        "<mj-table><tr><td>1</td></tr></mj-table>",
        "<mj-raw>{% assign a = 1 %}</mj-raw>",
        '<mj-raw>{% if contact.country == "IE" %}</mj-raw>\n    <mj-section>',
        'href="https://example.com/?a=1&amp;b=2"',
    ):
        assert kept in edited
    press(page, "Undo")
    saved(page)
    assert source_of(account, made) == SOURCE


def test_blocks_are_added_moved_written_and_set_without_a_mouse(open_editor, account, draft, view, axe):
    made = draft("")
    page = open_editor(made)
    page.route("https://example.com/**", lambda route: route.fulfill(body=picture(), content_type="image/png"))
    page.locator("[data-outline] button", has_text="Text: Write something").press("Enter")
    press(page, "Button")
    expect(page.locator("[data-title]")).to_have_text("Button")
    page.get_by_label("Label").fill("Order <now>")
    page.get_by_label("Leads to").first.fill("https://example.com/bread")
    page.get_by_role("button", name="Background #1a7345").first.press("Enter")
    press(page, "Move up")
    press(page, "3 columns")
    press(page, "Footer")
    press(page, "Image")
    page.get_by_label("Address of the picture").fill("https://example.com/loaf.png")
    page.get_by_label("Alternative text").fill("A loaf")
    page.locator("[data-outline] button", has_text="Text: Write something").press("Enter")
    press(page, "Write")
    page.keyboard.press("Control+A")
    page.keyboard.type("Fresh bread")
    page.keyboard.press("Escape")
    expect(canvas(page).get_by_text("Fresh bread")).to_be_visible()
    saved(page)
    source = source_of(account, made)
    assert source.index(">Order &lt;now&gt;</mj-button>") < source.index("Fresh bread")
    assert 'background-color="#1a7345"' in source
    assert source.count("<mj-column>") == 5
    assert "{{ account.postal_address }}" in source
    assert 'alt="A loaf"' in source
    axe(page)
    page.get_by_text("Preview", exact=True).click()
    expect(page.frame_locator(".ec-mail-frame").get_by_text("Fresh bread")).to_be_visible()
    expect(page.frame_locator(".ec-mail-frame").get_by_text("Unsubscribe")).to_have_count(1)
    view(page, "visual-preview")
    page.reload()
    expect(canvas(page).get_by_text("Fresh bread")).to_be_visible()
    page.locator("[data-outline] button", has_text="Button: Order").click()
    view(page, "visual")


def parts_of(page):
    return [each.partition(":")[0] for each in page.locator("[data-outline] button").all_inner_texts()]


def test_blocks_are_dragged_in_one_after_the_other_and_a_section_is_shown_to_some(open_editor, owner, account, draft):
    made = draft("")
    with account_scope(account):
        for name, element in (
            ("Loaf", "<mj-text>Of the day</mj-text>"),
            ("Offer", "<mj-section><mj-column><mj-button>Order</mj-button></mj-column></mj-section>"),
        ):
            blocks.keep(account=account, name=name, element=element, actor=SYSTEM, now=timezone.now())
    page = open_editor(made)
    frame = page.locator("iframe.gjs-frame")
    stands = frame.bounding_box()
    text, outline = canvas(page).get_by_text("Write something people"), page.locator("[data-outline]")
    drag(page, page.locator("[data-block=divider]"), text)
    expect(outline.get_by_role("button", name="Line")).to_have_count(1)
    # What was just saved was found wanting or mended, and was selected: nothing of it moves the mail under a hand.
    expect(page.locator("#save-state")).to_contain_text("Saved ·")
    drag(page, page.locator("[data-block=spacer]"), text)
    expect(outline.get_by_role("button", name="Space")).to_have_count(1)
    drag(page, page.get_by_role("button", name="Loaf", exact=True), text)
    expect(outline.get_by_role("button", name="Text: Of the day")).to_have_attribute("aria-current", "true")
    assert frame.bounding_box() == stands
    drag_by_finger(page, page.get_by_role("button", name="Offer", exact=True), text)
    expect(outline.get_by_role("button", name="Button: Order")).to_have_count(1)
    assert parts_of(page) == [
        "Whole mail", "Section", "Column", "Line", "Space", "Text", "Text", "Section", "Column", "Button"
    ]  # fmt: skip
    # Let go beside the mail, or pressed Escape: nothing is added, and nothing is pressed either.
    drag_away = page.locator("[data-block=image]").bounding_box()
    page.mouse.move(drag_away["x"] + 20, drag_away["y"] + 20)
    page.mouse.down()
    page.mouse.move(drag_away["x"] + 30, drag_away["y"] + 30)
    expect(page.locator(".ec-drag-ghost")).to_be_visible()
    page.mouse.up()
    expect(outline.get_by_role("button", name="Image")).to_have_count(0)
    page.keyboard.press("Control+Z")
    expect(outline.get_by_role("button", name="Button: Order")).to_have_count(0)
    page.keyboard.press("Control+Y")
    expect(outline.get_by_role("button", name="Button: Order")).to_have_count(1)
    saved(page)
    source = source_of(account, made)
    places = [
        source.index(each)
        for each in ("<mj-divider", "<mj-spacer", "Of the day", "Write something", "Order</mj-button>")
    ]
    assert places == sorted(places)
    page.locator("[data-outline] button", has_text="Section").first.press("Enter")
    page.get_by_label("Field", exact=True).select_option("country")
    page.get_by_label("Value", exact=True).fill("IE")
    page.get_by_label("Value", exact=True).press("Tab")
    saved(page)
    source = source_of(account, made)
    assert '<mj-raw>{% if contact.country == "IE" %}</mj-raw>\n    <mj-section' in source
    page.reload()
    page.locator("[data-outline] button", has_text="Section").first.press("Enter")
    expect(page.get_by_label("Value", exact=True)).to_have_value("IE")
    page.get_by_label("Field", exact=True).select_option("")
    saved(page)
    assert "{% if" not in source_of(account, made)


def test_a_block_is_saved_renamed_put_into_another_mail_and_deleted(open_editor, account, draft, view, axe):
    page = open_editor(draft(SOURCE))
    expect(page.locator("#own-blocks")).to_contain_text("Save as block")
    page.locator("[data-outline] button", has_text="Button: For Ireland").press("Enter")
    press(page, "What is around it")
    expect(page.locator("[data-title]")).to_have_text("Column")
    press(page, "What is around it")
    expect(page.locator("[data-title]")).to_have_text("Section")
    press(page, "Save as block")
    name = page.get_by_role("dialog").get_by_label("Name")
    expect(name).to_have_value("Section")
    page.keyboard.type("Irish offer")
    page.keyboard.press("Enter")
    expect(page.locator("#own-blocks")).to_contain_text("“Irish offer” is among your blocks.")
    expect(page.get_by_role("dialog")).to_have_count(0)
    axe(page)
    view(page, "visual-own-blocks")

    other = draft("")
    page.goto(f"/campaigns/{other.pk}/content/")
    page.wait_for_selector("[data-visual][data-ready]")
    page.get_by_role("button", name="Irish offer", exact=True).press("Enter")
    expect(canvas(page).get_by_text("For Ireland")).to_be_visible()
    saved(page)
    source = source_of(account, other)
    assert '<mj-raw>{% if contact.country == "IE" %}</mj-raw>\n    <mj-section>' in source
    assert "For Ireland</mj-button>" in source

    own = page.locator("#own-blocks")
    more = own.locator("summary", has_text="Irish offer")
    more.press("Enter")
    new_name = own.locator("details[open]").get_by_label("New name")
    new_name.fill("Offer")
    new_name.press("Enter")
    expect(own).to_contain_text("It is called “Offer” now.")
    own.locator("summary", has_text="Offer").press("Enter")
    own.locator("details[open]").get_by_role("button", name="Delete").press("Enter")
    expect(own).to_contain_text("“Offer” is deleted.")
    own.get_by_role("button", name="Undo").press("Enter")
    expect(own).to_contain_text("“Offer” is back.")


def test_without_a_script_or_with_what_it_can_not_hold_it_goes_on_as_mjml(
    open_editor, make_page, owner, account, draft
):
    made = draft(SOURCE)
    page = open_editor(made, javascript=False)
    expect(page.get_by_text("The visual editor needs JavaScript")).to_be_visible()
    page.get_by_role("button", name="Go on as MJML").click()
    expect(page.get_by_label("Body", exact=True)).to_have_value(SOURCE)
    assert source_of(account, made) == SOURCE
    odd = draft("<mjml><mj-body><mj-section><mj-colum></mj-colum></mj-section></mj-body></mjml>")
    page.goto(f"/campaigns/{odd.pk}/content/")
    expect(page.get_by_text("Did you mean <mj-column>?")).to_be_visible()


# What a browser fetches before it paints: what the page itself names, and the fonts of its style sheets.
NAMED = """() => [...document.querySelectorAll("script[src], link[rel~=stylesheet], link[rel~=preload], link[rel~=modulepreload]")]
    .map((element) => element.src || element.href)"""


def test_little_is_loaded_before_the_first_paint_and_the_editor_afterwards(open_editor, draft, capsys):
    page = open_editor(draft(SOURCE))
    loaded = page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    fonts = [url for url in loaded if ".woff2" in url]

    def compressed(urls):
        return sum(len(gzip.compress(page.request.get(url).body())) for url in urls)

    first = {page.url, *page.evaluate(NAMED), *fonts}
    heavy = {url for url in loaded if "/build/editor/" in url}
    size = compressed(first)
    with capsys.disabled():
        print(f"\n  The editor's page: {size:,} bytes compressed before it paints, {compressed(heavy):,} afterwards")
    assert sum(".css" in url for url in first) >= 2
    assert sum(".js" in url for url in first) >= 2
    assert size <= 500_000, first
    assert heavy
    assert not heavy & first
