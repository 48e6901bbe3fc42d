"""Hosted forms and the preference centre as people meet them: building, a frame in another site, plain HTML, a code."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from campaigns import demo_data
from campaigns.models import Campaign
from campaigns.services import demo
from contacts.models import Contact, Form
from delivery.models import Message, Outcome
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from tests.browser.test_pages import sign_in

ADA = "ada@example.com"


@pytest.fixture
def owner(hosts):
    hosts.DEMO = True
    return demo.load(now=timezone.now())[0]


@pytest.fixture
def form(owner):
    with account_scope(owner.last_account):
        return Form.objects.get()


@pytest.fixture
def other_site():
    """A site of somebody else, at another origin: `other_site(html)` returns its address."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def put(html):
        pages["/"] = f"<!doctype html><html lang='en'><title>Bakery</title><link rel='icon' href='data:,'>{html}</html>"
        return f"http://127.0.0.1:{server.server_port}/"

    yield put
    server.shutdown()
    server.server_close()


def press(page, name):
    page.get_by_role("button", name=name).click()


def test_a_form_is_built_seen_and_published(make_page, owner, form, hosts, view):
    page = make_page(cookies=sign_in(owner))
    page.goto(f"/contacts/forms/{form.pk}/")
    frame = page.frame_locator("iframe[title='Preview of the form']")
    expect(frame.get_by_role("heading", name="Fresh bread news")).to_be_visible()

    page.get_by_label("Heading", exact=True).fill("Warm bread, Fridays")
    expect(frame.get_by_role("heading", name="Warm bread, Fridays")).to_be_visible()
    page.get_by_label("Field to ask for").select_option("country")
    press(page, "Ask for this")
    expect(frame.get_by_label("Country")).to_be_visible()
    up = page.get_by_role("button", name="Move Country up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ec-build-item h3")).to_have_text(["Email address", "Country", "First name"])
    expect(page.get_by_label("Heading", exact=True)).to_have_value("Warm bread, Fridays")
    press(page, "Add a box to tick")
    page.get_by_label("What they agree to by this box").fill("I am over 16.")
    expect(frame.get_by_label("I am over 16.")).to_be_visible()
    view(page, "form-build")
    press(page, "Publish")
    expect(page.get_by_text("Version 2 is online.").first).to_be_visible()

    page.goto(f"{hosts.CONTENT_URL}/f/{form.slug}")
    expect(page.get_by_role("heading", name="Warm bread, Fridays")).to_be_visible()
    expect(page.get_by_label("Country")).to_be_visible()
    view(page, "form-public-built")


def test_unsaved_changes_are_guarded(make_page, owner, form):
    page = make_page(cookies=sign_in(owner))
    page.goto(f"/contacts/forms/{form.pk}/")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    press(page, "Take First name out")
    expect(page.locator(".ec-build-item h3")).to_have_text(["Email address"])

    page.get_by_role("link", name="Versions").click()
    page.wait_for_url("**/versions/")

    assert asked == ["beforeunload"]


def test_a_form_is_built_without_javascript(make_page, owner, form):
    page = make_page(javascript=False, cookies=sign_in(owner))
    page.goto(f"/contacts/forms/{form.pk}/")
    page.get_by_label("Field to ask for").select_option("phone")
    press(page, "Ask for this")
    press(page, "Move Phone up")
    expect(page.locator(".ec-build-item h3")).to_have_text(["Email address", "Phone", "First name"])
    page.get_by_label("Heading", exact=True).fill("Plain")
    press(page, "Show again")
    press(page, "Publish")
    expect(page.get_by_text("Version 2 is online.").first).to_be_visible()


def test_a_frame_in_another_site_grows_with_the_form_and_signs_people_up(
    page, owner, form, hosts, other_site, workers, post
):
    script = f"{hosts.CONTENT_URL}/static/build/embed.js"
    site = other_site(
        f'<iframe src="{hosts.CONTENT_URL}/f/{form.slug}/embed" title="Form" data-emailconcert width="100%" height="100"></iframe>'
        f'<script src="{script}" async></script>'
    )
    page.goto(site)
    frame = page.frame_locator("iframe")
    frame.get_by_label("Email address").fill(ADA)
    page.wait_for_function("document.querySelector('iframe').clientHeight > 300")
    tall = page.evaluate("document.querySelector('iframe').clientHeight")
    assert tall == pytest.approx(frame.locator("html").evaluate("e => e.getBoundingClientRect().height"), abs=2)

    frame.get_by_role("button", name=demo_data.FORM_TEXTS["button"]).click()

    expect(frame.get_by_role("heading", name="One more step")).to_be_visible()
    workers.work()
    page.goto(post.link(ADA, "/f/confirm/"))
    press(page, "Yes, put me on the list")
    expect(page.get_by_text(demo_data.FORM_TEXTS["thanks"])).to_be_visible()


def test_the_page_of_a_form_itself_does_not_open_in_a_frame(page, form, hosts, other_site, problems):
    page.goto(other_site(f'<iframe src="{hosts.CONTENT_URL}/f/{form.slug}" title="Form"></iframe>'))
    page.wait_for_timeout(300)

    assert page.frames[1].url.startswith("chrome-error://")
    problems.clear()


def test_plain_html_in_another_site_needs_no_javascript(make_page, owner, form, other_site, workers, post):
    member = make_page(cookies=sign_in(owner))
    member.goto(f"/contacts/forms/{form.pk}/share/")
    html = member.get_by_label("Code of the form").input_value()
    page = make_page(javascript=False)
    page.goto(other_site(html))
    page.get_by_label("Email address").fill(ADA)
    press(page, demo_data.FORM_TEXTS["button"])
    expect(page.get_by_role("heading", name="One more press")).to_be_visible()
    press(page, demo_data.FORM_TEXTS["button"])
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    workers.work()
    page.goto(post.link(ADA, "/f/confirm/"))
    press(page, "Yes, put me on the list")

    with account_scope(owner.last_account):
        assert Contact.objects.filter(email=ADA).exists()


def test_people_see_and_change_what_is_stored_with_a_code(page, owner, hosts, workers, post, view):
    with account_scope(owner.last_account):
        mailing_id = Campaign.objects.get(state="sent").variants.get().mailing_id
        message = Message.objects.filter(mailing_id=mailing_id, outcome=Outcome.SENT).order_by("sequence").first()
        person = Contact.objects.get(pk=message.contact_id)
    page.goto(f"{hosts.CONTENT_URL}/p/{signing.message_token(mailing_id, message.sequence)}")
    page.get_by_role("link", name="See and change what is stored of you").click()
    expect(page.get_by_role("button", name="Mail me a code")).to_be_visible()
    view(page, "preferences-code")
    press(page, "Mail me a code")
    workers.work()
    subject = post.find(person.email)[1].header("Subject")
    page.get_by_label("Code").fill(re.match(r"(\d{3} \d{3}) is your code", subject)[1])
    view(page, "preferences-code-sent")
    press(page, "Open")
    expect(page.get_by_text(person.email)).to_be_visible()
    page.get_by_label("First name").fill("Augusta")
    press(page, "Save")
    expect(page.get_by_text("Saved.")).to_be_visible()
    view(page, "preferences-stored")
    press(page, "Send me a copy of everything")
    expect(page.get_by_role("heading", name="Your request is with the Data Protection Officer")).to_be_visible()
    view(page, "preferences-asked")
    with account_scope(owner.last_account):
        assert Contact.objects.get(pk=person.pk).first_name == "Augusta"


def test_pages_of_a_form(make_page, owner, form, view):
    page = make_page(cookies=sign_in(owner))
    for name in ("share", "results", "versions", "settings"):
        page.goto(f"/contacts/forms/{form.pk}/{name}/")
        view(page, f"form-{name}")
