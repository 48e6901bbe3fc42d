"""Serving pictures on the content host."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.models import Account
from accounts.services.media import keeping, storing
from emailconcert.lib.tenancy import account_scope
from tests.accounts.pictures import animation, picture
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def content():
    return Client(headers={"host": urlsplit(django_settings.CONTENT_URL).netloc})


@pytest.fixture
def alice():
    return make_cast()[0]


def keep(account, raw=None):
    with account_scope(account):
        file = BytesIO(raw or picture(size=(900, 600), format="JPEG"))
        return keeping.keep(account=account, file=file, name="bread", now=NOW).media


def path(account, file_name):
    return urlsplit(storing.address(account_key=account.public_id, file_name=file_name)).path


def test_every_size_is_served_for_ever_and_to_everybody_the_same(content, client, alice):
    media = keep(alice.account)

    sizes = {}
    for name in media.file_names():
        answer = content.get(path(alice.account, name))
        sizes[Image.open(BytesIO(answer.content)).size] = answer.status_code
        assert answer.headers["Content-Type"] == "image/jpeg"
    assert sizes == {(900, 600): 200, (320, 213): 200, (640, 427): 200}
    wanted = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    assert wanted.items() <= dict(answer.headers).items()
    assert "Vary" not in answer.headers
    assert answer.cookies == {}
    # Members' pages show it from there, too: at their own host it is only found.
    elsewhere = client.get(path(alice.account, media.file_name()))
    assert elsewhere.headers["Location"] == storing.address(
        account_key=alice.account.public_id, file_name=media.file_name()
    )


def test_what_a_browser_has_is_not_sent_again(content, alice, django_assert_num_queries):
    address = path(alice.account, keep(alice.account).file_name())
    etag = content.get(address).headers["ETag"]

    with django_assert_num_queries(0):  # it was found a moment ago
        again = content.get(address, headers={"if-none-match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert again.headers["Cache-Control"].endswith("immutable")
    assert content.get(address, headers={"if-none-match": '"other"'}).status_code == 200
    assert content.head(address).headers["Content-Length"] == str(len(content.get(address).content))
    assert content.post(address).status_code == 405


def test_animations_move_and_have_a_still(content, alice):
    media = keep(alice.account, animation())

    types = {name: content.get(path(alice.account, name)).headers["Content-Type"] for name in media.file_names()}

    assert types == {media.file_name(): "image/gif", media.still_name: "image/png"}


def test_only_what_is_there_is_served(content, alice):
    media = keep(alice.account)
    charlie = make_member().account
    digest = media.digest
    for name in (
        f"{digest}-321.jpg", f"{digest}-1200.jpg", f"{digest}.png", f"{digest}-still.png", f"{digest}", f"{'0' * 32}.jpg",
        f"{digest}.jpg.exe", f"{digest.upper()}.jpg", f"..%2f{digest}.jpg", "..%2f..%2fetc%2fpasswd", "%2e%2e", f"{digest}.jpg%00",
    ):  # fmt: skip
        assert content.get(path(alice.account, name)).status_code in (400, 404), name
    assert content.get(path(charlie, media.file_name())).status_code == 404
    assert content.get(f"/media/{alice.account.public_id}/../{media.file_name()}").status_code == 404
    with account_scope(alice.account):
        storing.remove(account_key=alice.account.public_id, media=media)
    assert content.get(path(alice.account, media.file_name())).status_code == 404


def test_deleted_pictures_stay_in_sent_mails_until_they_are_swept(content, alice, settings):
    media = keep(alice.account)
    with account_scope(alice.account):
        keeping.delete(media=media, now=NOW)
    assert content.get(path(alice.account, media.file_name())).status_code == 200

    keeping.sweep(NOW + timedelta(days=1), False)

    assert content.get(path(alice.account, media.file_name())).status_code == 404


@pytest.mark.parametrize(("status", "code"), [("closing", 200), ("suspended", 404), ("closed", 404)])
def test_accounts_that_are_stopped_serve_nothing(content, alice, status, code):
    media = keep(alice.account)
    Account.objects.filter(pk=alice.account_id).update(status=status)

    assert content.get(path(alice.account, media.file_name())).status_code == code


@given(key=st.text(max_size=40), name=st.text(max_size=60))
def test_no_address_brings_it_down(key, name):
    content = Client(headers={"host": urlsplit(django_settings.CONTENT_URL).netloc})
    for account_key in (key, "6f1c9b1e-0000-4000-8000-000000000000"):
        answer = content.get(f"/media/{quote(account_key, safe='')}/{quote(name, safe='')}")
        assert answer.status_code in (302, 400, 404)
