"""A contact's page: standard and own fields, in place, sealed, with where they came from; consents; the timeline."""

from datetime import date

import pytest
from django.utils.timezone import now as clock

from accounts.models import AuditEvent, Role
from contacts.models import Contact, ContactEvent, CustomField
from contacts.services import people
from contacts.services.fields import field_values
from contacts.services.fields.field_values import MissingValue
from emailconcert.lib.tenancy import account_scope
from privacy.models import SpecialCategoryFinding
from privacy.services import standing
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def alice(client):
    alice = make_cast()[0]
    client.force_login(alice.user)
    return alice


@pytest.fixture
def fields(alice):
    """A field of every type, and a sensitive one."""
    with account_scope(alice.account):
        made = {}
        for position, kind in enumerate(CustomField.Type.values):
            choices = ["Red", "Green"] if kind in ("choice", "choices") else []
            made[kind] = CustomField.objects.create(
                key=f"my_{kind}", label=f"My {kind}", type=kind, choices=choices, position=position
            )
        made["secret"] = CustomField.objects.create(
            key="salary", label="Salary", type="number", sensitive=True, position=99
        )
    return made


def add(account, email="zoe@example.org", **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


TYPED = {
    "email": "zoe@example.org", "first_name": "Zoe", "date_of_birth": "1990-02-28", "gender": "she/her", "language": "de",
    "country": "IE", "time_zone": "Europe/Dublin", "phone": "+353 86 123 4567", "field:my_text": "Hi",
    "field:my_long_text": "One\nTwo", "field:my_number": "12.5", "field:my_date": "2026-11-30",
    "field:my_datetime": "2026-11-30T14:00", "field:my_boolean": "No", "field:my_choice": "Red",
    "field:my_choices": ["Green", "Red"], "field:my_url": "example.com/a", "field:salary": "54000",
}  # fmt: skip


def test_a_contact_is_added_with_every_standard_and_own_field(client, alice, fields):
    response = client.post("/contacts/add/", TYPED)

    with account_scope(alice.account):
        contact = Contact.objects.get()
        assert response.url == f"/contacts/{contact.pk}/"
        assert (contact.date_of_birth, contact.gender, contact.phone) == (date(1990, 2, 28), "she/her", "+353861234567")
        assert contact.values == {
            "my_text": "Hi", "my_long_text": "One\nTwo", "my_number": 12.5, "my_date": "2026-11-30",
            "my_datetime": "2026-11-30T14:00:00Z", "my_boolean": False, "my_choice": "Red",
            "my_choices": ["Red", "Green"], "my_url": "https://example.com/a",
        }  # fmt: skip
        assert field_values.unseal(contact) == {"salary": 54000}
        assert b"54000" not in bytes(contact.sealed_values)

    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    for text in ("28 February 1990", "Ireland", "German", "+353861234567", "12.5", "30 November 2026", "Red, Green"):
        assert text in page
    assert "54000" not in page


def test_what_a_field_does_not_take_is_told_beside_it_and_nothing_is_written(client, alice, fields):
    response = client.post("/contacts/add/", TYPED | {"field:my_number": "many", "phone": "12"})

    text = response.content.decode()
    assert response.status_code == 422
    assert "“many” is not a number" in text
    assert "is not a phone number" in text
    assert 'value="many"' in text
    with account_scope(alice.account):
        assert not Contact.objects.exists()


def test_required_and_default_are_respected(alice):
    with account_scope(alice.account):
        CustomField.objects.create(key="shop", label="Shop", required=True)
        CustomField.objects.create(key="points", label="Points", type="number", default="10")
        with pytest.raises(MissingValue, match="“Shop” is required"):
            people.add_contact(account_id=alice.account_id, email="a@example.org", values={}, source="api", now=NOW)
        contact = add(alice.account, values={"shop": "Cork"})
        assert contact.values == {"shop": "Cork", "points": 10}
        with pytest.raises(MissingValue):
            people.edit_contact(contact=contact, changes={"values": {"shop": None}}, now=NOW)


def test_one_value_is_changed_in_its_place_with_its_source(client, alice, fields):
    contact = add(alice.account, values={"my_text": "Old"})
    address = f"/contacts/{contact.pk}/value/field:my_text/"

    editor = client.get(address, headers=HTMX).content.decode()
    saved = client.post(address, {"field:my_text": "New"}, headers=HTMX)

    assert 'value="Old"' in editor
    assert "<html" not in editor
    assert (saved.status_code, "New" in saved.content.decode()) == (200, True)
    with account_scope(alice.account):
        contact.refresh_from_db()
        assert contact.values == {"my_text": "New"}
        assert contact.value_sources == {"field:my_text": ["member", None, clock().date().isoformat()]}
        assert ContactEvent.objects.latest("pk").details == {"fields": ["field:my_text"]}


def test_one_value_is_changed_without_script_on_its_own_page(client, alice, fields):
    contact = add(alice.account)
    address = f"/contacts/{contact.pk}/value/date_of_birth/"

    page = client.get(address).content.decode()
    wrong = client.post(address, {"date_of_birth": "2999-01-01"})
    right = client.post(address, {"date_of_birth": "1990-02-28"})

    assert "<html" in page
    assert wrong.status_code == 422
    assert "between 1900 and today" in wrong.content.decode()
    assert right.url == f"/contacts/{contact.pk}/"
    with account_scope(alice.account):
        assert Contact.objects.get().date_of_birth == date(1990, 2, 28)


def test_a_cancelled_edit_shows_the_row_again(client, alice):
    contact = add(alice.account, first_name="Zoe")

    row = client.get(f"/contacts/{contact.pk}/value/first_name/?shown=1", headers=HTMX).content.decode()

    assert "Zoe" in row
    assert "<form" not in row


def test_a_sensitive_value_of_somebody_restricted_stays_closed(client, alice, fields):
    contact = add(alice.account, values={"salary": 54000})
    with account_scope(alice.account):
        standing.restrict(account_id=alice.account_id, address_hash=bytes(contact.email_hash), now=NOW)

    shown = client.post(f"/contacts/{contact.pk}/value/field:salary/show/", follow=True)

    assert "54000" not in shown.content.decode()
    assert "asked for their data to be left as it is" in shown.content.decode()


def test_a_sensitive_value_is_shown_on_demand_audited_and_not_cached(client, alice, fields):
    contact = add(alice.account, values={"salary": 54000})
    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    edit = client.get(f"/contacts/{contact.pk}/edit/").content.decode()
    editor = client.get(f"/contacts/{contact.pk}/value/field:salary/").content.decode()

    assert "54000" not in page + edit + editor
    assert client.get(f"/contacts/{contact.pk}/value/field:salary/show/").status_code == 405
    shown = client.post(f"/contacts/{contact.pk}/value/field:salary/show/", headers=HTMX)

    assert "54000" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert client.post(f"/contacts/{contact.pk}/value/first_name/show/").status_code == 404
    with account_scope(alice.account):
        assert AuditEvent.objects.filter(action="contact.value_shown", target_id=str(contact.pk)).count() == 1
        assert ContactEvent.objects.latest("pk").kind == "shown"


def test_a_viewer_sees_no_sensitive_value_and_edits_nothing(client, alice, fields):
    contact = add(alice.account, values={"salary": 54000})
    viewer = make_member(account=alice.account, role=Role.VIEWER, email="vi@example.org")
    client.force_login(viewer.user)

    page = client.get(f"/contacts/{contact.pk}/").content.decode()

    assert "Kept sealed" in page
    assert "/value/" not in page
    assert client.post(f"/contacts/{contact.pk}/value/field:salary/show/").status_code == 403
    assert client.post(f"/contacts/{contact.pk}/value/first_name/", {"first_name": "X"}).status_code == 403
    assert client.get(f"/contacts/{contact.pk}/consents.csv").status_code == 403


def test_a_value_of_a_special_category_is_kept_out_and_the_finding_stays(client, alice, fields):
    contact = add(alice.account)

    answer = client.post(f"/contacts/{contact.pk}/value/field:my_text/", {"field:my_text": "Catholic"}, headers=HTMX)
    added = client.post("/contacts/add/", {"email": "new@example.org", "field:my_text": "HIV positive"})

    assert "religious or philosophical beliefs" in answer.content.decode()
    assert added.status_code == 422
    with account_scope(alice.account):
        contact.refresh_from_db()
        assert contact.values == {}
        assert Contact.objects.count() == 1
        found = SpecialCategoryFinding.objects.order_by("pk").values_list("name", "category", "place")
        assert list(found) == [("My text", "belief", "member"), ("My text", "health", "member")]


def test_nothing_of_a_restricted_person_is_changed(client, alice):
    contact = add(alice.account)
    with account_scope(alice.account):
        standing.restrict(account_id=alice.account_id, address_hash=bytes(contact.email_hash), now=NOW)

    page = client.get(f"/contacts/{contact.pk}/").content.decode()
    answer = client.post(f"/contacts/{contact.pk}/value/first_name/", {"first_name": "X"}, headers=HTMX)

    assert "/value/" not in page
    assert "left as it is" in answer.content.decode()
    with account_scope(alice.account):
        contact.refresh_from_db()
        assert contact.first_name == ""


def test_two_edits_of_one_column_lose_nothing(alice, fields):
    contact = add(alice.account)
    with account_scope(alice.account):
        one, other = Contact.objects.get(), Contact.objects.get()
        people.edit_contact(contact=one, changes={"values": {"my_text": "A"}}, now=NOW)
        people.edit_contact(contact=other, changes={"values": {"my_number": 3}}, now=NOW)
        contact.refresh_from_db()

    assert contact.values == {"my_text": "A", "my_number": 3}
    assert set(contact.value_sources) == {"field:my_text", "field:my_number"}


def test_an_emptied_value_goes_and_nothing_is_written_where_nothing_differs(alice, fields):
    contact = add(alice.account, values={"my_text": "A", "salary": 5, "my_boolean": False})
    with account_scope(alice.account):
        people.edit_contact(contact=contact, changes={"values": {"my_text": "A", "my_boolean": False}}, now=NOW)
        assert not ContactEvent.objects.filter(kind="changed").exists()
        people.edit_contact(contact=contact, changes={"values": {"my_text": None, "salary": None}}, now=NOW)
        contact.refresh_from_db()

    assert contact.values == {"my_boolean": False}
    assert contact.sealed_values is None


def test_another_accounts_person_is_404_everywhere(client, alice, fields):
    charlie = make_member(name="Dan", email="dan@example.com")
    contact = add(charlie.account)

    for address in ("", "edit/", "timeline/", "value/first_name/", "consents.json", "consents.csv"):
        assert client.get(f"/contacts/{contact.pk}/{address}").status_code == 404, address
    assert client.post(f"/contacts/{contact.pk}/value/field:salary/show/").status_code == 404
    assert client.post(f"/contacts/{contact.pk}/value/first_name/", {"first_name": "X"}).status_code == 404


def test_everything_new_stands_in_the_copy_of_ones_data(alice, fields):
    from contacts import personal_data

    contact = add(
        alice.account, date_of_birth=date(1990, 2, 28), phone="+353861234567", values={"salary": 5, "my_text": "A"}
    )
    with account_scope(alice.account):
        people.edit_contact(contact=contact, changes={"gender": "she/her"}, now=NOW)
        contact.refresh_from_db()
        row = personal_data._contact_row(contact)

    assert (row["date_of_birth"], row["phone"], row["gender"]) == ("1990-02-28", "+353861234567", "she/her")
    assert (row["values"], row["sensitive_values"]) == ({"my_text": "A"}, {"salary": 5})
    assert row["value_sources"] == {"gender": "Added by a member, 2027-03-01"}


def test_mails_may_say_every_field_but_the_sensitive_ones(alice, fields):
    from delivery.services import compiling

    contact = add(alice.account, date_of_birth=date(1990, 2, 28), values={"salary": 5, "my_number": 3})
    with account_scope(alice.account):
        names = compiling.contact_fields()
        contact.refresh_from_db()
        values = compiling.contact_values(contact)["contact"]

    assert {"phone", "date_of_birth", "gender", "time_zone", "my_number"} <= names
    assert "salary" not in names | set(values)
    assert (values["date_of_birth"], values["my_number"], values["phone"]) == ("1990-02-28", 3, "")
    text = "{{ contact.date_of_birth | date: '%d.%m.%Y' }} {{ contact.my_number | plus: 1 }}"
    shown = compiling.preview(
        account=alice.account,
        content=compiling.Content(subject="Hi", source=text),
        values={"contact": values},
        token="t",
    )
    assert "28.02.1990 4" in shown.text
