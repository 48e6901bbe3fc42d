"""Hosted forms as people and programs meet them."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import urlsplit

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accounts.models import Outbox
from accounts.services import keys, outbox
from contacts.hosted import looks, proof
from contacts.models import Contact, CustomField, Form, FormDay, FormSubmission, List, Subscription
from contacts.services.hosted import form_keeping, form_logos
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Consent
from tests.contacts.factories import WORDING, make_form
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def content(settings):
    """A browser on the content host, with the check that forged forms meet."""
    host = urlsplit(settings.CONTENT_URL).netloc
    return Client(headers={"host": host, "user-agent": FIREFOX}, enforce_csrf_checks=True)


@pytest.fixture
def account():
    return make_member().account


def online(account, **more):
    with account_scope(account):
        return make_form(account, slug="bread", **more)


def proved(form, *, age=timedelta(seconds=5), again=False):
    stamp = proof.new_stamp(form_id=form.pk, now=now() - age, again=again)
    return {"stamp": stamp, "work": proof.do_work(stamp)}


def mails():
    with platform_scope("test"):
        rows = Outbox.objects.filter(kind="mail").order_by("pk")
        return [orjson.loads(encryption.unseal(row.sealed_payload, context=outbox._CONTEXT)) for row in rows]


def link():
    return urlsplit(mails()[-1]["context"]["url"]).path


def submissions(account):
    with account_scope(account):
        return list(FormSubmission.objects.order_by("pk"))


def counts(account):
    with account_scope(account):
        return list(FormDay.objects.values_list("views", "submissions", "confirmations"))


# ── Who is a person ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_work_and_time_let_a_submission_in_at_once(content, account):
    form = online(account)

    answer = content.post("/f/bread", {"email": "zoe@example.org", **proved(form)})

    assert "One more step" in answer.content.decode()
    assert len(submissions(account)) == 1


@pytest.mark.parametrize("spoiled", ["no stamp", "no work", "too fast", "of another form", "used", "forged"])
def test_what_proves_nothing_is_asked_to_press_again(content, account, spoiled):
    form = online(account)
    sent = proved(form)
    if spoiled == "no stamp":
        sent = {}
    elif spoiled == "no work":
        sent["work"] = ""
    elif spoiled == "too fast":
        sent = proved(form, age=timedelta(seconds=1))
    elif spoiled == "of another form":
        stamp = proof.new_stamp(form_id=form.pk + 1, now=now() - timedelta(seconds=5))
        sent = {"stamp": stamp, "work": proof.do_work(stamp)}
    elif spoiled == "used":
        content.post("/f/bread", {"email": "other@example.org", **sent})
    else:
        sent["stamp"] = sent["stamp"][:-2] + "AA"

    answer = content.post("/f/bread", {"email": "zoe@example.org", "first_name": "Zoe", **sent})

    page = answer.content.decode()
    assert (answer.status_code, "One more press" in page) == (200, True)
    assert 'name="email" value="zoe@example.org"' in page
    assert "zoe@example.org" not in [mail["to"] for mail in mails()]


def again(content, email):
    """Send plain HTML from anywhere, then press once more."""
    page = content.post("/f/bread", {"email": email}, headers={"origin": "https://bakery.example"})
    stamp = page.content.decode().partition('name="stamp" value="')[2].partition('"')[0]
    return content.post("/f/bread", {"email": email, "stamp": stamp})


def test_plain_html_without_script_takes_one_more_press(content, account):
    online(account)

    answer = again(content, "zoe@example.org")

    assert "One more step" in answer.content.decode()
    assert [mail["to"] for mail in mails()] == ["zoe@example.org"]
    assert not answer.cookies


def test_those_without_work_have_narrower_limits(content, account):
    online(account)

    codes = [again(content, f"p{number}@example.org").status_code for number in range(7)]

    assert codes == [200] * 6 + [429]


def test_stamps_run_out(account):
    form = online(account)
    sent = proved(form, age=timedelta(hours=7))

    assert proof.judge(**sent, form_id=form.pk, now=now()) == proof.Trust.NONE


# ── What is asked and kept ────────────────────────────────────────────────────────────────────────────────────────────


def fields(account):
    with account_scope(account):
        for key, kind, more in (
            ("size", "choice", {"choices": ["S", "M", "L"]}),
            ("likes", "choices", {"choices": ["Rye", "Wheat"]}),
            ("loaves", "number", {}),
            ("note", "text", {"sensitive": True}),
            ("origin", "text", {}),
        ):
            CustomField.objects.create(key=key, label=key.title(), type=kind, **more)


def test_every_kind_of_question_is_read_as_its_field_keeps_it(content, account):
    fields(account)
    questions = [
        {"field": "date_of_birth"},
        {"field": "country"},
        {"field": "field:size", "required": True},
        {"field": "field:likes"},
        {"field": "field:loaves"},
        {"field": "field:note"},
        {"field": "field:origin", "hidden": True, "value": "counter"},
    ]
    form = online(account, questions=questions)
    page = content.get("/f/bread").content.decode()
    assert "counter" not in page
    assert 'type="date"' in page

    content.post(
        "/f/bread",
        {
            "email": "zoe@example.org", "date_of_birth": "1990-02-03", "country": "IE", "field:size": "M",
            "field:likes": ["Rye", "Gone"], "field:loaves": "2", "field:note": "ring twice", "field:origin": "forged",
            **proved(form),
        },
    )  # fmt: skip
    content.post(link())

    with account_scope(account):
        contact = Contact.objects.get()
        sealed = keys.unseal_text(
            bytes(contact.sealed_values), account_id=account.pk, context="contacts_contact.sealed_values"
        )
    assert (str(contact.date_of_birth), contact.country) == ("1990-02-03", "IE")
    assert contact.values == {"size": "M", "likes": ["Rye"], "loaves": 2, "origin": "counter"}
    assert orjson.loads(sealed) == {"note": "ring twice"}


def test_what_is_missing_is_told_beside_it_and_nothing_is_lost(content, account):
    fields(account)
    form = online(account, questions=[{"field": "first_name"}, {"field": "field:size", "required": True}])

    answer = content.post("/f/bread", {"email": "zoe@example.org", "first_name": "Zoe", **proved(form)})

    assert answer.status_code == 422
    assert "Fill this in." in answer.content.decode()
    assert 'value="Zoe"' in answer.content.decode()


def test_people_choose_among_the_forms_lists_only(content, account):
    with account_scope(account):
        news, events, hidden = (List.objects.create(name=name) for name in ("News", "Events", "Hidden"))
    form = online(account, list=news, lists=[news.pk, events.pk], choosing="several")
    assert "Events" in content.get("/f/bread").content.decode()

    forged = content.post("/f/bread", {"email": "a@example.org", "lists": [hidden.pk], **proved(form)})
    content.post("/f/bread", {"email": "zoe@example.org", "lists": [events.pk], **proved(form)})
    content.post(link())

    assert forged.status_code == 422
    with account_scope(account):
        assert list(Subscription.objects.values_list("list__name", flat=True)) == ["Events"]


def test_each_wording_is_evidence_and_confirmed_with_its_own_submission(content, account):
    boxes = [{"key": "a", "required": True}, {"key": "b"}]
    form = online(account, boxes=boxes, texts={"box:a": "I am over 16.", "box:b": "Photos too."})
    missing = content.post("/f/bread", {"email": "zoe@example.org", **proved(form)})
    assert (missing.status_code, "Tick this to go on." in missing.content.decode()) == (422, True)

    content.post("/f/bread", {"email": "zoe@example.org", "box:a": "on", **proved(form)})
    content.post(link())

    with account_scope(account):
        found = Consent.objects.select_related("wording").order_by("pk")
        rows = [
            (each.wording.text, each.list_id is not None, each.source_version, bool(each.confirmed_at))
            for each in found
        ]
    assert rows == [(WORDING, True, 1, True), ("I am over 16.", False, 1, True)]


def test_a_submission_is_confirmed_as_the_person_saw_the_form(content, account):
    form = online(account)
    content.post("/f/bread", {"email": "zoe@example.org", **proved(form)})
    with account_scope(account):
        draft = form_keeping.blueprints.from_json(Form.objects.get().draft)
        changed = {**draft.to_json(), "texts": {"en": {"title": "T", "consent": "Other words"}}}
        form_keeping.publish(form=form, draft=form_keeping.blueprints.from_json(changed), now=NOW)

    assert WORDING in content.get(link()).content.decode()
    assert submissions(account)[0].form_version == 1


def test_a_form_speaks_the_language_of_the_browser_or_the_one_asked_for(content, account):
    with account_scope(account):
        news = List.objects.create(name="News")
    texts = {"en": {"title": "Bread", "consent": WORDING}, "de": {"title": "Brot", "consent": "Ja, schreibt mir."}}
    with account_scope(account):
        from contacts.hosted import blueprint

        draft = blueprint.from_json({"lists": [news.pk], "languages": ["en", "de"], "texts": texts})
        form = form_keeping.create_form(account=account, name="F", slug="bread", draft=draft, now=NOW)
        form_keeping.publish(form=form, draft=draft, now=NOW)

    assert "Bread" in content.get("/f/bread", headers={"accept-language": "fr"}).content.decode()
    german = content.get("/f/bread", headers={"accept-language": "de-AT,en;q=0.5"}).content.decode()
    assert ("Brot" in german, '<html lang="de"' in german, "E-Mail-Adresse" in german) == (True, True, True)
    assert "Brot" in content.get("/f/bread?lang=de").content.decode()
    bad = content.post("/f/bread", {"email": "nobody", "lang": "de", **proved(form)})
    assert "Das sieht nicht nach einer E-Mail-Adresse aus." in bad.content.decode()

    content.post("/f/bread", {"email": "zoe@example.org", "lang": "de", **proved(form)})

    assert mails()[0]["context"]["subject"] == "Bitte bestätigen Sie Ihre Anmeldung"
    with account_scope(account):
        assert [row.wording.text for row in Consent.objects.select_related("wording")] == ["Ja, schreibt mir."]


def test_values_of_special_categories_are_refused(content, account):
    fields(account)
    form = online(account, questions=[{"field": "field:origin"}])

    answer = content.post("/f/bread", {"email": "zoe@example.org", "field:origin": "I am HIV positive", **proved(form)})

    assert answer.status_code == 422
    assert submissions(account) == []


# ── Where it stands ───────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Figures ───────────────────────────────────────────────────────────────────────────────────────────────────────────


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
def test_a_submission_takes_eight_queries(content, account, lists):
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
    assert len(asked) == 8, asked
    with account_scope(account):
        assert Consent.objects.count() == lists + 2


# ── Anything may come ─────────────────────────────────────────────────────────────────────────────────────────────────

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
