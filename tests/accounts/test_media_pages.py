"""The pages of the media library, and the picker."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Media, Role
from accounts.services.media import keeping, uses
from accounts.services.media.uses import Use
from emailconcert.lib.tenancy import account_scope
from tests.accounts.pictures import picture
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def alice(client):
    alice = make_cast()[0]
    client.force_login(alice.user)
    return alice


def keep(alice, name="Loaf", colour="teal", size=(40, 30), **said):
    with account_scope(alice.account):
        file = BytesIO(picture(colour=colour, size=size))
        media = keeping.keep(account=alice.account, file=file, name=name, now=NOW, by=alice.user).media
        if said:
            keeping.change(media=media, name=name, now=NOW, **said)
        return media


def kept(alice):
    with account_scope(alice.account):
        return {each.name: each for each in Media.objects.order_by("pk")}


def file(name="bread.png", raw=None):
    return SimpleUploadedFile(name, picture() if raw is None else raw, "image/png")


def page(client, path="/content/media/", **headers):
    answer = client.get(path, headers=headers or None)
    assert answer.status_code == 200
    return answer.content.decode()


def test_pictures_are_uploaded_together_without_a_script(client, alice):
    files = [file("one.png"), file("two.png", picture(colour="red")), file("again.png")]

    answer = client.post("/content/media/upload/", {"files": files}, follow=True)

    assert "2 pictures are new in your library. 1 was there already." in answer.content.decode()
    assert list(kept(alice)) == ["one", "two"]
    assert kept(alice)["one"].created_by_id == alice.user_id


def test_what_cannot_be_taken_is_said_beside_what_can(client, alice):
    answer = client.post("/content/media/upload/", {"files": [file("good.png"), file("<b>.png", b"nothing")]})

    said = answer.content.decode()
    assert (answer.status_code, list(kept(alice))) == (422, ["good"])
    assert "&lt;b&gt;.png" in said
    assert "This is no picture. Take a PNG, JPEG, GIF or WebP file." in said
    none = client.post("/content/media/upload/", {})
    assert (none.status_code, "Choose a picture first." in none.content.decode()) == (422, True)
    many = client.post("/content/media/upload/", {"files": [file(f"{number}.png") for number in range(21)]})
    assert many.content.decode().count("At most 20 at once") == 1


def test_a_script_is_told_of_one_file(client, alice):
    answer = client.post("/content/media/upload/", {"files": [file()]}, headers=HTMX).content.decode()

    assert answer.count("<li") == 1
    assert "<html" not in answer
    assert "has no alternative text" in answer


def test_the_library_is_searched_sorted_and_filtered(client, alice):
    assert "No pictures yet" in page(client)
    keep(alice, "Loaf", alt_text="A loaf")
    keep(alice, "Cake", colour="red")

    assert page(client).index("Cake") < page(client).index("Loaf")
    assert page(client, "/content/media/?sort=-name&q=ca").count("ec-tile-name") == 1
    assert "Cake" not in page(client, "/content/media/?q=LOA")
    assert "Loaf" not in page(client, "/content/media/?show=no-alt")
    assert "No picture is like that" in page(client, "/content/media/?show=deleted")
    assert page(client, "/content/media/?after=x&before=9999999&sort=odd").count("ec-tile-name") == 2
    part = page(client, "/content/media/?q=loaf", **HTMX)
    assert ("<html" in part, 'id="results"' in part) == (False, True)


@pytest.mark.parametrize("count", [1, 3])
def test_the_library_takes_few_queries(client, alice, count, django_assert_num_queries):
    for number in range(count):
        keep(alice, f"Loaf {number}", colour=(number, 0, 0))

    with django_assert_num_queries(16):
        assert page(client).count("ec-tile-name") == count


def test_a_picture_is_described(client, alice, monkeypatch):
    media = keep(alice, size=(900, 600))
    monkeypatch.setattr(uses, "_finders", [lambda *_: [Use("the form “Bread”", "/contacts/forms/1/")]])
    path = f"/content/media/{media.pk}/"

    shown = page(client, path)
    for text in ("640 × 427", f"{media.digest}-640.png", "The form “Bread”", "Alice", "will go on showing it"):
        assert text in shown
    answer = client.post(path, {"name": "Rye", "alt_text": "A rye loaf"})
    assert (answer.status_code, kept(alice)["Rye"].alt_text) == (302, "A rye loaf")
    wrong = client.post(path, {"name": "", "alt_text": "x" * 301})
    assert (wrong.status_code, kept(alice)["Rye"].alt_text) == (422, "A rye loaf")


def test_a_picture_is_deleted_and_brought_back(client, alice):
    media = keep(alice)

    deleted = client.post(f"/content/media/{media.pk}/delete/", follow=True).content.decode()

    assert f'action="/content/media/{media.pk}/restore/"' in deleted
    assert "No pictures yet" in deleted
    assert "Mails that were sent keep showing it" in page(client, f"/content/media/{media.pk}/")
    assert "Loaf" in page(client, "/content/media/?show=deleted")
    client.post(f"/content/media/{media.pk}/restore/")
    assert kept(alice)["Loaf"].deleted_at is None


def test_only_a_deleted_picture_is_removed_for_good_and_by_its_word(client, alice):
    media = keep(alice)
    path = f"/content/media/{media.pk}/"
    assert client.post(f"{path}remove/", {"confirm": "remove"}).status_code == 404
    client.post(f"{path}delete/")

    client.post(f"{path}remove/", {"confirm": "yes"})
    assert list(kept(alice)) == ["Loaf"]
    client.post(f"{path}remove/", {"confirm": " Remove"})

    assert kept(alice) == {}


def test_roles(client, alice):
    media = keep(alice, alt_text="A loaf")
    viewer = make_member(account=alice.account, role=Role.VIEWER)
    editor = make_member(account=alice.account, role=Role.EDITOR)
    path = f"/content/media/{media.pk}/"
    posts = [f"{path}{what}/" for what in ("delete", "restore", "remove")] + ["/content/media/upload/"]

    client.force_login(viewer.user)
    assert "A loaf" in page(client, path)
    assert "Drop pictures here" not in page(client)
    client.post(path, {"name": "Mine", "alt_text": ""})
    assert [client.post(each, {"confirm": "remove"}).status_code for each in posts] == [403] * 4
    assert client.get("/content/media/pick/", headers=HTMX).status_code == 403
    assert list(kept(alice)) == ["Loaf"]
    client.force_login(editor.user)
    assert [client.post(each, {"confirm": "remove"}).status_code for each in posts[:3]] == [302, 302, 403]


def test_pictures_of_others_do_not_exist(client, alice):
    media = keep(alice)
    client.force_login(make_member().user)

    for path in ("", "delete/", "restore/", "remove/"):
        assert client.post(f"/content/media/{media.pk}/{path}").status_code == 404
    assert "Loaf" not in page(client)
    assert "Loaf" not in page(client, "/content/media/pick/", **HTMX)


def test_the_picker_offers_the_size_that_the_page_wants(client, alice, settings):
    media = keep(alice, size=(900, 600), alt_text='A "loaf"')

    offered = page(client, "/content/media/pick/?width=500", **HTMX)

    name = media.file_name(640)
    assert f'data-file="{name}"' in offered
    assert f'data-url="{settings.CONTENT_URL}/media/{alice.account.public_id}/{name}"' in offered
    assert 'data-alt="A &quot;loaf&quot;" data-width="640" data-height="427"' in offered
    assert f'data-file="{media.file_name()}"' in page(client, "/content/media/pick/?width=x", **HTMX)
    assert "No picture is like that" in page(client, "/content/media/pick/?q=zzz", **HTMX)
    assert client.get("/content/media/pick/").headers["Location"] == "/content/media/"


def test_the_picker_takes_a_new_picture_in(client, alice):
    good = client.post("/content/media/pick/?width=640", {"files": [file("new.png")]}, headers=HTMX).content.decode()
    bad = client.post("/content/media/pick/", {"files": [file("x.svg", b"<svg/>")]}, headers=HTMX).content.decode()

    assert "data-media-pick" in good
    assert ("Save it as PNG" in bad, "data-media-pick" in bad) == (True, True)
    assert list(kept(alice)) == ["new"]
