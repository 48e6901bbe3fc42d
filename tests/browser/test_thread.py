"""One thread through every room: from sign-up to the Data Protection Officer's erase, all of it in Chromium.

Mail leaves over SMTP into the local mailbox, links in it are followed, pixels reach a running edge, and workers run
the real tasks. Nothing is put into the database by the test but the officer, as `manage.py bootstrap` makes one.
"""

import re

import pytest
from django_otp.oath import totp
from playwright.sync_api import expect

from accounts.models import User
from accounts.services import operating, second_factor
from tests.browser import parts
from tests.tracking import edge_process

pytestmark = pytest.mark.skipif(
    "host=" not in edge_process.settings.EDGE_DATABASE_URL, reason="needs PostgreSQL at a socket"
)

NORA = "nora@harbour-bakery.example"
PASSPHRASE = "warm rye at seven in May"
ADA, BEN, CHARLIE = "ada@example.com", "ben@example.org", "charlie@example.net"
OFFICER = "dora@emailconcert.example"
SEED = b"12345678901234567890"
FILE = "Mail;Vorname;Notes\nben@example.org;Ben;\ncharlie@example.net;Charlie;likes rye\n"
AGAIN = "Mail;Vorname;Notes\nada@example.com;Ada;\nbea@example.org;Bea;\n"
BODY = """# Four sourdoughs

Hello {{ contact.first_name | default: "friend" }}, [see them](%s/privacy/) on Thursday.
"""


@pytest.fixture
def edge(hosts, tmp_path):
    options = {"CONTENT_URL": hosts.CONTENT_URL, "TRUSTED_PROXIES": "0"}
    url = edge_process.edge_url()
    with edge_process.running(database_url=url, spool=tmp_path / "spool", **options) as one:
        hosts.TRACKING_URL = f"http://localhost:{one.port}"
        yield one


@pytest.fixture
def officer():
    made = operating.make_person(
        email=OFFICER, name="Dora", role=User.PlatformRole.DPO, password=PASSPHRASE, now=parts.now()
    )
    second_factor.enrol_seed(user=made.user, seed=SEED, now=parts.now())
    return made.user


def press(page, name):
    page.get_by_role("button", name=name).click()


def sign_up(page, workers, post):
    page.goto("/sign-up/")
    page.get_by_label("Your name").fill("Nora Byrne")
    page.get_by_label("Email").fill(NORA)
    page.get_by_role("textbox", name="Password").fill(PASSPHRASE)
    page.get_by_label("Business name").fill("Harbour Bakery")
    page.get_by_label("Postal address").fill("12 Quay Street\nGalway")
    page.get_by_label("Country").select_option("IE")
    page.locator("[name=accept]").check()
    press(page, "Open the account")
    expect(page).to_have_url(re.compile("/sign-up/sent/"))
    workers.work()
    page.goto(post.link(NORA, "/sign-up/confirm/"))
    press(page, "Confirm this address")
    expect(page.get_by_role("heading", name="Getting started")).to_be_visible()


def add_sender(page, workers, post):
    page.goto("/settings/sending/")
    page.get_by_label("Name").fill("Harbour Bakery")
    page.get_by_label("Email address").fill(NORA)
    press(page, "Add sender")
    expect(page.get_by_role("row", name=NORA)).to_contain_text("Verified")


def import_contacts(page, workers, text, *, shows):
    page.goto("/contacts/import/")
    file = {"name": "address-book.csv", "mimeType": "text/csv", "buffer": b"\xef\xbb\xbf" + text.encode()}
    page.get_by_label("File", exact=True).set_input_files(file)
    press(page, "Upload")
    expect(page.get_by_label("Mail", exact=True)).to_have_value("email")
    expect(page.get_by_label("Vorname", exact=True)).to_have_value("first_name")
    press(page, "Go on")
    page.get_by_label("Why may you write to them?").fill("They signed the list on the counter.")
    page.get_by_label("News", exact=True).check()
    press(page, "Check the file")
    expect(page.get_by_text("read so far")).to_be_visible()
    workers.work()
    page.reload()
    page.get_by_role("button", name=re.compile("Import \\d+ ")).click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    workers.work()
    page.reload()
    for label, number in shows.items():
        expect(page.locator(".ec-stat", has_text=label)).to_contain_text(str(number))


def make_list_and_form(page):
    page.goto("/contacts/lists/")
    page.get_by_role("link", name="New list").first.click()
    page.get_by_label("Name").fill("News")
    press(page, "Make the list")
    expect(page.get_by_role("link", name="News")).to_be_visible()
    page.goto("/contacts/forms/add/")
    page.get_by_label("Name", exact=True).fill("Counter")
    page.get_by_label("Web address").fill("harbour-news")
    page.get_by_label("Heading").fill("Fresh bread news")
    press(page, "Build the form")
    expect(page.locator(".ec-build-item h3")).to_have_text(["Email address", "First name"])
    page.get_by_label("What pressing the button means").fill("One mail a week. I can stop at any time.")
    press(page, "Publish")
    expect(page.get_by_text("Version 1 is online.").first).to_be_visible()


def sign_up_as_ada(visitor, content, workers, post):
    visitor.goto(f"{content}/f/harbour-news")
    visitor.get_by_label("Email address").fill(ADA)
    visitor.get_by_label("First name").fill("Ada")
    press(visitor, "Subscribe")
    expect(visitor.get_by_role("heading", name="One more step")).to_be_visible()
    workers.work()
    link = post.link(ADA, "/f/confirm/")
    assert link.startswith(content)
    visitor.goto(link)
    press(visitor, "Yes, put me on the list")
    expect(visitor.get_by_role("heading", name="Thank you")).to_be_visible()
    assert visitor.context.cookies() == []


def write_campaign(page, content, workers, post):
    page.goto("/campaigns/new/")
    page.get_by_label("Name").fill("Sourdough week")
    press(page, "Create")
    campaign = page.url
    page.get_by_role("link", name="Choose", exact=True).click()
    page.get_by_label(re.compile("News")).first.check()
    press(page, "Save")
    page.get_by_role("link", name="Edit").first.click()
    page.get_by_label("From").select_option(index=1)
    page.get_by_label("Subject").fill("{{ contact.first_name | default: 'Hello' }}, it is sourdough week")
    page.get_by_label("Preheader").fill("Four loaves, one oven.")
    press(page, "Save")
    page.get_by_role("link", name="Write").click()
    page.get_by_label("Body").fill(BODY % content)
    expect(page.locator("#save-state")).to_contain_text("Saved ·")
    page.get_by_label("Preview as", exact=True).select_option(label="Ben")
    expect(page.frame_locator(".ec-mail-frame").get_by_text("Hello Ben,")).to_be_visible()
    page.get_by_role("link", name="Sourdough week").click()
    page.get_by_role("link", name="Send a test").click()
    page.get_by_label(re.compile("Nora Byrne")).check()
    press(page, "Send test mail")
    expect(page).to_have_url(campaign)
    workers.work()
    assert post.count(NORA, subject="[Test]") == 1
    return campaign


def send_campaign(page, campaign, workers, post):
    page.goto(f"{campaign}review/")
    expect(page.get_by_text("3 people", exact=True)).to_be_visible()
    page.get_by_label("Type 3 to confirm").fill("3")
    press(page, "Send to 3 people")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    workers.work()
    assert post.count(ADA, subject="sourdough") == 0  # ten seconds in which nothing has left
    workers.work(until=lambda: post.count("example", subject="it is sourdough week") == 4)
    workers.work()
    expect(page.get_by_text("Finished")).to_be_visible()
    expect(page.locator(".ec-stat", has_text="Sent")).to_contain_text("3")


def read_and_leave(visitor, content, workers, post):
    """Ada reads and clicks, Ben takes himself off the list."""
    number, letter = post.find(ADA, subject="sourdough")
    assert (letter.text.count("Hello Ada"), letter.html.count("Hello Ada")) == (1, 1)
    visitor.goto(post.page(number))
    mail = visitor.frame_locator("iframe")
    expect(mail.get_by_role("link", name="see them")).to_be_visible()
    with visitor.context.expect_page() as opened:
        mail.get_by_role("link", name="see them").click()
    opened.value.wait_for_url(f"{content}/privacy/")
    opened.value.close()
    visitor.goto(post.link(BEN, "/u/", subject="sourdough"))
    press(visitor, "Unsubscribe")
    expect(visitor.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
    workers.work(until=parts.inbox_is_empty)


def read_report(page, campaign):
    page.goto(f"{campaign}report/")
    for label, number in {"Sent": 3, "Delivered": 3, "Opened": 1, "Clicked": 1, "Unsubscribed": 1}.items():
        stat = page.locator(".ec-stat").filter(has=page.get_by_text(label, exact=True))
        expect(stat.locator(".ec-stat-value")).to_have_text(str(number))


def ask_for_erasure(visitor, workers, post):
    visitor.goto("/privacy/request/")
    visitor.get_by_label("Erase").check()
    visitor.get_by_label("Full name").fill("Ada Byron")
    visitor.get_by_label("Email address").fill(ADA)
    visitor.get_by_label("Account or business name").fill("Harbour Bakery")
    press(visitor, "Send my request")
    workers.work()
    visitor.goto(post.link(ADA, "/privacy/verify/"))
    press(visitor, "Yes, this is my request")
    expect(visitor.get_by_role("heading", name="Thank you")).to_be_visible()
    workers.work()


def agree_as_owner(page):
    page.goto("/settings/privacy/")
    page.locator("tbody a").first.click()
    page.get_by_label("I agree").check()
    press(page, "Send answer")
    expect(page.get_by_role("button", name="Send answer")).to_have_count(0)


def erase(desk, workers):
    desk.goto("/admin/")
    desk.get_by_label("Email").fill(OFFICER)
    desk.get_by_role("textbox", name="Password").fill(PASSPHRASE)
    press(desk, "Sign in")
    desk.get_by_label("Code").fill(f"{totp(SEED):06d}")
    press(desk, "Go on")
    desk.goto("/admin/privacy/privacyrequest/")
    desk.locator("tbody a").first.click()
    press(desk, "Look at the dry run")
    expect(desk.get_by_role("table", name="Dry run")).to_be_visible()
    press(desk, "Approve")
    desk.get_by_label("Why it cannot wait").fill("Ada asked for it today, and nothing speaks against it.")
    press(desk, "Carry out now")
    desk.get_by_role("dialog").get_by_role("button").last.click()
    expect(desk.get_by_text("It is being carried out")).to_be_visible()
    workers.work()
    desk.reload()
    expect(desk.get_by_text("No trace was found")).to_be_visible()


def find_nobody(page, workers, problems):
    page.goto("/contacts/?q=ada")
    expect(page.get_by_text("Nobody fits")).to_be_visible()
    import_contacts(page, workers, AGAIN, shows={"Added": 1, "Kept out": 1})
    page.goto("/contacts/add/")
    page.get_by_label("Email address").fill(ADA)
    press(page, "Add the contact")
    expect(page.locator(".ec-error")).to_be_visible()
    assert [problem for problem in problems if "422" not in problem] == []
    problems.clear()
    page.goto("/contacts/?q=ada")
    expect(page.get_by_text("Nobody fits")).to_be_visible()


def test_from_sign_up_to_erasure(make_page, hosts, workers, post, edge, officer, problems):
    page, visitor, desk = make_page(), make_page(), make_page()
    content = hosts.CONTENT_URL
    sign_up(page, workers, post)
    add_sender(page, workers, post)
    make_list_and_form(page)
    import_contacts(page, workers, FILE, shows={"Added": 2})
    sign_up_as_ada(visitor, content, workers, post)
    campaign = write_campaign(page, content, workers, post)
    send_campaign(page, campaign, workers, post)
    read_and_leave(visitor, content, workers, post)
    read_report(page, campaign)
    ask_for_erasure(visitor, workers, post)
    agree_as_owner(page)
    erase(desk, workers)
    find_nobody(page, workers, problems)
