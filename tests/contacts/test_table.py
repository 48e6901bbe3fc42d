"""The table of contacts: search, filters, order, columns, saved views."""

from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from contacts.models import Contact, CustomField, List, SavedView, Segment, Subscription, TableColumns
from contacts.services import people, viewing
from contacts.services.lists import organising, subscribing
from contacts.services.lists.organising import NameTaken
from contacts.table import chips, columns, filters, finding, looking_up, names, paging
from contacts.table.filters import Filters
from emailconcert.lib.tenancy import account_scope
from privacy.models import DomainSuppression
from privacy.services import standing
from privacy.services.guard import SpecialCategory
from tests.contacts.factories import make_many
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


@pytest.fixture
def scoped(cast):
    with account_scope(cast[0].account):
        yield cast[0].account


def add(account, email, **more):
    moment = more.pop("now", NOW)
    return people.add_contact(account_id=account.pk, email=email, source="member", now=moment, **more)


def found(account, **what):
    contacts = finding.matching(account_id=account.pk, filters=Filters(**what), now=NOW)
    return {contact.email.partition("@")[0] for contact in finding.reading(lambda: list(contacts))}


def test_search_finds_the_beginning_of_address_full_name_and_last_name(scoped):
    add(scoped, "zoe@example.org", first_name="Zoë", last_name="Berg")
    add(scoped, "bergman@example.org")
    add(scoped, "other@example.org", first_name="Al", last_name="Ü%_berg")

    assert found(scoped, text="berg") == {"zoe", "bergman"}
    assert found(scoped, text="ZOË  berg") == {"zoe"}
    assert found(scoped, text="ü%") == {"other"}
    assert found(scoped, text="%") == set()
    assert found(scoped, text="zoe@EX") == {"zoe"}
    assert found(scoped, text="berg", anywhere=True) == {"zoe", "bergman", "other"}


def test_looking_up_goes_on_anywhere_when_nobody_begins_so(scoped):
    add(scoped, "zoe@bakery.example.org")

    result = looking_up.look_up(account_id=scoped.pk, filters=Filters(text="@bakery"), sort="", now=NOW)

    assert [contact.email for contact in result.page.rows] == ["zoe@bakery.example.org"]
    assert (result.filters.anywhere, result.total, result.is_exact) == (True, 1, True)


def test_every_filter_finds_whom_it_says(scoped):
    a, b, c = (add(scoped, f"{name}@example.org") for name in "abc")
    old = add(scoped, "old@example.org", now=NOW - timedelta(days=40), country="IE", values={"city": "Cork"})
    CustomField.objects.create(key="city", label="City")
    news = List.objects.create(name="News")
    subscribing.subscribe(contact=a, list=news, source="member", now=NOW)
    subscribing.subscribe(contact=b, list=news, source="member", now=NOW, state=Subscription.State.PENDING)
    one, two = (organising.create_tag(account_id=scoped.pk, name=name) for name in ("one", "two"))
    organising.tag_contacts(contacts=[a, b], tag=one, now=NOW)
    organising.tag_contacts(contacts=[b], tag=two, now=NOW)
    standing.suppress(account_id=scoped.pk, address=c.email, reason="manual", now=NOW)
    standing.restrict(account_id=scoped.pk, address_hash=bytes(old.email_hash), now=NOW)
    tree = {"match": "all", "rules": [{"condition": "tags", "operator": "any_of", "values": {"tags": [str(two.pk)]}}]}
    segment = Segment.objects.create(name="Two", definition=tree)

    assert found(scoped, list_id=news.pk) == {"a", "b"}
    assert found(scoped, list_id=news.pk, state="pending") == {"b"}
    assert found(scoped, state="none") == {"c", "old"}
    assert found(scoped, state="suppressed") == {"c"}
    assert found(scoped, state="restricted") == {"old"}
    assert found(scoped, tags=(one.pk,)) == {"a", "b"}
    assert found(scoped, tags=(one.pk, two.pk)) == {"b"}
    assert found(scoped, within=30) == {"a", "b", "c"}
    assert found(scoped, source="form") == set()
    assert found(scoped, values=(("field:city", "Cork"),)) == {"old"}
    assert found(scoped, values=(("country", "Ireland"),)) == {"old"}
    said = chips.in_words(filters.Filters(values=(("country", "ie"), ("language", "de"))), names.names_of(scoped.pk))
    assert said == "Country: Ireland, Language: German"
    assert columns.cells([old], columns.chosen(["country"], columns.choices(scoped.pk)))[0][1][0].value == "Ireland"
    assert found(scoped, values=(("field:city", ""),)) == {"old"}
    assert found(scoped, values=(("date_of_birth", ""),)) == set()
    assert found(scoped, values=(("no such", "x"),)) == set()
    assert found(scoped, segment_id=segment.pk) == {"b"}
    assert found(scoped, segment_id=segment.pk + 1) == set()


def test_domains_that_are_never_mailed_count_as_suppressed(scoped):
    add(scoped, "zoe@shut.example.org")
    DomainSuppression.objects.create(account=scoped, domain="shut.example.org", created_at=NOW)

    assert found(scoped, state="suppressed") == {"zoe"}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=zo&anywhere=1",
        "list=3&state=pending&tag=1&tag=2",
        "source=import&source_id=7&within=30",
        "is.field%3Acity=Cork&is.country=",
    ],
)
def test_filters_are_read_as_they_are_written(query):
    read = filters.parse(QueryDict(query))

    assert filters.parse(QueryDict(read.encode())) == read
    assert len(read.pairs()) == len([pair for pair in query.split("&") if pair])


@pytest.mark.parametrize(
    "query", ["list=x&tag=-1&state=nonsense&source=mars&within=", "q=%00", "tag=99999999999999999999"]
)
def test_filters_that_cannot_be_read_are_left_out(query):
    assert filters.parse(QueryDict(query)) == Filters()


@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in paging.SORTS for sign in ("", "-")])
def test_pages_by_key_show_everybody_once_forwards_and_back(scoped, sort):
    for number in range(7):
        add(scoped, f"p{number}@example.org", first_name="Ada" if number % 2 else "")
    everybody = finding.matching(account_id=scoped.pk, filters=Filters(), now=NOW)

    seen, after, pages = [], None, []
    while True:
        page = paging.page(everybody, sort=sort, after=after, size=3)
        pages.append([contact.pk for contact in page.rows])
        seen += pages[-1]
        if (after := page.after) is None:
            break
    back = paging.page(everybody, sort=sort, before=pages[1][0], size=3)
    middle = paging.page(everybody, sort=sort, before=pages[2][0], size=3)

    column, down = paging.sort_of(sort)
    expected = sorted(Contact.objects.all(), key=lambda contact: (getattr(contact, column), contact.pk), reverse=down)
    assert seen == [contact.pk for contact in expected]
    assert [contact.pk for contact in back.rows] == pages[0]
    assert [contact.pk for contact in middle.rows] == pages[1]
    assert (back.before, middle.before) == (None, pages[1][0])


def test_counting_stops_at_the_limit(scoped):
    for number in range(3):
        add(scoped, f"p{number}@example.org")
    everybody = finding.matching(account_id=scoped.pk, filters=Filters(), now=NOW)

    assert finding.count(everybody, limit=2) == (2, False)
    assert finding.count(everybody, limit=3) == (3, True)
    assert finding.count(everybody, limit=None) == (3, True)


def test_search_goes_by_the_indexes(scoped):
    """As the tenant's role would, LIKE would be asked of every row."""
    make_many(scoped, 3000)
    connection.cursor().execute("ANALYZE contacts_contact")
    wanted = finding.matching(account_id=scoped.pk, filters=Filters(text="l29"), now=NOW)

    plan = finding.reading(wanted.explain)

    assert {"contact_by_prefix", "contact_by_name", "contact_by_last_name"} <= set(plan.replace(")", " ").split()), plan


def test_row_comparison_starts_at_the_key(scoped):
    make_many(scoped, 3000)
    connection.cursor().execute("ANALYZE contacts_contact")
    middle = Contact.objects.order_by("pk")[1500].pk
    with CaptureQueriesContext(connection) as queries:
        paging.page(Contact.objects.filter(account=scoped), sort="-added", after=middle)
    [select] = [
        each["sql"]
        for each in queries
        if "ORDER BY" in each["sql"] and "EXPLAIN" not in each["sql"] and "LIMIT 51" in each["sql"]
    ]

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {select}")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "Index Cond: ((account_id" in plan
    assert "ROW(created_at, id) <" in plan.partition("Index Cond")[2].partition("Filter")[0]


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/contacts/", "/contacts/?q=p&list=1&is.country=IE"])
def test_page_asks_the_database_as_often_for_three_as_for_one(client, alice, path):
    counts = []
    names = ["standing", "lists", "tags", "source", "added", "changed", "country"]
    with account_scope(alice.account):
        viewing.choose_columns(account_id=alice.account.pk, user_id=alice.user.pk, names=names)
        news = List.objects.create(name="News", pk=1)
    client.get(path)  # the session is noted once in a while
    for number in (1, 2, 3):
        with account_scope(alice.account):
            contact = add(alice.account, f"p{number}@example.org", country="IE")
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
            tag = organising.create_tag(account_id=alice.account.pk, name=f"t{number}")
            organising.tag_contacts(contacts=[contact], tag=tag, now=NOW)
        if number != 2:
            with CaptureQueriesContext(connection) as queries:
                assert f"p{number}@example.org" in client.get(path).content.decode()
            counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= 34


def test_filters_are_chips_that_are_removed_one_by_one(client, alice):
    with account_scope(alice.account):
        news = List.objects.create(name="News")
        subscribing.subscribe(contact=add(alice.account, "zoe@example.org"), list=news, source="member", now=NOW)

    page = client.get(f"/contacts/?q=zo&list={news.pk}&state=subscribed").content.decode()

    assert 'aria-label="Remove filter: Begins with “zo”"' in page
    assert f'href="?list={news.pk}&amp;state=subscribed" aria-label="Remove filter: Begins' in page
    assert 'href="?q=zo&amp;state=subscribed" aria-label="Remove filter: List: News"' in page
    assert f'href="?q=zo&amp;list={news.pk}" aria-label="Remove filter: Standing: subscribed"' in page


def test_form_of_filters_leads_to_a_clean_address(client, alice):
    response = client.get(
        "/contacts/?list=&state=&tag=&source=member&within=&segment=&field=country&value=IE&sort=email"
    )

    assert response["Location"] == "/contacts/?source=member&is.country=IE&sort=email"


def test_hostile_addresses_are_taken(client, alice):
    with account_scope(alice.account):
        add(alice.account, "zoe@example.org")
    for query in (
        "after=9999999999",
        "before=x",
        "sort=password",
        "is.values=x",
        "is.email=%F0%9F%98%80",
        "view=1e9",
    ):
        assert client.get(f"/contacts/?{query}&all=1").status_code == 200, query


def test_columns_are_remembered_per_member(client, cast, alice):
    with account_scope(alice.account):
        CustomField.objects.create(key="city", label="City")
        CustomField.objects.create(key="secret", label="Secret", sensitive=True)
        add(alice.account, "zoe@example.org", values={"city": "Cork"})

    client.post("/contacts/columns/", {"columns": ["field:city", "field:secret", "nonsense"]})
    page = client.get("/contacts/").content.decode()
    client.force_login(cast[1].user)
    other = client.get("/contacts/").content.decode()

    with account_scope(alice.account):
        assert TableColumns.objects.get().columns == ["field:city"]
    assert "Cork" in page
    assert '<th scope="col">Secret' not in page
    assert "Cork" not in other


def test_view_is_saved_shared_renamed_made_default_and_deleted(client, cast, alice):
    client.post("/contacts/views/save/", {"name": "Irish", "query": "is.country=IE&sort=email&after=3&x=y"})
    with account_scope(alice.account):
        view = SavedView.objects.get()
    assert view.query == "is.country=IE&sort=email"

    client.force_login(cast[1].user)
    assert "Irish" in client.get("/contacts/").content.decode()
    client.post(f"/contacts/views/{view.pk}/", {"name": "From Ireland"})
    client.post(f"/contacts/views/{view.pk}/", {"default": "1"})
    assert client.get("/contacts/")["Location"] == f"/contacts/?is.country=IE&sort=email&view={view.pk}"
    assert "From Ireland" in client.get("/contacts/?all=1").content.decode()
    client.post(f"/contacts/views/{view.pk}/delete/")
    assert client.get("/contacts/").status_code == 200


def test_views_of_other_accounts_cannot_be_touched(client, cast, alice):
    with account_scope(alice.account):
        view = viewing.save_view(account_id=alice.account.pk, name="Irish", query="", columns=[], now=NOW)
    client.force_login(cast[2].user)

    assert client.post(f"/contacts/views/{view.pk}/", {"name": "x"}).status_code == 404
    assert client.post(f"/contacts/views/{view.pk}/delete/").status_code == 404


def test_viewers_choose_columns_but_save_no_views(client, cast):
    client.force_login(make_member(account=cast[0].account, role=Role.VIEWER).user)

    assert client.post("/contacts/columns/", {"columns": ["added"]}).status_code == 302
    assert client.post("/contacts/views/save/", {"name": "x", "query": ""}).status_code == 403


def test_views_have_names_of_their_own_that_ask_for_nothing_special(scoped):
    viewing.save_view(account_id=scoped.pk, name="Irish", query="", columns=[], now=NOW)

    with pytest.raises(NameTaken):
        viewing.save_view(account_id=scoped.pk, name=" Irish ", query="", columns=[], now=NOW)
    with pytest.raises(SpecialCategory):
        viewing.save_view(account_id=scoped.pk, name="Trade union members", query="", columns=[], now=NOW)
