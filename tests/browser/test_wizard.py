"""The wizard of imports as a person goes through it: with JavaScript, and without."""

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from contacts.models import Contact, List, Subscription
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, Suppression
from tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)
MAILCHIMP = "\n".join(
    [
        "Email Address,First Name,CC,UNSUB_TIME,LEID,EUID,TAGS,Loyalty",
        "ann@example.org,Ann,IE,,1,a,vip,12",
        "bob@example.org,Bob,IE,2025-05-05 10:00:00,2,b,,3",
        "ann@example.org,Anna,IE,,3,c,,4",
        "nobody,No,IE,,4,d,,5",
    ]
)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def owner(client):
    member = make_member()
    with account_scope(member.account):
        List.objects.create(name="News")
    client.force_login(member.user)
    return member


def upload(page, name, content):
    page.goto("/contacts/import/")
    page.get_by_label("File", exact=True).set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("table", name="Columns of the file")).to_be_visible()


def say_terms(page):
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Why may you write to them?").fill("Yes, write to me about bread.")
    page.get_by_label("When did they agree?").fill("2026-01-31")
    page.get_by_label("Where did they agree?").fill("Mailchimp")
    page.get_by_label("News", exact=True).check()
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("read so far")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_moving_here_is_one_upload(make_page, client, owner, workers, javascript):
    page = make_page(javascript=javascript, cookies=client.cookies)
    upload(page, "subscribed.csv", MAILCHIMP.encode())
    expect(page.get_by_text("This is an export of Mailchimp")).to_be_visible()
    expect(page.get_by_label("UNSUB_TIME", exact=True)).to_have_value("opted_out")
    expect(page.get_by_label("LEID", exact=True)).to_have_value("")
    expect(page.get_by_label("Loyalty", exact=True)).to_have_value("new:number")

    say_terms(page)
    workers.work()
    page.reload()
    expect(page.get_by_role("table", name="The first problems")).to_contain_text("nobody")
    expect(page.locator(".ec-stat", has_text="Opted out there")).to_contain_text("1")
    page.get_by_role("button", name="Import 1 person").click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    workers.work()
    page.reload()
    for label, number in {"Added": 1, "Twice in the file": 1, "Opted out there": 1, "Refused": 1}.items():
        expect(page.locator(".ec-stat", has_text=label)).to_contain_text(str(number))

    with account_scope(owner.account):
        ann = Contact.objects.get()
        assert (ann.email, ann.first_name, ann.country, ann.values) == ("ann@example.org", "Ann", "IE", {"loyalty": 12})
        assert Subscription.objects.get().state == "subscribed"
        assert Consent.objects.get().given_at.date().isoformat() == "2026-01-31"
        assert Suppression.objects.get().reason == "unsubscribed"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download refused rows").click()
    assert "nobody" in download.value.path().read_text()

    page.get_by_role("button", name="Undo this import").click()
    if javascript:
        page.get_by_role("dialog").get_by_role("button", name="Undo it").click()
    expect(page.locator("#progress")).to_contain_text("Being undone")
    workers.work()
    page.reload()
    expect(page.get_by_text("This import was undone")).to_be_visible()
    with account_scope(owner.account):
        assert not Contact.objects.exists()


def test_preview_follows_what_is_chosen(make_page, client, owner):
    page = make_page(cookies=client.cookies)
    upload(page, "them.csv", "Email;Ort\nzoe@example.org;Köln\n".encode("cp1252"))
    table = page.get_by_role("table", name="Columns of the file")
    expect(table).to_contain_text("Köln")

    page.get_by_label("Characters").select_option("cp1251")
    expect(table).to_contain_text("Kцln", timeout=15_000)
    page.get_by_label("Between columns").select_option(",")
    expect(table).to_contain_text("Email;Ort", timeout=15_000)
    page.get_by_label("Characters").select_option("cp1252")
    expect(table).to_contain_text("Köln", timeout=15_000)


def test_sheet_of_a_workbook_is_chosen(make_page, client, owner, workers):
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["Read me"])
    sheet = book.create_sheet("People")
    sheet.append(["Email", "Vorname"])
    sheet.append(["zoe@example.org", "Zoë"])
    content = io.BytesIO()
    book.save(content)
    page = make_page(cookies=client.cookies)
    upload(page, "them.xlsx", content.getvalue())

    page.get_by_label("Sheet").select_option("People")
    expect(page.get_by_label("Vorname", exact=True)).to_have_value("first_name")
    say_terms(page)
    workers.work()
    page.reload()
    page.get_by_role("button", name=re.compile("Import 1 ")).click()
    expect(page.get_by_text("You can leave this page")).to_be_visible()
    workers.work()

    with account_scope(owner.account):
        assert list(Contact.objects.values_list("email", "first_name")) == [("zoe@example.org", "Zoë")]
