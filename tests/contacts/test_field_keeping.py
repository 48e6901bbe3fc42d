"""The account's own fields: added, changed, ordered, deleted, with what becomes of values."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from accounts.services import outbox
from contacts.models import Contact, CustomField, Form, FormVersion, SavedView, Segment
from contacts.services import people, viewing
from contacts.services.fields import field_keeping, field_moving, field_values
from contacts.services.fields.field_keeping import BadField, Draft, FieldInUse
from contacts.services.fields.field_moving import Move
from emailconcert.lib.tenancy import account_scope
from privacy.services.guard import SpecialCategory
from tests.contacts.factories import make_form
from tests.factories import NOW, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice = make_cast()[0]
    client.force_login(alice.user)
    with account_scope(alice.account):
        yield alice


def make(alice, label="City", **more):
    return field_keeping.add_field(account_id=alice.account_id, draft=Draft(label=label, **more), now=NOW)


def person(alice, email="zoe@example.org", **values):
    return people.add_contact(account_id=alice.account_id, email=email, values=values, source="member", now=NOW)


def test_a_field_is_added_with_a_key_made_of_its_label(alice):
    row = make(alice, "Lieblings-Geschäft", type="choice", choices=("Cork", " Dublin ", "", "Cork"), default="Cork")

    assert (row.key, row.choices, row.position) == ("lieblings_geschaft", ["Cork", "Dublin"], 0)
    assert make(alice, "2nd").key == "field_2nd"
    assert AuditEvent.objects.filter(action="field.created").count() == 2


@pytest.mark.parametrize(
    ("draft", "part"),
    [
        (Draft(label="Phone"), "label"),
        (Draft(label="Shop", type="choice"), "choices"),
        (Draft(label="Shop", type="choice", choices=("a", "A")), "choices"),
        (Draft(label="Shop", type="choice", choices=("a|b",)), "choices"),
        (Draft(label="Points", type="number", default="many"), "default"),
        (Draft(label="City"), "label"),
    ],
)
def test_what_cannot_be_kept_is_told_beside_its_input(alice, draft, part):
    make(alice, "City")
    with pytest.raises(BadField) as refused:
        field_keeping.add_field(account_id=alice.account_id, draft=draft, now=NOW)

    assert refused.value.part == part


@pytest.mark.parametrize(
    "draft",
    [
        Draft(label="Religion"),
        Draft(label="Group", help="Your ethnicity"),
        Draft(label="Group", type="choice", choices=("Muslim", "Other")),
        Draft(label="Notes", default="Trade union member"),
    ],
)
def test_no_field_asks_for_a_special_category(alice, draft):
    with pytest.raises(SpecialCategory):
        field_keeping.add_field(account_id=alice.account_id, draft=draft, now=NOW)
    row = make(alice)
    with pytest.raises(SpecialCategory):
        field_keeping.edit_field(row=row, draft=draft, now=NOW)

    assert CustomField.objects.get().label == "City"


def test_sensitive_seals_what_is_there_and_back(alice):
    row = make(alice)
    zoe, al = person(alice, city="Cork"), person(alice, "al@example.org")

    move = field_keeping.edit_field(row=row, draft=Draft(label="City", sensitive=True), now=NOW)
    field_moving.run(account_id=alice.account_id, key="city", move=move)
    zoe.refresh_from_db()
    assert (move, zoe.values, field_values.unseal(zoe)) == (Move.SEAL, {}, {"city": "Cork"})

    field_moving.run(account_id=alice.account_id, key="city", move=Move.SEAL)  # a duplicate
    move = field_keeping.edit_field(row=row, draft=Draft(label="City"), now=NOW)
    field_moving.run(account_id=alice.account_id, key="city", move=move)
    zoe.refresh_from_db()
    al.refresh_from_db()
    assert (move, zoe.values, zoe.sealed_values, al.values) == (Move.OPEN, {"city": "Cork"}, None, {})


def test_values_are_moved_piece_by_piece(alice, monkeypatch):
    monkeypatch.setattr(field_moving, "PIECE", 2)
    row = make(alice)
    for number in range(5):
        person(alice, f"p{number}@example.org", city=f"C{number}")
    CustomField.objects.filter(pk=row.pk).update(sensitive=True)

    after = field_moving.step(account_id=alice.account_id, key="city", move=Move.SEAL)
    assert Contact.objects.filter(sealed_values__isnull=False).count() == 2
    assert after is not None
    field_moving.run(account_id=alice.account_id, key="city", move=Move.SEAL)
    assert Contact.objects.filter(sealed_values__isnull=False).count() == 5
    assert not Contact.objects.filter(values__has_key="city").exists()


def test_the_type_changes_only_where_every_value_can_be_read(alice):
    row = make(alice, "Size")
    zoe = person(alice, size="42")
    al = person(alice, "al@example.org", size="large")
    with pytest.raises(BadField, match=r"1 of the values wouldn't fit\. “large” is not a number"):
        field_keeping.edit_field(row=row, draft=Draft(label="Size", type="number"), now=NOW)
    row.refresh_from_db()
    assert row.type == "text"

    people.edit_contact(contact=al, changes={"values": {"size": "44"}}, now=NOW)
    move = field_keeping.edit_field(row=row, draft=Draft(label="Size", type="number"), now=NOW)
    field_moving.run(account_id=alice.account_id, key="size", move=move)
    zoe.refresh_from_db()
    assert (zoe.values, row.key) == ({"size": 42}, "size")


def test_a_choice_that_somebody_has_is_not_taken_away(alice):
    row = make(alice, "Shop", type="choice", choices=("Cork", "Dublin"))
    person(alice, shop="Cork")
    with pytest.raises(BadField, match="1 of the values"):
        field_keeping.edit_field(row=row, draft=Draft(label="Shop", type="choice", choices=("Dublin",)), now=NOW)

    field_keeping.edit_field(row=row, draft=Draft(label="Shop", type="choice", choices=("Cork", "Galway")), now=NOW)
    assert CustomField.objects.get().choices == ["Cork", "Galway"]


def test_a_field_that_a_segment_asks_for_stays(alice):
    row = make(alice)
    Segment.objects.create(name="Cork", definition={"match": "all", "rules": [{"condition": "field:city"}]})

    with pytest.raises(FieldInUse, match="The segment “Cork” asks for “City”"):
        field_keeping.delete_field(row=row, now=NOW)
    with pytest.raises(FieldInUse):
        field_keeping.edit_field(row=row, draft=Draft(label="City", sensitive=True), now=NOW)


def test_a_field_with_values_goes_only_when_its_key_is_typed(alice):
    row = make(alice)
    zoe = person(alice, city="Cork")
    people.edit_contact(contact=zoe, changes={"values": {"city": "Bray"}}, now=NOW)
    with pytest.raises(BadField, match="Type city to delete what one contact has"):
        field_keeping.delete_field(row=row, confirmed="yes", now=NOW)

    move = field_keeping.delete_field(row=row, confirmed="city", now=NOW)
    field_moving.run(account_id=alice.account_id, key="city", move=move)
    zoe.refresh_from_db()

    assert (zoe.values, zoe.value_sources) == ({}, {})
    assert not CustomField.objects.exists()


def test_forms_and_views_are_named_and_go_on_without_a_field_that_goes(client, alice, settings):
    city, shop = make(alice), make(alice, "Shop")
    texts = {"label:field:city": "Where do you live?", "label:field:shop": "Your shop"}
    questions = [{"field": "field:city"}, {"field": "field:shop"}]
    form = make_form(alice.account, slug="bread", questions=questions, texts=texts)
    form.draft["questions"] = [{"field": "field:city"}]  # a draft of which nobody sees anything yet
    form.save()
    columns = ["added", "field:city"]
    viewing.save_view(
        account_id=alice.account_id, name="Cork", query="q=zoe&is.field:city=Cork&sort=name", columns=columns, now=NOW
    )
    viewing.save_view(account_id=alice.account_id, name="By shop", query="is.field:shop=A", columns=[], now=NOW)

    asked = client.get(f"/contacts/fields/{city.pk}/delete/").content.decode()
    assert ("Footer" in asked, "Cork" in asked, "By shop" in asked) == (True, True, False)
    client.post(f"/contacts/fields/{city.pk}/delete/", {"confirmed": ""})

    cork, by_shop = SavedView.objects.order_by("-name")
    assert (cork.query, cork.columns) == ("q=zoe&sort=name", ["added"])
    assert (by_shop.query, by_shop.columns) == ("is.field:shop=A", [])
    assert client.get(f"/contacts/?{cork.query}&view={cork.pk}").status_code == 200
    first, second = FormVersion.objects.order_by("number")
    assert [len(each.blueprint["questions"]) for each in (first, second)] == [2, 1]
    assert Form.objects.get().draft["questions"] == []
    page = client.get("/f/bread", headers={"host": settings.CONTENT_URL.partition("//")[2]}).content.decode()
    assert ("Where do you live?" in page, "Your shop" in page) == (False, True)
    assert client.get(f"/contacts/fields/{shop.pk}/delete/").content.decode().count("Saved view") == 1


def test_a_segment_that_keeps_a_field_is_named_before_anything_is_asked(client, alice):
    row = make(alice)
    Segment.objects.create(name="Cork", definition={"match": "all", "rules": [{"condition": "field:city"}]})

    page = client.get(f"/contacts/fields/{row.pk}/delete/").content.decode()

    assert ("a segment asks for it" in page, "Delete the field" in page) == (True, False)


def test_fields_are_put_in_order(alice):
    rows = [make(alice, name) for name in ("A one", "B two", "C three")]

    field_keeping.move_field(row=rows[2], up=True, now=NOW)
    field_keeping.move_field(row=rows[0], up=True, now=NOW)  # it is the first already

    assert [each.row.key for each in field_keeping.with_counts(alice.account_id)] == ["a_one", "c_three", "b_two"]


@pytest.mark.parametrize("count", [1, 3])
def test_counting_is_one_query_however_many_fields(alice, django_assert_num_queries, count):
    for number in range(count):
        make(alice, f"Field {number}", sensitive=number == 2)
    person(alice, field_0="x")

    with django_assert_num_queries(2):
        counted = field_keeping.with_counts(alice.account_id)

    assert [each.people for each in counted] == [1, 0, 0][:count]


def test_the_pages_from_adding_to_deleting(client, alice):
    client.post("/contacts/fields/add/", {"label": "City", "type": "text"})
    client.post("/contacts/fields/add/", {"label": "Size", "type": "number", "sensitive": "on"})
    person(alice, city="Cork")
    city, size = CustomField.objects.order_by("position")
    page = client.get("/contacts/fields/").content.decode()
    assert "City" in page
    assert "Sensitive" in page

    refused = client.post("/contacts/fields/add/", {"label": "Religion", "type": "text"})
    assert refused.status_code == 422
    assert "religious or philosophical beliefs" in refused.content.decode()
    moved = client.post(
        f"/contacts/fields/{size.pk}/move/", {"to": "up"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert moved.index("Size") < moved.index("City")
    assert "<html" not in moved
    client.post(f"/contacts/fields/{city.pk}/", {"label": "Town", "type": "text", "sensitive": "on"})
    city.refresh_from_db()
    assert (city.label, city.key, city.sensitive) == ("Town", "city", True)
    assert Contact.objects.get().values == {}
    asked = client.post(f"/contacts/fields/{city.pk}/delete/", {"confirmed": ""})
    assert asked.status_code == 422
    client.post(f"/contacts/fields/{city.pk}/delete/", {"confirmed": "city"})
    assert [row.key for row in CustomField.objects.all()] == ["size"]
    assert Contact.objects.get().sealed_values is None


def test_another_accounts_field_is_404(client):
    *_, charlie = cast = make_cast()
    with account_scope(cast[0].account):
        row = make(cast[0])
    client.force_login(charlie.user)

    for address in (f"/contacts/fields/{row.pk}/", f"/contacts/fields/{row.pk}/delete/"):
        assert client.get(address).status_code == 404
    assert client.post(f"/contacts/fields/{row.pk}/move/", {"to": "up"}).status_code == 404


def test_a_field_made_again_begins_empty(alice, monkeypatch):
    monkeypatch.setattr(field_moving, "PIECE", 1)
    row = make(alice)
    for name in ("zoe", "al"):
        person(alice, f"{name}@example.org", city="Cork")
    field_keeping.delete_field(row=row, confirmed="city", now=NOW)

    with pytest.raises(BadField, match="just being removed"):
        make(alice)
    make(alice)

    assert [contact.values for contact in Contact.objects.all()] == [{}, {}]


def test_what_is_left_to_the_background_goes_on_whatever_is_lost(alice, monkeypatch):
    monkeypatch.setattr(field_moving, "PIECE", 2)
    monkeypatch.setattr(field_moving, "_SECONDS", 0.000_001)  # one piece at most for each entry
    row = make(alice)
    for number in range(5):
        person(alice, f"p{number}@example.org", **{row.key: "Cork"})
    move = field_keeping.delete_field(row=row, confirmed="city", now=NOW)

    field_moving.ask(account_id=alice.account_id, key="city", move=move, now=NOW)
    for _ in range(5):
        outbox.drain(now=timezone.now() + timedelta(days=400))

    assert not Contact.objects.filter(values__has_key="city").exists()
