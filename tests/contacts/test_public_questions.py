"""What a hosted form asks, and what is kept of the answers."""

from urllib.parse import urlsplit

import orjson
import pytest
from django.test import Client

from accounts.services import keys
from contacts.models import Contact, Form, List, Subscription
from contacts.services.hosted import form_keeping
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent
from tests.contacts.factories import WORDING
from tests.contacts.submitting import FIREFOX, fields, link, mails, online, proved, submissions
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
