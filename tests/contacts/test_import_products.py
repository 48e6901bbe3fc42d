"""Exports of other products, in their shapes: moving here is one upload, and nobody who said no there is mailed here."""

import csv
import io

import pytest
from django.utils import timezone

from contacts.files import columns
from contacts.models import Contact, Import, List, Subscription
from contacts.services.imports import import_files, import_runs, importing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db

MAILCHIMP = [
    ["Email Address", "First Name", "Last Name", "Phone Number", "Birthday", "MEMBER_RATING", "OPTIN_TIME", "OPTIN_IP",
     "CONFIRM_TIME", "CONFIRM_IP", "LATITUDE", "LONGITUDE", "GMTOFF", "DSTOFF", "TIMEZONE", "CC", "REGION",
     "UNSUB_TIME", "UNSUB_REASON", "CLEAN_TIME", "LAST_CHANGED", "LEID", "EUID", "NOTES", "TAGS"],
    ["ann@example.org", "Ann", "Lee", "+353 86 123 4567", "02/03", "2", "2024-02-01 09:00:00", "192.0.2.1",
     "2024-02-01 09:01:00", "192.0.2.1", "53.3", "-6.2", "0", "1", "Europe/Dublin", "IE", "L", "", "", "",
     "2024-02-01 09:01:00", "1", "a1", "", '"vip","fair"'],
    ["bob@example.org", "Bob", "Ray", "", "", "2", "", "", "", "", "", "", "", "", "", "", "",
     "2025-05-05 10:00:00", "no longer interested", "", "", "2", "a2", "", ""],
    ["cat@example.org", "Cat", "Fox", "", "", "1", "", "", "", "", "", "", "", "", "", "", "",
     "", "", "2025-06-01 08:00:00", "", "3", "a3", "", ""],
]  # fmt: skip
LISTMONK = [
    ["uuid", "email", "name", "attributes", "status", "created_at", "updated_at"],
    [
        "5b1c",
        "ann@example.org",
        "Ann Lee",
        '{"city": "Cork"}',
        "enabled",
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:00Z",
    ],
    ["5b1d", "bob@example.org", "Bob Ray", "{}", "blocklisted", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
    ["5b1e", "dan@example.org", "Dan Hill", "{}", "disabled", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"],
]
BREVO = [
    ["CONTACT ID", "EMAIL", "LASTNAME", "FIRSTNAME", "SMS", "EMAIL_BLACKLISTED", "SMS_BLACKLISTED", "ADDED_TIME"],
    ["1", "ann@example.org", "Lee", "Ann", "+353861234567", "No", "No", "01-02-2024"],
    ["2", "bob@example.org", "Ray", "Bob", "", "Yes", "No", "01-02-2024"],
]
HUBSPOT = [
    ["Record ID", "First Name", "Last Name", "Email", "Phone Number", "Country/Region", "Marketing contact status",
     "Unsubscribed from all email", "Email hard bounce reason", "Create Date"],
    ["101", "Ann", "Lee", "ann@example.org", "+353861234567", "Ireland", "Marketing contact", "No", "", "2024-01-01"],
    ["102", "Bob", "Ray", "bob@example.org", "", "", "Marketing contact", "Yes", "", "2024-01-01"],
    ["103", "Cat", "Fox", "cat@example.org", "", "", "Marketing contact", "", "UNKNOWN_USER", "2024-01-01"],
    ["104", "Dan", "Hill", "dan@example.org", "", "", "Non-marketing contact", "", "", "2024-01-01"],
]  # fmt: skip
MAUTIC = [
    ["id", "title", "firstname", "lastname", "email", "mobile", "country", "preferred_locale", "timezone", "points",
     "last_active", "doNotEmail", "tags"],
    ["1", "Ms", "Ann", "Lee", "ann@example.org", "+353861234567", "Ireland", "en", "Europe/Dublin", "12",
     "2024-01-01 10:00:00", "0", "vip|fair"],
    ["2", "", "Bob", "Ray", "bob@example.org", "", "", "", "", "0", "", "1", ""],
]  # fmt: skip
PRODUCTS = {"Mailchimp": MAILCHIMP, "listmonk": LISTMONK, "Brevo": BREVO, "HubSpot": HUBSPOT, "Mautic": MAUTIC}
SAID_NO = {
    "Mailchimp": {"bob": "unsubscribed", "cat": "bounced"},
    "listmonk": {"bob": "unsubscribed"},
    "Brevo": {"bob": "unsubscribed"},
    "HubSpot": {"bob": "unsubscribed", "cat": "bounced"},
    "Mautic": {"bob": "unsubscribed"},
}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def account():
    return make_member().account


def export_of(table):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows(table)
    return buffer.getvalue().encode()


def bring_in(account, table, *, known="fill"):
    with account_scope(account):
        news, _ = List.objects.get_or_create(name="News")
        run = importing.start_import(
            account_id=account.pk, file=io.BytesIO(export_of(table)), file_name="x.csv", user_id=None, now=NOW
        )
        mapping = {str(each.number): each.guess for each in import_files.preview(run).columns if each.guess}
        importing.queue_import(run=run, mapping=mapping, lists=[news], known=known, consent_wording="Yes", now=NOW)
    import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now)
    with account_scope(account):
        run.refresh_from_db()
    assert (run.state, run.rows_refused) == ("done", 0)
    return run


@pytest.mark.parametrize("product", PRODUCTS)
def test_product_is_recognised_by_its_columns(product):
    assert columns.product_of(PRODUCTS[product][0]) == product


def test_an_address_book_is_no_product():
    assert columns.product_of(["E-Mail", "Vorname", "Nachname", "Status"]) == ""


@pytest.mark.parametrize("product", PRODUCTS)
def test_one_upload_brings_people_in_and_keeps_those_out_who_said_no(account, product):
    run = bring_in(account, PRODUCTS[product])

    with account_scope(account):
        ann = Contact.objects.get()
        assert (ann.email, ann.first_name, ann.last_name) == ("ann@example.org", "Ann", "Lee")
        assert list(Subscription.objects.values_list("contact__email", "state")) == [("ann@example.org", "subscribed")]
        found = {bytes(row.address_hash): row.reason for row in Suppression.objects.all()}
    assert found == {
        address_hash(f"{name}@example.org", account_id=account.pk): reason for name, reason in SAID_NO[product].items()
    }
    assert run.rows_opted_out == len(SAID_NO[product])
    assert run.rows_kept_out == len(PRODUCTS[product]) - 2 - len(SAID_NO[product])


@pytest.mark.parametrize("product", ["Mailchimp", "Brevo", "HubSpot", "Mautic"])
def test_columns_of_people_are_taken_and_those_of_the_product_left_out(account, product):
    bring_in(account, PRODUCTS[product])

    with account_scope(account):
        ann = Contact.objects.get()
    assert ann.phone == "+353861234567"
    assert ann.country == ("" if product == "Brevo" else "IE")
    assert set(ann.values) <= {"title", "birthday"}


@pytest.mark.parametrize("known", Import.Known.values)
def test_who_is_in_and_said_no_there_is_never_mailed_again(account, known):
    bring_in(account, [["Email"], ["bob@example.org"]])

    bring_in(account, LISTMONK, known=known)
    bring_in(account, [["Email", "Status"], ["bob@example.org", "subscribed"]], known=known)

    with account_scope(account):
        assert Suppression.objects.get().reason == "unsubscribed"


@pytest.mark.parametrize("order", [1, -1])
def test_no_outweighs_yes_wherever_it_stands_in_the_file(account, order):
    rows = [["bob@example.org", "subscribed"], ["bob@example.org", "unsubscribed"]][::order]

    run = bring_in(account, [["Email", "Status"], *rows])

    with account_scope(account):
        assert (Contact.objects.count(), Suppression.objects.count()) == (0, 1)
    assert (run.rows_duplicate, run.rows_opted_out) == (1, 1)


def test_row_of_an_unknown_status_is_refused_with_its_line(account):
    with account_scope(account):
        run = importing.start_import(
            account_id=account.pk,
            file=io.BytesIO(b"Email,Status\na@example.org,subscribed\nb@example.org,hmm\n"),
            file_name="x.csv",
            user_id=None,
            now=NOW,
        )
        mapping = {"0": "email", "1": "status"}
        importing.queue_import(run=run, mapping=mapping, known="fill", consent_wording="Yes", now=NOW)
    import_runs.run_slice(account_id=account.pk, import_id=run.pk, clock=timezone.now)

    with account_scope(account):
        assert [(line, value) for line, value, _ in importing.refusals(run)] == [(3, "b@example.org,hmm")]
