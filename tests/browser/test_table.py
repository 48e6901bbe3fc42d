"""The table of contacts in the browser: filter, save a view, act on all that match, undo, export."""

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import BulkAction, Contact, ContactTag, Export, List
from contacts.services import people
from contacts.services.bulk_actions import bulk_runs
from contacts.services.exports import export_runs
from contacts.services.lists import organising, subscribing
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 60


@pytest.fixture
def alice(hosts, tmp_path):
    """A member of an account with sixty contacts, a list and a tag."""
    hosts.MEDIA_DIR = tmp_path / "media"
    alice = make_member(name="Alice")
    with account_scope(alice.account):
        news = List.objects.create(name="News")
        press = organising.create_tag(account_id=alice.account.pk, name="Press")
        for number in range(PEOPLE):
            contact = people.add_contact(
                account_id=alice.account.pk, email=f"p{number:02}@example.org", first_name=f"Ada{number:02}",
                last_name="Berg", country="IE" if number % 2 else "DE", source="member", now=NOW,
            )  # fmt: skip
            if number < 3:
                subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
                organising.tag_contacts(contacts=[contact], tag=press, now=NOW)
    return alice


@pytest.fixture
def page(make_page, alice):
    client = Client()
    client.force_login(alice.user)
    return make_page(cookies=client.cookies)


def test_filters_views_and_columns_stand_in_the_address(page, view, alice):
    page.goto("/contacts/")
    page.get_by_label("Search by name or address").fill("ada0")
    page.get_by_role("link", name="Remove filter: Begins with “ada0”").wait_for()
    assert page.locator("tbody tr").count() == 10

    page.locator("summary", has_text="Filter").click()
    view(page, "contacts-filter-menu")
    page.get_by_label("List", exact=True).first.select_option("News")
    page.get_by_role("search", name="Filter contacts").get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("link", name="Remove filter: List: News").wait_for()
    assert "q=ada0" in page.url
    assert page.locator("tbody tr").count() == 3
    view(page, "contacts-filtered")

    page.locator("summary", has_text="Save view").click()
    page.get_by_label("Name of the view").fill("First readers")
    page.get_by_role("button", name="Save for everybody").click()
    page.get_by_role("navigation", name="Saved views").get_by_role("link", name="First readers").wait_for()
    page.get_by_role("link", name="Remove filter: Begins with “ada0”").click()
    page.wait_for_url("**list=*")
    assert "q=" not in page.url

    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Tags").check()
    page.get_by_role("button", name="Show these columns").click()
    page.get_by_role("columnheader", name="Tags").wait_for()
    view(page, "contacts-views")


def test_all_that_match_are_tagged_with_progress_and_that_is_undone(page, view, alice):
    page.goto("/contacts/")
    page.get_by_label("Select all on this page").check()
    page.get_by_label("All that match, not only these").check()
    page.get_by_label("Tag to add or remove").fill("Winter")
    view(page, "contacts-bulk")
    page.get_by_role("button", name="Add tag").click()
    page.get_by_role("button", name=f"Tag {PEOPLE} people").wait_for()
    view(page, "bulk-ask")
    page.get_by_role("button", name=f"Tag {PEOPLE} people").click()
    page.get_by_text("You can leave this page").wait_for()
    view(page, "bulk-running")

    with account_scope(alice.account):
        action = BulkAction.objects.get()
    bulk_runs.run_slice(account_id=alice.account.pk, action_id=action.pk, clock=timezone.now)
    page.get_by_role("button", name="Undo").wait_for()
    view(page, "bulk-done")
    with account_scope(alice.account):
        assert ContactTag.objects.filter(tag__name="Winter").count() == PEOPLE

    page.get_by_role("button", name="Undo").click()
    page.get_by_role("dialog").get_by_role("button").filter(has_text="Undo").or_(
        page.get_by_role("dialog").get_by_role("button").last
    ).first.click()
    page.get_by_text("Taken back for").wait_for()
    with account_scope(alice.account):
        assert not ContactTag.objects.filter(tag__name="Winter").exists()


def test_export_is_written_and_downloaded(page, view, alice):
    page.goto("/contacts/exports/new/?is.country=IE")
    view(page, "export-question")
    page.get_by_role("button", name="Write the file").click()
    page.get_by_text("You can leave this page").wait_for()
    with account_scope(alice.account):
        export = Export.objects.get()
    export_runs.run(account_id=alice.account.pk, export_id=export.pk, clock=timezone.now)
    page.get_by_role("link", name="Download").wait_for()
    view(page, "export-done")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()

    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == PEOPLE // 2 + 1
    page.goto("/contacts/exports/")
    view(page, "exports-one")


def test_two_contacts_are_merged(page, view, alice):
    with account_scope(alice.account):
        first, second = Contact.objects.order_by("pk")[:2]
    page.goto(f"/contacts/{first.pk}/merge/?q=ada01")
    view(page, "merge-choose")
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_label(second.email).check()
    page.get_by_label("They are the same person").check()
    view(page, "merge")
    page.get_by_role("button", name="Merge").click()
    page.get_by_text("The two are one contact now.").wait_for()
    with account_scope(alice.account):
        assert Contact.objects.get(pk=first.pk).email == second.email
