import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role
from contacts.models import Contact, CustomField, Import, List, Subscription
from contacts.services.imports import import_runs
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from tests.factories import make_cast, make_member

pytestmark = pytest.mark.django_db
FILE = "E-Mail;Vorname;Stadt;Größe\nzoe@example.org;Zoë;Köln;12\nbad;X;Y;1\njo@example.org;Jo;;viel\n"
TERMS = {
    "known": "fill",
    "consent_wording": "Yes, write to me.",
    "consent_on": "2026-01-31",
    "consent_source": "The till",
}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def alice(client):
    found, *_ = make_cast()
    client.force_login(found.user)
    return found


def upload(client, text=FILE, name="them.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post("/contacts/import/", {"file": SimpleUploadedFile(name, content)})


def the_import(member):
    with account_scope(member.account):
        return Import.objects.latest("pk")


def work(member):
    run = the_import(member)
    import_runs.run_slice(account_id=member.account_id, import_id=run.pk, clock=timezone.now)
    return the_import(member)


def columns_of(response):
    return {column.head: column.guess for column, _ in response.context["form"].rows()}


def posted(response, **more):
    """What a browser would send of the page's form as it stands."""
    form, how = response.context["form"], response.context["how"]
    values = {field.html_name: field.value() for each in (form, how) for field in each}
    return values | more


def test_wizard_goes_from_upload_to_result(client, alice):
    with account_scope(alice.account):
        news = List.objects.create(name="News")
    first = upload(client)["Location"]
    page = client.get(first)
    assert columns_of(page) == {"E-Mail": "email", "Vorname": "first_name", "Stadt": "new:text", "Größe": "new:text"}

    second = client.post(first, posted(page, column_3="new:number"))["Location"]
    third = client.post(second, TERMS | {"lists": [news.pk], "tags": "fair, fair"})["Location"]
    assert "every 2s" in client.get(third).content.decode()
    run = work(alice)
    assert run.state == "checked"
    checked = client.get(third)
    assert {label: count for label, count, _ in checked.context["counts"]} == {
        "New": 1, "Known already": 0, "Twice in the file": 0, "Kept out": 0, "Opted out there": 0, "Refused": 2,
    }  # fmt: skip
    assert "Größe: “viel” is not a number" in checked.content.decode()
    with account_scope(alice.account):
        assert not Contact.objects.exists()
        assert not CustomField.objects.exists()

    client.post(f"{third}start/")
    assert "every 2s" in client.get(third).content.decode()
    work(alice)

    done = client.get(third, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in done
    with account_scope(alice.account):
        contact = Contact.objects.get()
        evidence = Consent.objects.get()
        assert (contact.email, contact.first_name) == ("zoe@example.org", "Zoë")
        assert sorted(map(str, contact.values.values())) == ["12", "Köln"]
        assert [link.tag.name for link in contact.tag_links.all()] == ["fair"]
        assert Subscription.objects.get().state == "subscribed"
        assert (evidence.wording.text, evidence.given_at.date().isoformat()) == ("Yes, write to me.", "2026-01-31")
        assert sorted(CustomField.objects.values_list("label", "type")) == [("Größe", "number"), ("Stadt", "text")]


def test_nothing_is_checked_without_a_basis(client, alice):
    first = upload(client)["Location"]
    second = client.post(first, posted(client.get(first)))["Location"]

    response = client.post(second, {"known": "fill"})

    assert (response.status_code, the_import(alice).state) == (422, "uploaded")


def test_a_day_to_come_is_no_day_of_consent(client, alice):
    first = upload(client)["Location"]
    second = client.post(first, posted(client.get(first)))["Location"]

    response = client.post(second, TERMS | {"consent_on": "2999-01-01"})

    assert (response.status_code, "yet to come" in response.content.decode()) == (422, True)


def test_preview_follows_encoding_and_delimiter(client, alice):
    path = upload(client, "Email|Ort\nzoe@example.org|Köln\n".encode("cp1252"))["Location"]
    page = client.get(path)
    assert columns_of(page) == {"Email": "email", "Ort": "new:text"}
    assert "sensitive fields" not in page.content.decode()
    with account_scope(alice.account):
        CustomField.objects.create(key="iban", label="Account number", sensitive=True)
    page = client.get(path).content.decode()
    assert ("Account number: sensitive fields can’t be imported into" in page, "field:iban" in page) == (True, False)

    page = client.get(
        path, {"encoding": "cp1251", "delimiter": "|", "day_first": "yes"}, headers={"HX-Request": "true"}
    )
    assert "Kцln" in page.content.decode()
    other = client.get(path, {"encoding": "cp1252", "delimiter": ";", "day_first": "yes"})
    assert list(columns_of(other)) == ["Email|Ort"]
    assert the_import(alice).encoding != "cp1251"

    client.post(path, posted(client.get(path), encoding="cp1251", preview="1"))
    assert the_import(alice).encoding != "cp1251"
    client.post(path, posted(client.get(path), encoding="cp1251"))
    assert the_import(alice).encoding == "cp1251"


def test_column_of_special_categories_is_not_taken(client, alice):
    path = upload(client, "Email,Religion\nzoe@example.org,Catholic\n")["Location"]

    response = client.post(path, posted(client.get(path)))

    assert response.status_code == 422
    assert "specially protected" in response.content.decode()
    assert client.post(path, posted(client.get(path), column_1=""))["Location"].endswith("/terms/")


def test_values_of_special_categories_further_down_send_the_import_back(client, alice):
    rows = "".join(f"p{n}@example.org,{'Catholic' if n > 300 else 'fine'}\n" for n in range(1200))
    first = upload(client, f"Email,Note\n{rows}")["Location"]
    second = client.post(first, posted(client.get(first)))["Location"]
    client.post(second, TERMS)

    run = work(alice)

    assert (run.state, "Note" in run.error) == ("uploaded", True)
    page = client.get(f"/contacts/import/{run.pk}/", follow=True)
    assert "specially protected" in page.content.decode()


def test_terms_can_be_changed_after_the_check(client, alice):
    first = upload(client)["Location"]
    second = client.post(first, posted(client.get(first)))["Location"]
    client.post(second, TERMS)
    work(alice)

    client.post(second, TERMS | {"known": "overwrite"})

    run = the_import(alice)
    assert (run.state, run.known, run.checked) == ("checking", "overwrite", {})


def test_import_is_paused_and_goes_on(client, alice):
    first = upload(client)["Location"]
    second = client.post(first, posted(client.get(first)))["Location"]
    third = client.post(second, TERMS)["Location"]
    work(alice)
    client.post(f"{third}start/")

    client.post(f"{third}pause/")
    assert work(alice).state == "paused"
    assert "Go on" in client.get(third).content.decode()
    client.post(f"{third}resume/")

    assert work(alice).state == "done"


def test_import_is_undone_from_its_page(client, alice):
    first = upload(client)["Location"]
    second = client.post(first, posted(client.get(first)))["Location"]
    third = client.post(second, TERMS)["Location"]
    work(alice)
    client.post(f"{third}start/")
    work(alice)
    assert "Undo this import" in client.get(third).content.decode()

    client.post(f"{third}undo/")
    work(alice)

    page = client.get(third).content.decode()
    assert "This import was undone" in page
    with account_scope(alice.account):
        assert not Contact.objects.exists()


def test_viewer_may_look_and_not_import(client):
    member = make_member(role=Role.VIEWER)
    client.force_login(member.user)

    assert client.get("/contacts/imports/").status_code == 200
    assert client.get("/contacts/import/").status_code == 403


def test_query_count_does_not_grow_with_imports(client, alice):
    counts = []
    for _ in range(2):
        upload(client)
        with CaptureQueriesContext(connection) as caught:
            client.get("/contacts/imports/")
        counts.append(len(caught))
    assert counts[0] == counts[1]
