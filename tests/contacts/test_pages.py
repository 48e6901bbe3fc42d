"""The pages of contacts: who may see and do what."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from contacts.models import Contact, CustomField, Form, Import, List, Segment, Tag
from contacts.services import people
from contacts.services.imports import import_runs, importing
from contacts.services.lists import organising, subscribing
from contacts.services.segments import segmenting
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from privacy.services import standing
from tests.contacts.factories import make_form
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def alice(cast, client):
    client.force_login(cast[0].user)
    return cast[0]


def add(account, email="zoe@example.org", **more):
    with account_scope(account):
        return people.add_contact(account_id=account.pk, email=email, source="member", now=NOW, **more)


def make_all(account):
    """One row of everything that has a page."""
    contact = add(account, f"all@account{account.pk}.example.org", first_name="Al")
    with account_scope(account):
        news = List.objects.create(name="Everything")
        subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
        tag = organising.create_tag(account_id=account.pk, name="regulars")
        organising.tag_contacts(contacts=[contact], tag=tag, now=NOW)
        tree = {
            "match": "all",
            "rules": [{"condition": "tags", "operator": "any_of", "values": {"tags": [str(tag.pk)]}}],
        }
        segment = Segment(account=account)
        segmenting.save_segment(segment=segment, name="Regulars", definition=tree, now=NOW)
        form = make_form(account, news)
        content = io.BytesIO(b"Email,Name\nnew@example.org,New\nbad,Bad\n")
        run = importing.start_import(account_id=account.pk, file=content, file_name="x.csv", user_id=None, now=NOW)
        done = importing.start_import(
            account_id=account.pk,
            file=io.BytesIO(b"Email\nother@example.org\n=cmd|x\n"),
            file_name="y.csv",
            user_id=None,
            now=NOW,
        )
        importing.queue_import(
            run=done, mapping={"0": "email"}, lists=[news], known="fill", consent_wording="Yes", now=NOW
        )
        standing.suppress(account_id=account.pk, address="never@example.org", reason="manual", now=NOW)
        suppression = Suppression.objects.get()
    import_runs.run_slice(account_id=account.pk, import_id=done.pk, clock=timezone.now)
    return {
        "contact": contact.pk, "list": news.pk, "tag": tag.pk, "segment": segment.pk, "form": form.pk,
        "import": run.pk, "done": done.pk, "suppression": suppression.pk,
    }  # fmt: skip


GET = [
    "/contacts/", "/contacts/?q=al&sort=-email", "/contacts/?state=suppressed", "/contacts/add/",
    "/contacts/{contact}/", "/contacts/{contact}/edit/", "/contacts/lists/", "/contacts/lists/{list}/",
    "/contacts/tags/", "/contacts/segments/", "/contacts/segments/new/", "/contacts/segments/{segment}/",
    "/contacts/suppressions/", "/contacts/imports/", "/contacts/import/", "/contacts/import/{import}/columns/",
    "/contacts/import/{done}/", "/contacts/import/{done}/refused.csv", "/contacts/forms/", "/contacts/forms/add/",
    "/contacts/forms/{form}/", "/contacts/forms/{form}/share/", "/contacts/forms/{form}/results/",
    "/contacts/forms/{form}/versions/", "/contacts/forms/{form}/settings/",
]  # fmt: skip
POST = [
    "/contacts/{contact}/delete/", "/contacts/{contact}/edit/", "/contacts/{contact}/tag/",
    "/contacts/{contact}/untag/{tag}/", "/contacts/{contact}/subscribe/", "/contacts/{contact}/unsubscribe/",
    "/contacts/lists/{list}/", "/contacts/lists/{list}/delete/", "/contacts/tags/{tag}/rename/",
    "/contacts/tags/{tag}/delete/", "/contacts/segments/{segment}/", "/contacts/segments/{segment}/delete/",
    "/contacts/suppressions/{suppression}/lift/", "/contacts/import/{import}/columns/", "/contacts/import/{import}/terms/",
    "/contacts/import/{import}/cancel/", "/contacts/import/{import}/start/", "/contacts/import/{done}/pause/",
    "/contacts/import/{done}/resume/", "/contacts/import/{done}/undo/",
    "/contacts/forms/{form}/", "/contacts/forms/{form}/delete/", "/contacts/forms/{form}/duplicate/",
    "/contacts/forms/{form}/change/",
]  # fmt: skip


def test_every_page_is_shown(client, alice):
    ids = make_all(alice.account)

    for path in GET:
        response = client.get(path.format(**ids))
        body = b"".join(response) if response.streaming else response.content
        assert (path, response.status_code) == (path, 200)
        assert b"style=" not in body, path
        assert b"onclick" not in body, path


def test_every_page_of_another_account_is_404(client, cast):
    ids = make_all(cast[0].account)
    client.force_login(cast[2].user)

    found = {path: client.get(path.format(**ids)).status_code for path in GET if "{" in path}

    assert set(found.values()) == {404}, found


def test_every_act_on_another_account_is_404_and_changes_nothing(client, cast):
    ids = make_all(cast[0].account)
    client.force_login(cast[2].user)

    found = {path: client.post(path.format(**ids), {"name": "x", "list": ids["list"]}).status_code for path in POST}

    assert set(found.values()) == {404}, found
    with account_scope(cast[0].account):
        assert Contact.objects.count() == 2
        assert (List.objects.get().name, Tag.objects.get().name) == ("Everything", "regulars")


def test_viewers_may_look_and_not_act(client, cast):
    ids = make_all(cast[0].account)
    client.force_login(make_member(account=cast[0].account, role=Role.VIEWER).user)

    assert client.get("/contacts/").status_code == 200
    paths = [*POST, "/contacts/add/", "/contacts/bulk/", "/contacts/lists/add/"]
    found = {path: client.post(path.format(**ids), {}).status_code for path in paths}
    assert set(found.values()) <= {403, 404}, found


def test_visitors_are_sent_to_sign_in(client, cast):
    response = client.get("/contacts/")

    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/sign-in/")


@pytest.mark.parametrize("path", ["/contacts/", "/contacts/lists/", "/contacts/tags/", "/contacts/forms/"])
def test_list_asks_the_database_as_often_for_three_as_for_one(client, alice, path):
    counts = []
    for number in range(3):
        contact = add(alice.account, f"p{number}@example.org")
        with account_scope(alice.account):
            news = List.objects.create(name=f"List {number}")
            subscribing.subscribe(contact=contact, list=news, source="member", now=NOW)
            tag = organising.create_tag(account_id=alice.account_id, name=f"tag {number}")
            organising.tag_contacts(contacts=[contact], tag=tag, now=NOW)
            make_form(alice.account, news, slug=f"form-{number}")
        if number in {0, 2}:
            client.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            counts.append(len(captured))

    assert counts[0] == counts[1]


def test_list_with_opt_outs_is_not_deleted(client, alice):
    contact = add(alice.account)
    with account_scope(alice.account):
        news = List.objects.create(name="News")
        subscribing.unsubscribe(account_id=alice.account_id, contact_id=contact.pk, list_ids=[news.pk], now=NOW)

    page = client.post(f"/contacts/lists/{news.pk}/delete/", follow=True).content.decode()

    assert "their choice is kept with it" in page
    with account_scope(alice.account):
        assert List.objects.exists()


def test_refused_rows_download_runs_no_formula(client, alice):
    ids = make_all(alice.account)

    content = b"".join(client.get(f"/contacts/import/{ids['done']}/refused.csv")).decode()

    assert content.splitlines()[1].startswith("3,'=cmd|x,")


def test_web_address_of_a_form_is_the_platforms_only_one(client, cast):
    alice, _, charlie = cast
    with account_scope(alice.account):
        make_form(alice.account, slug="bread")
    with account_scope(charlie.account):
        news = List.objects.create(name="News")
    client.force_login(charlie.user)

    response = client.post(
        "/contacts/forms/add/",
        {"name": "F", "slug": "bread", "list": news.pk, "title": "T"},
    )

    assert response.status_code == 422
    assert "taken" in response.content.decode()
    with account_scope(charlie.account):
        assert not Form.objects.exists()


def test_suppressions_do_not_show_erased_people(client, alice):
    with account_scope(alice.account):
        standing.suppress(account_id=alice.account_id, address="gone@example.org", reason="erased", now=NOW)
        standing.suppress(account_id=alice.account_id, address="left@example.org", reason="unsubscribed", now=NOW)

    shown = client.get("/contacts/suppressions/")
    erased, unknown = (
        client.get("/contacts/suppressions/", {"q": f"{name}@example.org"}).content.decode().replace(name, "")
        for name in ("gone", "qqqq")
    )

    assert [row.address for row in shown.context["rows"]] == ["left@example.org"]
    assert strip_nonces(erased) == strip_nonces(unknown)


def strip_nonces(page):
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ?"|csrf-token" content=")[A-Za-z0-9]+', "", page)


def test_suppression_is_lifted_only_where_a_member_added_it(client, alice):
    with account_scope(alice.account):
        for reason in ("manual", "unsubscribed"):
            standing.suppress(account_id=alice.account_id, address=f"{reason}@example.org", reason=reason, now=NOW)
        ids = list(Suppression.objects.values_list("pk", flat=True))

    for pk in ids:
        client.post(f"/contacts/suppressions/{pk}/lift/", {"reason": "A mistake"})

    with account_scope(alice.account):
        assert list(Suppression.objects.values_list("reason", flat=True)) == ["unsubscribed"]


def test_an_import_whose_file_is_gone_says_so(client, alice):
    upload = SimpleUploadedFile("them.csv", b"Email\nzoe@example.org\n")
    client.post("/contacts/import/", {"file": upload})
    with account_scope(alice.account):
        run = Import.objects.get()
        importing.file_of(run).unlink()

    page = client.get(f"/contacts/import/{run.pk}/", follow=True)

    assert page.status_code == 200
    assert "The uploaded file is gone. Upload it again." in page.content.decode()


def test_country_is_chosen_by_name_and_an_imported_code_that_is_none_is_kept(client, alice):
    person = add(alice.account, country="XX")
    client.force_login(alice.user)
    page = client.get(f"/contacts/{person.pk}/edit/").content.decode()

    client.post(f"/contacts/{person.pk}/edit/", {"email": person.email, "first_name": "Al", "country": "XX"})
    kept = client.get(f"/contacts/{person.pk}/").content.decode()
    client.post(f"/contacts/{person.pk}/edit/", {"email": person.email, "country": "DE"})

    assert '<option value="DE">Germany</option>' in page
    assert ">XX</span>" in kept
    assert ">Germany</span>" in client.get(f"/contacts/{person.pk}/").content.decode()


def test_what_members_write_is_text_and_no_markup(client, alice, settings):
    """On members' pages markup is more than looks: htmx would act on it in the name of whoever looks at it."""
    evil = '<i hx-post="/x" hx-trigger="load">'
    texts = [
        "title",
        "intro",
        "button",
        "consent",
        "box:b",
        "label:email",
        "help:email",
        "label:field:a",
        "help:field:a",
    ]
    with account_scope(alice.account):
        CustomField.objects.create(key="a", label=evil, help=evil, type="choice", choices=[evil])
        news = List.objects.create(name=evil, description=evil)
        person = add(alice.account, first_name=evil, values={"a": evil})
        form = make_form(
            alice.account, news, slug="bread", texts=dict.fromkeys(texts, evil), questions=[{"field": "field:a"}],
            boxes=[{"key": "b"}],
        )  # fmt: skip

    paths = [f"/contacts/{person.pk}/{end}" for end in ("", "edit/", "merge/", "value/field:a/")]
    paths += [f"/contacts/forms/{form.pk}/{end}" for end in ("", "share/", "versions/", "settings/")]
    paths += ["/contacts/", "/contacts/add/", "/contacts/fields/", "/contacts/lists/"]
    pages = {path: client.get(path) for path in paths}
    pages["form"] = client.get("/f/bread", headers={"host": settings.CONTENT_URL.partition("//")[2]})

    assert {page.status_code for page in pages.values()} == {200}
    assert {path for path, page in pages.items() if "<i hx" in page.content.decode()} == set()
