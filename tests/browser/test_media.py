"""The media library as a member meets it: dropping, choosing, describing, and picking a logo."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Media
from campaigns.services import demo
from contacts.models import Form
from emailconcert.lib.tenancy import account_scope
from tests.accounts.pictures import picture
from tests.browser.test_pages import sign_in

# Hands a file over as dragging one in does.
DROP = """([place, bytes]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
    document.querySelector(place).dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def owner(hosts, tmp_path):
    hosts.DEMO, hosts.MEDIA_DIR = True, tmp_path / "media"
    return demo.load(now=timezone.now())[0]


def file(name, **more):
    return {"name": name, "mimeType": "image/png", "buffer": picture(**more)}


def is_shown(image):
    expect(image).to_be_visible()
    image.scroll_into_view_if_needed()
    return image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 0


def test_pictures_are_dropped_chosen_described_and_deleted(make_page, owner, view):
    page = make_page(cookies=sign_in(owner))
    page.goto("/content/media/")
    page.get_by_label("Drop pictures here").set_input_files(
        [
            file("Rye.png"),
            {"name": "notes.png", "mimeType": "image/png", "buffer": b"notes"},
            file("Oats.png", colour="red"),
        ]
    )
    done = page.get_by_role("listitem").filter(has_text="Uploaded")
    expect(done).to_have_count(2)
    expect(page.get_by_text("This is no picture.")).to_be_visible()
    page.evaluate(DROP, [".ec-drop", list(picture(colour="gold", size=(900, 600)))])
    tile = page.get_by_role("link", name=re.compile("dropped 900 × 600"))
    assert is_shown(tile.get_by_role("presentation"))
    view(page, "media")

    tile.click()
    page.get_by_label("Alternative text").fill("A golden field")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert is_shown(page.get_by_role("img", name="A golden field"))
    view(page, "media-detail")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="dropped")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.goto("/content/media/")
    page.get_by_role("searchbox", name="Search pictures").fill("golden")
    expect(page.get_by_role("link", name=re.compile("Rye|Oats"))).to_have_count(0)
    expect(tile).to_be_visible()


def test_a_logo_is_picked_with_a_script(make_page, owner):
    page = make_page(cookies=sign_in(owner))
    with account_scope(owner.last_account):
        form = Form.objects.get()
    page.goto(f"/contacts/forms/{form.pk}/")
    page.get_by_role("button", name="Choose a picture").click()
    dialog = page.get_by_role("dialog", name="Choose a picture")
    expect(dialog.get_by_text("No pictures yet.")).to_be_visible()
    search = dialog.get_by_role("searchbox", name="Search pictures")
    # Typing while a picture is on its way is not lost.
    dialog.get_by_label("Upload a picture").set_input_files([file("Boat.png", size=(200, 80))])
    search.fill("train")
    expect(dialog.get_by_text("No picture is like that.")).to_be_visible()
    search.fill("boat")
    dialog.get_by_role("button", name=re.compile("Boat")).click()

    expect(dialog).to_be_hidden()
    assert is_shown(page.get_by_role("img", name="The logo of the form"))
    frame = page.frame_locator("iframe[title='Preview of the form']")
    expect(frame.get_by_role("img", name="Harbour Bakery")).to_have_attribute("src", re.compile("/media/"))
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 2 is online.").first).to_be_visible()
    page.get_by_role("link", name="Open the form").click()
    assert is_shown(page.get_by_role("img", name="Harbour Bakery"))


def test_pictures_are_uploaded_and_picked_without_a_script(make_page, owner):
    page = make_page(javascript=False, cookies=sign_in(owner))
    page.goto("/content/media/")
    page.get_by_label("Drop pictures here").set_input_files([file("Rye.png"), file("Oats.png", colour="red")])
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("2 pictures are new in your library.")).to_be_visible()

    with account_scope(owner.last_account):
        form, rye = Form.objects.get(), Media.objects.get(name="Rye")
    page.goto(f"/contacts/forms/{form.pk}/")
    page.get_by_role("button", name="Choose a picture").click()
    page.get_by_role("button", name="Rye").click()
    page.get_by_role("button", name="Save draft").click()

    expect(page.get_by_role("img", name="The logo of the form")).to_have_attribute("src", re.compile(rye.digest))
