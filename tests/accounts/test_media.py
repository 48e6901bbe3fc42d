"""Keeping pictures: taking them in, finding them, letting them go."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from accounts.models import Account, AuditEvent, Media
from accounts.services import own_data
from accounts.services.media import keeping, library, storing, uses
from accounts.services.media.keeping import LibraryFull
from accounts.services.media.pictures import BadPicture
from accounts.services.media.uses import Use
from emailconcert.lib.storages import MediaFolder, storage_from_url
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy import registry
from privacy.registry import Subject, SubjectKind
from privacy.services import media_records, scanning
from tests.accounts.pictures import animation, picture
from tests.factories import NOW, make_cast, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"
    return settings.MEDIA_DIR / "library"


@pytest.fixture
def alice():
    return make_cast()[0]


@pytest.fixture
def account(alice):
    with account_scope(alice.account):
        yield alice.account


def keep(account, raw=None, name="bread.png", **more):
    raw = picture(size=(900, 600), format="JPEG") if raw is None else raw
    return keeping.keep(account=account, file=BytesIO(raw), name=name, now=NOW, **more)


def lying(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_upload_is_kept_with_its_sizes(account, alice, folder):
    kept = keep(account, name="C:\\Photos\\Sour\u202edough\n loaf.final.JPG", by=alice.user)

    media = Media.objects.get()
    assert (kept.media, kept.is_new) == (media, True)
    assert (media.name, media.kind, media.width, media.height) == ("Sourdough loaf.final", "jpg", 900, 600)
    assert (media.widths, media.created_by, media.created_at) == ([320, 640], alice.user, NOW)
    names = [f"{media.digest}-320.jpg", f"{media.digest}-640.jpg", f"{media.digest}.jpg"]
    assert lying(folder) == sorted(names)
    assert media.size == sum(path.stat().st_size for path in folder.rglob("*.jpg"))
    assert {path.parent for path in folder.rglob("*.jpg")} == {folder / str(account.public_id)}
    assert media.height_at(320) == 213
    assert AuditEvent.objects.filter(action="media.added", target_id=str(media.pk)).exists()


def test_the_same_upload_again_is_the_same_item(account, folder):
    first = keep(account).media
    keeping.change(media=first, name="Loaf", alt_text="A loaf", now=NOW)
    keeping.delete(media=first, now=NOW)

    again = keep(account, name="other.jpg")

    assert (again.media.pk, again.is_new, again.media.name) == (first.pk, False, "Loaf")
    first.refresh_from_db()
    assert first.deleted_at is None
    # Written the same though it came in other bytes.
    plain, commented = picture("GIF"), picture("GIF", comment=b"x")
    assert keep(account, plain).is_new
    assert not keep(account, commented).is_new
    assert Media.objects.count() == 2


def test_files_that_are_lost_are_written_again_by_the_same_upload(account, folder):
    media = keep(account).media
    before = lying(folder)
    Path(folder, str(account.public_id), media.file_name(320)).unlink()
    assert storing.read(account_key=account.public_id, file_name=media.file_name(320)) is None

    assert not keep(account).is_new

    assert lying(folder) == before


def test_what_is_too_much_is_refused(account, settings, folder):
    settings.MEDIA_UPLOAD_MB = 1
    with pytest.raises(BadPicture, match="larger than 1 MB"):
        keep(account, b"\xff" * (1024 * 1024 + 1))
    settings.MEDIA_QUOTA_MB = 1
    keep(account)
    Media.objects.update(size=1024 * 1024 - 10)
    with pytest.raises(LibraryFull, match="1 MB"):
        keep(account, picture("PNG"))
    assert Media.objects.count() == 1
    assert len(lying(folder)) == 3
    assert not keep(account).is_new  # what is there takes no room


def test_nothing_is_left_where_a_file_cannot_be_written(account, monkeypatch):
    def fail(**_):
        raise OSError("disk full")

    monkeypatch.setattr(storing, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        keep(account)

    assert Media.objects.count() == 0


def test_accounts_keep_their_own(folder):
    alice, _, charlie = make_cast()
    for member in (alice, charlie):
        with account_scope(member.account):
            media = keep(member.account).media
            assert list(Media.objects.all()) == [media]
    assert len(lying(folder)) == 6


def test_pages_go_by_key_in_every_order(account):
    for number, name in enumerate(("b", "a", "c", "a", "d")):
        keep(account, picture(colour=(number, 0, 0)), name=name)

    for sort, expected in (("-added", "dacab"), ("added", "bacad"), ("name", "aabcd"), ("odd", "dacab")):
        seen, page = "", library.find(account_id=account.pk, sort=sort, size=2)
        assert (page.before, page.total) == (None, 5)
        seen += "".join(each.name for each in page.rows)
        while page.after:
            before, page = page, library.find(account_id=account.pk, sort=sort, size=2, after=page.after)
            seen += "".join(each.name for each in page.rows)
            back = library.find(account_id=account.pk, sort=sort, size=2, before=page.before)
            assert [each.pk for each in back.rows] == [each.pk for each in before.rows]
        assert seen == expected


def test_the_library_is_searched_and_filtered(account):
    loaf, cake = keep(account, name="Loaf.png").media, keep(account, picture(), name="100%_cake.png").media
    keeping.change(media=loaf, name="Loaf", alt_text="Rye on a board", now=NOW)

    def names(**more):
        return [each.name for each in library.find(account_id=account.pk, **more).rows]

    assert names(text="LOA") == names(text="rye") == ["Loaf"]
    assert names(text="%_") == names(shown="no-alt") == ["100%_cake"]
    keeping.delete(media=cake, now=NOW)
    assert (names(), names(shown="no-alt"), names(shown="deleted")) == (["Loaf"], [], ["100%_cake"])


def test_deleted_pictures_go_once_nothing_shows_them(account, folder, monkeypatch):
    shown, unused, fresh = (keep(account, picture(colour=colour)).media for colour in ("red", "blue", "white"))
    monkeypatch.setattr(uses, "_finders", [lambda _, digest: [Use("a form", "/")] * (digest == shown.digest)])
    for media, age in ((shown, 31), (unused, 31), (fresh, 29)):
        keeping.delete(media=media, now=NOW - timedelta(days=age))

    cutoff = NOW - timedelta(days=30)
    assert (keeping.sweep(cutoff, True), Media.objects.count()) == (1, 3)
    assert keeping.sweep(cutoff, False) == 1

    assert set(Media.objects.all()) == {shown, fresh}
    assert lying(folder) == sorted([shown.file_name(), fresh.file_name()])
    keeping.restore(media=fresh, now=NOW)
    assert keeping.sweep(NOW + timedelta(days=1), False) == 0
    assert keeping.sweep in [each.sweep for each in registry.sweeps()]


def test_removing_for_good_asks_nobody(account, folder):
    media = keep(account, animation()).media
    assert len(lying(folder)) == 2

    keeping.remove(media=media, now=NOW)

    assert (lying(folder), Media.objects.count()) == ([], 0)


def test_a_closed_account_keeps_no_file(folder, monkeypatch):
    alice, _, charlie = make_cast()
    monkeypatch.setattr(uses, "_finders", [lambda _account, _digest: [Use("a form", "/")]])
    for member in (alice, charlie):
        with account_scope(member.account):
            keep(member.account)
    Account.objects.filter(pk=alice.account_id).update(status=Account.Status.CLOSED)

    assert keeping.sweep(NOW - timedelta(days=30), False) == 1

    assert {path.parent.name for path in folder.rglob("*.jpg")} == {str(charlie.account.public_id)}


def test_words_beside_pictures_are_exported_and_go_with_the_person(account):
    named = keep(account, name="ada.lovelace@example.com.png").media
    other = keep(account, picture(), name="Bread").media
    keeping.change(media=other, name="Bread", alt_text="Ada Lovelace eats bread", now=NOW)
    keep(account, picture(colour="red"), name="Adam")
    ada = Subject(SubjectKind.CONTACT, account.pk, "ada.lovelace@example.com", b"", names=("Ada Lovelace",))
    [held] = [each for each in registry.held_of(SubjectKind.CONTACT) if each.name == "media"]

    assert [each["name"] for each in held.export(ada)] == ["ada.lovelace@example.com", "Bread"]
    assert (held.count(ada), held.erase(ada, NOW), held.count(ada)) == (2, 2, 0)

    assert set(Media.objects.values_list("name", "alt_text")) == {(media_records.NAMELESS, ""), ("Adam", "")}
    assert Media.objects.filter(pk=named.pk).exists()


def test_who_uploaded_is_told_and_forgotten(account, alice):
    bob = make_member(account=account)
    keep(account, by=bob.user)

    assert own_data.export_profile(bob.user)["pictures"][0]["name"] == "bread"
    with platform_scope("test"):
        bob.user.delete()

    assert Media.objects.get().created_by_id is None


def test_where_files_are_kept_is_a_setting(settings):
    assert storage_from_url("") == {"BACKEND": "emailconcert.lib.storages.MediaFolder"}
    found = storage_from_url("s3://key:se%2Fcret@s3.example.com:9000/pictures?region=eu-central-1&tls=no")
    assert found["OPTIONS"] == {
        "bucket_name": "pictures", "location": "library", "endpoint_url": "http://s3.example.com:9000", "region_name": "eu-central-1",
        "addressing_style": "path", "access_key": "key", "secret_key": "se/cret", "file_overwrite": True,
    }  # fmt: skip
    assert "access_key" not in storage_from_url("s3:///pictures")["OPTIONS"]
    settings.STORAGES = {**settings.STORAGES, "media": found}
    assert type(storing.files()).__name__ == "S3Storage"
    settings.STORAGES = {**settings.STORAGES, "media": storage_from_url("")}
    assert isinstance(storing.files(), MediaFolder)


def test_a_post_scan_finds_words_beside_pictures(account):
    keep(account, name="ada.lovelace@example.com.png")

    def found():
        return [each.place for each in scanning.scan(address="ada.lovelace@example.com", account_id=account.pk).found]

    assert found() == ["accounts_media.name"]
    ada = Subject(SubjectKind.CONTACT, account.pk, "ada.lovelace@example.com", b"")
    media_records.strip(ada, NOW)
    assert found() == []
