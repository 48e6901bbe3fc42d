"""The builder of hosted forms, sharing them, their figures and versions."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils.timezone import now
from PIL import Image

from accounts.models import Media
from contacts.models import CustomField, Form, FormDay, FormVersion, List
from contacts.services.hosted import form_keeping
from emailconcert.lib.tenancy import account_scope
from privacy.models import Wording
from tests.contacts.factories import WORDING, make_draft, make_form
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(client):
    alice, _, _ = make_cast()
    client.force_login(alice.user)
    return alice


@pytest.fixture
def news(alice):
    with account_scope(alice.account):
        CustomField.objects.create(key="size", label="Size", type="choice", choices=["S", "M"])
        return List.objects.create(name="News")


@pytest.fixture
def form(alice, news):
    with account_scope(alice.account):
        return make_form(alice.account, news, slug="bread", published=False)


def posted(news, do, **more):
    return {
        "do": do, "question": ["first_name", "last_name"], "lists": [news.pk], "choosing": "fixed", "language": ["en"],
        "editing": "en", "accent": "#8a1538", "ground": "#fffaf0", "font": "serif", "layout": "plain",
        "text:en:title": "Bread", "text:en:consent": WORDING, "redirect": "", "required:first_name": "on", **more,
    }  # fmt: skip


def kept(alice):
    with account_scope(alice.account):
        return Form.objects.get(slug="bread"), list(FormVersion.objects.order_by("number"))


def test_a_new_form_leads_to_its_builder_and_nobody_sees_it_yet(client, alice, news, settings):
    answer = client.post("/contacts/forms/add/", {"name": "F", "slug": "bread", "list": news.pk, "title": "Bread"})

    form, versions = kept(alice)
    assert answer["Location"] == f"/contacts/forms/{form.pk}/"
    assert (form.version, versions) == (0, [])
    assert client.get("/f/bread", headers={"host": settings.CONTENT_URL.partition("//")[2]}).status_code == 404


def test_publishing_keeps_everything_and_the_same_twice_is_one_version(client, alice, news, form):
    path = f"/contacts/forms/{form.pk}/"

    for _ in range(2):
        assert client.post(path, posted(news, "publish"))["Location"] == path
    client.post(path, posted(news, "publish", **{"text:en:consent": "Other words"}))

    form, versions = kept(alice)
    assert (form.version, [each.number for each in versions]) == (2, [1, 2])
    first = versions[0].blueprint
    assert [each["field"] for each in first["questions"]] == ["first_name", "last_name"]
    assert (first["questions"][0]["required"], first["look"]["accent"], first["lists"]) == (True, "#8a1538", [news.pk])
    with account_scope(alice.account):
        words = dict(Wording.objects.values_list("pk", "text"))
    assert [words[each.wordings["en"]["consent"]] for each in versions] == [WORDING, "Other words"]


def test_a_saved_draft_changes_nothing_for_people(client, alice, news, form):
    client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish"))
    client.post(f"/contacts/forms/{form.pk}/", posted(news, "save", **{"text:en:title": "Later"}))

    form, versions = kept(alice)
    assert (form.draft["texts"]["en"]["title"], len(versions)) == ("Later", 1)


@pytest.mark.parametrize(
    ("do", "more", "expected"),
    [
        ("up:last_name", {}, ["last_name", "first_name"]),
        ("down:first_name", {}, ["last_name", "first_name"]),
        ("up:first_name", {}, ["first_name", "last_name"]),
        ("remove:first_name", {}, ["last_name"]),
        ("add", {"new_field": "field:size"}, ["first_name", "last_name", "field:size"]),
    ],
)
def test_questions_are_moved_with_buttons_and_nothing_is_saved(client, alice, news, form, do, more, expected):
    answer = client.post(f"/contacts/forms/{form.pk}/", posted(news, do, **more))

    assert answer.status_code == 200
    assert [each.question.field for each in answer.context["shown"].questions] == expected
    assert 'value="Bread"' in answer.content.decode()
    assert kept(alice)[0].draft["texts"]["en"].get("title") != "Bread"


def test_boxes_and_languages_come_and_go(client, news, form):
    path = f"/contacts/forms/{form.pk}/"

    box = client.post(path, posted(news, "add_box")).context["shown"].boxes[0].box
    without = client.post(path, posted(news, f"remove_box:{box.key}", box=[box.key])).context["shown"]
    german = client.post(path, posted(news, "add_language", new_language="de"))
    back = client.post(path, posted(news, "edit:en", language=["en", "de"], **{"text:de:title": "Brot"}))

    assert without.boxes == []
    assert (german.context["shown"].editing, 'name="text:en:title" value="Bread"' in german.content.decode()) == (
        "de",
        True,
    )
    assert 'name="text:de:title" value="Brot"' in back.content.decode()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"lists": []}, "Choose at least one list."),
        ({"accent": "#ffff00"}, "Too pale for buttons and links"),
        ({"ground": "#333333"}, "Too dark to read on"),
        ({"redirect": "http://bakery.example/"}, "begins with https://"),
        ({"redirect": "javascript:alert(1)"}, "begins with https://"),
        ({"redirect": "https://user:pw@bakery.example/"}, "begins with https://"),
        ({"redirect": "https://bakery.example; script-src *"}, "begins with https://"),
        ({"redirect": "https://пекарня.example/"}, "begins with https://"),
        ({"question": ["field:gone"]}, "This field is gone."),
        ({"hidden:first_name": "on"}, "Write the value that everybody gets."),
        ({"box": ["a"]}, "Write what people agree to by this box."),
        ({"text:en:title": "x" * 200}, "longer than 150 characters"),
        ({"text:en:label:first_name": "Religion"}, "specially protected"),
    ],
)
def test_what_has_to_be_mended_is_told_and_not_published(client, alice, news, form, more, sentence):
    answer = client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish", **more))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert kept(alice)[1] == []


def test_preview_is_a_frame_that_may_run_nothing(client, news, form):
    answer = client.post(
        f"/contacts/forms/{form.pk}/",
        posted(news, "preview", **{"text:en:title": "<script>alert(1)</script>"}),
        headers={"HX-Request": "true"},
    )

    page = answer.content.decode()
    assert page.startswith("<iframe")
    assert " sandbox srcdoc=" in page
    assert "<script>" not in page
    assert "/f/look.css?a=8a1538" in page.replace("&amp;", "&")


def test_a_logo_is_chosen_from_the_library_or_uploaded_into_it(client, alice, news, form, settings, tmp_path):
    settings.MEDIA_DIR = tmp_path
    path = f"/contacts/forms/{form.pk}/"
    picture = BytesIO()
    Image.new("RGB", (40, 40), "blue").save(picture, "PNG")
    file = SimpleUploadedFile("logo.png", picture.getvalue(), "image/png")

    client.post(path, posted(news, "save", logo_file=file))
    bad = client.post(path, posted(news, "save", logo_file=SimpleUploadedFile("logo.svg", b"<svg/>")))

    with account_scope(alice.account):
        logo = Media.objects.get()
    name = logo.file_name()
    assert kept(alice)[0].draft["look"]["logo"] == name
    assert (bad.status_code, "SVG files can carry programs" in bad.content.decode()) == (422, True)
    offered = client.post(path, posted(news, "pick_logo")).content.decode()
    assert f'value="use_logo:{name}"' in offered
    chosen = client.post(path, posted(news, f"use_logo:{name}")).content.decode()
    assert f'name="logo" value="{name}"' in chosen
    assert f"/media/{alice.account.public_id}/{name}" in chosen
    odd = client.post(path, posted(news, "show_logo", logo="../../x")).content.decode()
    assert 'name="logo" value=""' in odd


def test_the_library_tells_which_forms_show_a_picture(client, alice, news, form, settings, tmp_path):
    settings.MEDIA_DIR = tmp_path
    path = f"/contacts/forms/{form.pk}/"
    picture = BytesIO()
    Image.new("RGB", (40, 40), "blue").save(picture, "PNG")
    client.post(path, posted(news, "publish", logo_file=SimpleUploadedFile("logo.png", picture.getvalue())))
    with account_scope(alice.account):
        logo = Media.objects.get()

    assert f'href="{path}"' in client.get(f"/content/media/{logo.pk}/").content.decode()
    client.post(path, posted(news, "save"))  # only the draft is without it
    assert f'href="{path}"' in client.get(f"/content/media/{logo.pk}/").content.decode()
    client.post(path, posted(news, "publish"))
    assert "Nothing shows it" in client.get(f"/content/media/{logo.pk}/").content.decode()


def test_share_shows_what_works_without_script_too(client, alice, news, form):
    path = f"/contacts/forms/{form.pk}/share/"
    assert "Nothing to share yet" in client.get(path).content.decode()
    client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish"))

    page = client.get(path)

    assert "/f/bread/embed" in page.context["frame"]
    assert page.context["frame"].count("<script") == 1
    plain = page.context["plain"]
    assert 'action="http' in plain
    assert "<script" not in plain
    assert 'name="email"' in plain
    assert 'name="website"' in plain


def test_results_show_rates_and_each_day(client, alice, form):
    with account_scope(alice.account):
        FormDay.objects.create(form=form, day=now().date(), views=200, submissions=50, confirmations=40)
        FormDay.objects.create(form=form, day=now().date() - timedelta(days=400), views=1)

    page = client.get(f"/contacts/forms/{form.pk}/results/").content.decode()

    for text in ("201", "50", "40", "80.0", "<svg"):
        assert text in page


def test_versions_show_what_was_agreed_to(client, news, form):
    for words in (WORDING, "Other words"):
        client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish", **{"text:en:consent": words}))

    page = client.get(f"/contacts/forms/{form.pk}/versions/").content.decode()

    assert WORDING in page
    assert "Other words" in page


def test_a_copy_has_its_own_address_and_is_not_online(client, alice, news, form):
    client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish"))

    client.post(f"/contacts/forms/{form.pk}/duplicate/")

    with account_scope(alice.account):
        copy = Form.objects.get(slug="bread-2")
        assert copy.draft == Form.objects.get(slug="bread").draft
    assert copy.version == 0


def test_a_form_can_be_switched_off(client, alice, news, form, settings):
    client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish"))
    host = settings.CONTENT_URL.partition("//")[2]
    assert client.get("/f/bread", headers={"host": host}).status_code == 200

    client.post(f"/contacts/forms/{form.pk}/change/", {"name": "Counter"})

    assert client.get("/f/bread", headers={"host": host}).status_code == 404
    assert kept(alice)[0].name == "Counter"


def test_a_form_whose_lists_are_gone_is_not_shown(client, alice, news, form, settings):
    client.post(f"/contacts/forms/{form.pk}/", posted(news, "publish"))
    with account_scope(alice.account):
        news.delete()

    assert client.get("/f/bread", headers={"host": settings.CONTENT_URL.partition("//")[2]}).status_code == 404


def test_names_of_special_categories_are_refused(alice, news):
    from privacy.services import guard

    with account_scope(alice.account), pytest.raises(guard.SpecialCategory):
        form_keeping.create_form(
            account=alice.account, name="Trade union members", slug="x", draft=make_draft(news), now=NOW
        )


def test_forms_from_before_versions_become_the_version_of_their_number(alice, news):
    import importlib

    migration = importlib.import_module("contacts.migrations.0011_convert_forms")
    row = (
        901, alice.account.pk, 3, ["first_name", "field:size", "field:gone"], news.pk, "T", "", WORDING, "Go", "Thanks",
        "de", NOW,
    )  # fmt: skip
    with account_scope(alice.account):
        Form.objects.create(pk=901, name="Old", slug="old", version=3)
        with connection.cursor() as cursor:
            migration._convert(cursor, row)
        online = form_keeping.online(account_id=alice.account.pk, form_id=901)

    assert (online.number, online.lists, online.blueprint.languages) == (3, ((news.pk, "News"),), ("de",))
    assert [each.field for each in online.blueprint.questions] == ["first_name", "field:size"]
    assert online.blueprint.text("consent", "de") == WORDING


def test_the_address_of_a_deleted_form_goes_to_no_other_account(alice, form):
    with account_scope(alice.account):
        form_keeping.delete_form(form=form, now=NOW)
        assert form_keeping.find_form(slug="bread") is None
    other = make_member().account
    with account_scope(other), pytest.raises(form_keeping.SlugTaken):
        make_form(other, slug="bread")

    with account_scope(alice.account):
        again = make_form(alice.account, List.objects.create(name="Offers"), slug="bread")
        assert form_keeping.find_form(slug="bread") == (alice.account, again.pk)
