"""The pages of segments: building with and without script, saving, counting, and what is used elsewhere."""

from unittest.mock import Mock

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Role
from contacts import conditions
from contacts.conditions import TooSlow
from contacts.conditions import people as finding
from contacts.models import Segment, Tag
from contacts.services import people
from contacts.services.segments import segmenting, suggesting
from contacts.services.segments.segmenting import Use
from emailconcert.lib.tenancy import account_scope
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NEW = "/contacts/segments/new/"


@pytest.fixture
def alice():
    return make_cast()[0]


@pytest.fixture
def client(alice):
    return sign_in(alice)


def sign_in(membership):
    client = Client()
    client.force_login(membership.user)
    return client


def add(account, email, **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def make_segment(account, name="Germans", codes="DE"):
    rule = {"condition": "country", "operator": "any_of", "values": {"codes": codes}}
    with account_scope(account):
        segment = Segment(account=account)
        return segmenting.save_segment(
            segment=segment, name=name, definition={"match": "all", "rules": [rule]}, now=NOW
        )


def german(place="0.0", codes="DE"):
    return {
        f"condition:{place}": "country", f"drawn:{place}": "country", f"operator:{place}": "any_of",
        f"value:{place}:codes": codes,
    }  # fmt: skip


def test_segment_is_built_counted_and_saved_without_script(client, alice):
    add(alice.account, "zoe@example.org", country="DE", first_name="Zoe")
    add(alice.account, "al@example.org", country="FR")

    page = client.get(NEW).content.decode()
    assert 'name="node" value="rule:0.0"' in page
    # A condition is chosen; the page comes again with its operators and inputs.
    page = client.post(NEW, {"node": ["group:0", "rule:0.0"], "condition:0.0": "country", "do": "look"})
    assert 'name="value:0.0:codes"' in page.content.decode()
    form = {"node": ["group:0", "rule:0.0"], "match:0": "all", "name": "Germans", **german()}
    page = client.post(NEW, {**form, "do": "count"}).content.decode()
    assert ">1</span> person" in page
    assert "Zoe" in page
    assert "Country is any of Germany" in page
    assert client.post(NEW, {**form, "do": "save"})["Location"] == "/contacts/segments/"

    with account_scope(alice.account):
        saved = Segment.objects.get()
    assert saved.definition == {
        "match": "all", "rules": [{"condition": "country", "operator": "any_of", "values": {"codes": "DE"}}]
    }  # fmt: skip
    assert "Country is any of Germany" in client.get("/contacts/segments/").content.decode()


def test_codes_are_chosen_by_name_one_after_another(client, alice):
    form = {"node": ["group:0", "rule:0.0"], "match:0": "all", "name": "DACH"}
    page = client.post(NEW, {**form, **german(codes=["DE", "", "AT"]), "do": "look"}).content.decode()
    assert '<option value="DE" selected>Germany</option>' in page
    assert page.count('name="value:0.0:codes"') == 3  # two, and one for the next
    assert "or another…" in page
    # What was written in one text, before there were menus, comes apart.
    page = client.post(NEW, {**form, **german(codes="Deutschland, FR"), "do": "look"}).content.decode()
    assert '<option value="DE" selected>Germany</option>' in page
    assert page.count('name="value:0.0:codes"') == 3
    for country in ("DE", "AT", "FR"):
        add(alice.account, f"{country.lower()}@example.org", country=country)

    client.post(NEW, {**form, **german(codes=["DE", "", "AT"]), "do": "save"})

    assert "Country is any of Germany or Austria" in client.get("/contacts/segments/").content.decode()
    with account_scope(alice.account):
        segment = Segment.objects.get()
        assert segmenting.count_segment(segment=segment, now=NOW) == 2


def test_buttons_keep_what_was_typed(client):
    """A group is added inside, then a condition in it, then the first condition is taken away."""
    form = {"node": ["group:0", "rule:0.0"], "match:0": "any", "name": "Half done", **german(codes="Atlan")}
    page = client.post(NEW, {**form, "do": "group:0"}).content.decode()
    assert page.count('name="node" value="group:') == 2
    assert 'value="rule:0.1.0"' in page
    assert 'value="Atlan"' in page

    form |= {"node": ["group:0", "rule:0.0", "group:0.1", "rule:0.1.0"], "match:0.1": "none", "condition:0.1.0": "tags"}
    page = client.post(NEW, {**form, "do": "rule:0.1"}).content.decode()
    assert 'value="rule:0.1.1"' in page
    page = client.post(NEW, {**form, "do": "remove:0.0"}).content.decode()
    assert 'value="Atlan"' not in page
    assert 'value="rule:0.0.0"' in page
    assert '<option value="none" selected>' in page
    assert 'value="Half done"' in page


@pytest.mark.parametrize("do", ["remove:0", "remove:0.7", "rule:0.0", "group:9.9", "rule:x", "remove:", "nonsense:0.0"])
def test_buttons_of_parts_that_are_gone_change_nothing(client, do):
    form = {"node": ["group:0", "rule:0.0"], **german()}

    page = client.post(NEW, {**form, "do": do}).content.decode()

    assert page.count('name="node"') == 2
    assert 'value="DE"' in page


def test_groups_made_up_a_hundred_deep_are_no_error(client, alice):
    places = [".".join("0" * depth) for depth in range(1, 140)]

    page = client.post(NEW, {"node": [f"group:{place}" for place in places], "do": "save", "name": "Deep"})

    assert page.status_code == 422


def test_another_condition_begins_with_its_first_operator(client):
    form = {"node": ["group:0", "rule:0.0"], **german(), "condition:0.0": "first_name"}

    assert '<option value="is" selected>' in client.post(NEW, {**form, "do": "look"}).content.decode()


def test_htmx_is_shown_an_estimate_and_fetches_the_count(client, alice):
    add(alice.account, "zoe@example.org", country="DE")
    form = {"node": ["group:0", "rule:0.0"], **german()}

    page = client.post(NEW, form, headers=HTMX).content.decode()
    assert "<html" not in page
    assert "About" in page
    assert 'hx-post="/contacts/segments/count/"' in page
    counted = client.post("/contacts/segments/count/", form, headers=HTMX).content.decode()
    assert ">1</span> person" in counted


def test_what_is_wrong_stands_beside_its_condition(client):
    form = {"node": ["group:0", "rule:0.0", "rule:0.1"], "name": "X", **german(), **german("0.1", "Atlantis")}

    response = client.post(NEW, {**form, "do": "save"})

    assert response.status_code == 422
    page = response.content.decode()
    assert 'id="problem-0.1"' in page
    assert "“Atlantis” is not a country" in page


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "Give the segment a name"), ("Germans", "already"), ("Pregnant women", "specially protected")],
)
def test_names_that_are_refused(client, alice, name, words):
    make_segment(alice.account)
    form = {"node": ["group:0", "rule:0.0"], "name": name, **german()}

    response = client.post(NEW, {**form, "do": "save"})

    assert response.status_code == 422
    assert words in response.content.decode()


def test_segment_without_conditions_is_not_saved(client):
    response = client.post(NEW, {"name": "Nobody", "do": "save"})

    assert response.status_code == 422
    assert "at least one condition" in response.content.decode()


def test_segment_is_renamed_and_keeps_its_count_until_its_conditions_change(client, alice):
    segment = make_segment(alice.account)
    client.post(f"/contacts/segments/{segment.pk}/count/")
    form = {"node": ["group:0", "rule:0.0"], "match:0": "all", **german()}
    path = f"/contacts/segments/{segment.pk}/"

    client.post(path, {**form, "name": "People in Germany", "do": "save"})
    with account_scope(alice.account):
        segment.refresh_from_db()
    assert (segment.name, segment.people) == ("People in Germany", 0)

    client.post(path, {**form, **german(codes="FR"), "name": "People in Germany", "do": "save"})
    with account_scope(alice.account):
        segment.refresh_from_db()
    assert (segment.people, segment.counted_at) == (None, None)


def test_list_fetches_counts_that_are_old(client, alice):
    add(alice.account, "zoe@example.org", country="DE")
    segment = make_segment(alice.account)
    path = f"/contacts/segments/{segment.pk}/count/"
    assert f'hx-post="{path}"' in client.get("/contacts/segments/").content.decode()

    assert ">1</span>" in client.post(path, headers=HTMX).content.decode()

    assert f'hx-post="{path}"' not in client.get("/contacts/segments/").content.decode()


def test_count_that_takes_too_long_is_broken_off_and_says_so(client, alice, monkeypatch):
    """Whatever the transaction had set holds again afterwards."""
    monkeypatch.setattr(finding, "LONGEST_SECONDS", 0.05)
    with account_scope(alice.account), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '5MB'")
        with pytest.raises(TooSlow, match="was stopped"), finding._limits():
            cursor.execute("SELECT pg_sleep(5)")
        cursor.execute("SELECT current_setting('work_mem'), current_setting('statement_timeout')")
        assert cursor.fetchone() == ("5MB", "0")

    monkeypatch.setattr(conditions, "count", Mock(side_effect=TooSlow))
    page = client.post("/contacts/segments/count/", {"node": ["group:0", "rule:0.0"], **german()}, headers=HTMX)
    assert "The segment works all the same" in page.content.decode()


def test_segment_is_duplicated(client, alice):
    segment = make_segment(alice.account)

    for _ in range(2):
        client.post(f"/contacts/segments/{segment.pk}/duplicate/")

    with account_scope(alice.account):
        found = list(Segment.objects.order_by("name").values_list("name", "definition"))
    assert [name for name, _ in found] == ["Copy 2 of Germans", "Copy of Germans", "Germans"]
    assert all(definition == segment.definition for _, definition in found)


def test_segment_that_something_relies_on_is_not_deleted(client, alice, monkeypatch):
    segment = make_segment(alice.account)
    use = Use(segment.pk, "the campaign “Spring”", "/campaigns/1/", holds=True)
    monkeypatch.setattr(segmenting, "_uses", [lambda _account, ids: [use] if segment.pk in ids else []])

    page = client.post(f"/contacts/segments/{segment.pk}/delete/", follow=True).content.decode()

    assert "part of the audience of the campaign “Spring”" in page
    monkeypatch.setattr(segmenting, "_uses", [])
    client.post(f"/contacts/segments/{segment.pk}/delete/")
    with account_scope(alice.account):
        assert not Segment.objects.exists()


def test_suggestions_can_be_taken_over(client, alice):
    for each in suggesting.SUGGESTIONS:
        page = client.get(f"{NEW}?from={each.slug}").content.decode()
        assert each.name in page
        with account_scope(alice.account):
            assert conditions.count(each.definition, account_id=alice.account_id, now=NOW) == 0
    assert client.get(f"{NEW}?from=nonsense").status_code == 200


def test_charlie_has_no_access_to_alices_segments(alice):
    segment = make_segment(alice.account)
    charlie = sign_in(make_member())

    assert charlie.get(f"/contacts/segments/{segment.pk}/").status_code == 404
    for name in ("", "count/", "duplicate/", "delete/"):
        assert charlie.post(f"/contacts/segments/{segment.pk}/{name}").status_code == 404
    with account_scope(alice.account):
        assert Segment.objects.exists()


def test_tag_of_another_account_finds_nobody_and_says_so(alice, client):
    charlie = make_member()
    with account_scope(charlie.account):
        tag = Tag.objects.create(name="vip")
    form = {"node": ["group:0", "rule:0.0"], "condition:0.0": "tags", "drawn:0.0": "tags", "operator:0.0": "any_of"}

    page = client.post(NEW, {**form, "value:0.0:tags": tag.pk, "do": "count"}).content.decode()

    assert "no longer there" in page
    assert "vip" not in page


def test_a_viewer_may_look_and_count_but_not_touch(alice):
    segment = make_segment(alice.account)
    viewer = sign_in(make_member(account=alice.account, role=Role.VIEWER))

    assert viewer.get("/contacts/segments/").status_code == 200
    assert viewer.post(f"/contacts/segments/{segment.pk}/count/").status_code == 302
    for path in (NEW, f"/contacts/segments/{segment.pk}/"):
        assert viewer.get(path).status_code == 403
    for name in ("duplicate/", "delete/"):
        assert viewer.post(f"/contacts/segments/{segment.pk}/{name}").status_code == 403


@pytest.mark.parametrize("many", [1, 3])
def test_list_asks_the_database_as_often_for_many_as_for_one(client, alice, many, django_assert_num_queries):
    for number in range(many):
        make_segment(alice.account, f"Segment {number}")
    client.get("/contacts/segments/")

    with django_assert_num_queries(14):
        client.get("/contacts/segments/")
