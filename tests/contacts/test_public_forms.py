"""Hosted forms as people and programs meet them."""

from io import BytesIO
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contacts.hosted import looks
from contacts.models import Form, List
from contacts.services.hosted import form_logos
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from tests.contacts.submitting import FIREFOX, counts, fields, link, online, proved
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def content(settings):
    """A browser on the content host, with the check that forged forms meet."""
    host = urlsplit(settings.CONTENT_URL).netloc
    return Client(headers={"host": host, "user-agent": FIREFOX}, enforce_csrf_checks=True)


@pytest.fixture
def account():
    return make_member().account


def test_only_the_embedded_page_may_stand_in_a_frame(content, account):
    online(account)

    page, frame = content.get("/f/bread"), content.get("/f/bread/embed")

    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors *" in frame["Content-Security-Policy"]
    assert "X-Frame-Options" not in frame
    for answer in (page, frame):
        assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_the_way_to_the_owners_page_is_shown_and_allowed(content, account):
    form = online(account, redirect="https://bakery.example/thanks?a=1")
    content.post("/f/bread", {"email": "zoe@example.org", **proved(form)})

    page = content.get(link())
    assert "After that you come to bakery.example." in page.content.decode()
    assert "https://bakery.example;" in page["Content-Security-Policy"] + ";"

    answer = content.post(link())
    assert (answer.status_code, answer["Location"]) == (302, "https://bakery.example/thanks?a=1")


def test_a_logo_stands_at_its_address_in_the_library(content, account, settings, tmp_path):
    settings.MEDIA_DIR = tmp_path
    picture = BytesIO()
    Image.new("RGB", (1200, 300), "red").save(picture, "JPEG")
    picture.seek(0)
    with account_scope(account):
        name = form_logos.keep_logo(account=account, file=picture, name="logo.jpg", now=NOW)
    online(account, look={"logo": name})

    address = f"{settings.CONTENT_URL}/media/{account.public_id}/{name}"
    assert f'src="{address}"' in content.get("/f/bread").content.decode()
    with Image.open(BytesIO(content.get(urlsplit(address).path).content)) as shown:
        assert shown.size == (640, 160)


def test_a_logo_from_before_the_library_is_found_there(content, account, settings):
    digest = "0123456789abcdef" * 2
    online(account, look={"logo": digest})

    address = f"{settings.CONTENT_URL}/media/{account.public_id}/{digest}.png"
    assert f'src="{address}"' in content.get("/f/bread").content.decode()
    assert content.get(f"/f/logo/{account.public_id}/{digest}.png")["Location"] == address


def test_a_look_is_a_stylesheet_of_its_own(content):
    css = content.get("/f/look.css", {"a": "8a1538", "g": "fffaf0", "f": "serif"})
    odd = content.get("/f/look.css", {"a": "red;}body{display:none", "g": "000000", "f": "x"})

    assert css["Content-Type"].startswith("text/css")
    assert "--ec-accent:#8a1538" in css.content.decode()
    assert "--ec-ground:#fffaf0" in css.content.decode()
    assert "display" not in odd.content.decode()
    assert "--ec-ground:#f6f7f9" in odd.content.decode()


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_reckoned_as_wcag_does(one, other, ratio):
    assert looks.contrast(one, other) == pytest.approx(ratio, abs=0.01)


@given(accent=st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), ground=st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_what_passes_the_check_can_be_read_on_light_and_dark(accent, ground):
    look = looks.readable(looks.Look(accent=accent, ground=ground))
    css = looks.stylesheet(look)
    light, dark = (part.partition("--ec-accent-text:")[2][:7] for part in css.split("@media"))

    assert looks.contrast(light, "#ffffff") >= 4.5
    assert looks.contrast(dark, "#171b21") >= 4.5
    assert looks.contrast(css.partition("--ec-accent:")[2][:7], "#ffffff") >= 4.5
    assert looks.contrast(look.ground, "#565f70") >= 4.5


def test_people_are_counted_and_programs_are_not(content, account):
    form = online(account)
    content.get("/f/bread")
    content.get("/f/bread/embed")
    content.head("/f/bread")
    content.get("/f/bread", headers={"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    content.get("/f/bread", headers={"user-agent": "curl/8.1"})
    content.get("/f/bread", headers={"sec-purpose": "prefetch"})
    assert counts(account) == [(2, 0, 0)]

    content.post("/f/bread", {"email": "zoe@example.org", **proved(form)})
    content.post(link())
    content.post(link())

    assert counts(account) == [(2, 1, 1)]


@pytest.mark.parametrize("lists", [1, 3])
def test_a_submission_takes_six_queries(content, account, lists):
    with account_scope(account):
        made = [List.objects.create(name=f"List {number}") for number in range(lists)]
    boxes = [{"key": "a"}, {"key": "b"}]
    form = online(
        account, list=made[0], lists=[each.pk for each in made], boxes=boxes, texts={"box:a": "A", "box:b": "B"}
    )
    sent = {"email": "zoe@example.org", "first_name": "Zoe", "box:a": "on", "box:b": "on", **proved(form)}

    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = content.post("/f/bread", sent)

    assert answer.status_code == 200
    # The marks of transactions go along with the statement that follows them and are no round trip of their own.
    asked = [
        each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
    ]
    assert len(asked) == 6, asked
    with account_scope(account):
        assert Consent.objects.count() == lists + 2


TEXT = st.text(max_size=60)


@given(
    posted=st.dictionaries(
        st.sampled_from(
            ["email", "first_name", "lists", "box:a", "field:size", "field:likes", "field:loaves", "lang", "stamp", "work",
             "website", "date_of_birth", "country", "csrfmiddlewaretoken"]
        ),
        st.one_of(TEXT, st.lists(TEXT, max_size=3), st.sampled_from(["zoe@example.org", "on", "1", "9" * 40, "de"])),
    ),
    tail=st.sampled_from(["", "/", "/embed", "?lang=%00", "?lang=" + "x" * 300]),
    language=TEXT,
)  # fmt: skip
def test_no_submission_breaks_anything(content, account, posted, tail, language):
    from emailconcert.lib import limits

    limits.client().flushdb()
    with account_scope(account):
        form = Form.objects.first()
    if form is None:
        fields(account)
        questions = [
            {"field": name} for name in ("first_name", "date_of_birth", "country", "field:size", "field:loaves")
        ]
        form = online(
            account, questions=[*questions, {"field": "field:likes"}], boxes=[{"key": "a"}], texts={"box:a": "A"}
        )

    header = "".join(each for each in language if each.isprintable() and each.isascii())
    answer = content.post(f"/f/bread{tail}", posted, headers={"accept-language": header})

    assert answer.status_code in (200, 301, 400, 422, 429)


@given(
    path=st.one_of(
        TEXT.map(lambda text: f"/f/confirm/{text}"),
        TEXT.map(lambda text: f"/f/{text}"),
        TEXT.map(lambda text: f"/p/{text}/code"),
        TEXT.map(lambda text: f"/f/logo/{text}/{text}.png"),
        TEXT.map(lambda text: f"/f/look.css?a={text}&g={text}&f={text}"),
    ),
    method=st.sampled_from(["get", "head", "post"]),
)
def test_no_address_breaks_anything(content, path, method):
    from urllib.parse import quote

    answer = getattr(content, method)(quote(path, safe="/?=&%"))

    assert answer.status_code in (200, 301, 302, 400, 403, 404, 405, 410, 429)
