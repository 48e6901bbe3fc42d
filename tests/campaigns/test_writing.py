"""The editor's page: what is posted, kept, shown again and said."""

import html
import re
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns import personalising, presence, queries
from campaigns.models import Variant
from campaigns.services import drafting, schemes
from campaigns.views import writing
from contacts.models import CustomField
from delivery.content.compiling import compile_content, known_names
from delivery.content.liquid import check
from delivery.services.compiling import CONTACT_FIELDS
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.conftest import signed_in
from tests.campaigns.test_drafting import texts
from tests.factories import NOW


@pytest.fixture
def draft(alice):
    with account_scope(alice.account):
        return drafting.create_campaign(account=alice.account, name="Spring", created_by=alice.user, now=NOW)


def put(alice, draft, **values):
    with account_scope(alice.account):
        Variant.objects.filter(campaign=draft).update(**values)


def got(alice, draft):
    with account_scope(alice.account):
        return queries.only_variant(draft)


def open_page(client, draft):
    """Return the fields of the form as a browser would have them."""
    page = client.get(f"/campaigns/{draft.pk}/content/").content.decode()
    fields = {
        name: html.unescape(value.removeprefix("\n"))
        for name, value in re.findall(
            r'<textarea name="(\w+)"[^>]*>(.*?)</textarea>', page.replace("\r\n", "\n"), re.DOTALL
        )
    }
    fields |= dict(re.findall(r'<input type="hidden" name="(kind|page|revision)"[^>]* value="([^"]*)"', page))
    return page, fields


def submit(client, draft, fields, **more):
    """Post as a browser does: every line end of a textarea as CR LF."""
    sent = {name: re.sub(r"\r\n|\r|\n", "\r\n", value) for name, value in fields.items()}
    return client.post(f"/campaigns/{draft.pk}/content/", sent | more)


@given(source=texts, kind=st.sampled_from(["markdown", "rich", "html", "mjml"]))
def test_opening_and_saving_changes_no_byte(alice, client, draft, source, kind):
    put(alice, draft, source=source, kind=kind)
    _, fields = open_page(client, draft)
    submit(client, draft, fields, do="save")

    kept = got(alice, draft)
    assert (kept.source, kept.kind) == (source, kind)


@given(source=texts.filter(lambda text: "\r" not in text))
def test_what_was_typed_is_shown_again(alice, client, draft, source):
    _, fields = open_page(client, draft)
    submit(client, draft, fields | {"source": source}, do="save")

    assert got(alice, draft).source == source
    assert open_page(client, draft)[1]["source"] == source


def test_a_save_over_what_was_not_seen_leads_to_the_choice_between_both(client, alice, cast, draft):
    _, mine = open_page(client, draft)
    bob = signed_in(cast[1])
    _, his = open_page(bob, draft)
    submit(bob, draft, his | {"source": "his"}, do="save")
    plain = submit(client, draft, mine | {"source": "mine"}, do="save")
    written = client.post(
        f"/campaigns/{draft.pk}/content/", mine | {"source": "mine, too"}, headers={"HX-Request": "true"}
    ).content.decode()
    choice = client.get(plain["Location"]).content.decode()

    assert got(alice, draft).source == "his"
    assert plain["Location"] == f"/campaigns/{draft.pk}/content/versions/2/"
    assert "kept as version 2" in written
    assert 'id="id_revision"' not in written
    assert all(said in choice for said in ("Choose one of the two", "Bob", "Use this one", "mine, too"))


def test_an_own_text_part_begins_as_what_was_made_and_goes_again(client, alice, draft):
    put(alice, draft, source="Hi {{ contact.first_name }} [Bread](https://example.com/bread)", subject="Bread")
    _, fields = open_page(client, draft)
    submit(client, draft, fields, do="own-text")
    own = got(alice, draft).text
    _page, fields = open_page(client, draft)
    submit(client, draft, fields | {"text": "My own {{ contact.frist_name }}"}, do="save")
    wrong, fields = open_page(client, draft)
    submit(client, draft, fields, do="made-text")

    assert own.startswith("Hi {{ contact.first_name }} [Bread](https://example.com/bread)")
    assert "{{ unsubscribe_url }}" in own
    assert "Text part, line 1, column 11" in wrong
    assert got(alice, draft).text == ""


def test_another_way_of_writing_keeps_the_words_and_what_was_there(client, alice, draft):
    put(alice, draft, source="# Hi {{ contact.first_name }}")
    _, fields = open_page(client, draft)
    submit(client, draft, fields, do="way:html")
    turned = got(alice, draft)
    submit(client, draft, {"kind": "mjml", "source": "<mjml>"}, do="save")
    refused = submit(client, draft, {"source": "<mjml>"}, do="way:html")

    assert (turned.kind, "Hi {{ contact.first_name }}</h1>" in turned.source) == ("html", True)
    assert (refused.status_code, got(alice, draft).kind) == (422, "mjml")
    assert "Mend this first" in refused.content.decode()


def test_a_save_and_the_frame_that_shows_it_compile_once(client, draft, monkeypatch):
    compiled = []

    def count(**written):
        compiled.append(written["source"])
        return compile_content(**written)

    monkeypatch.setattr("delivery.services.compiling.compile_content", count)
    _, fields = open_page(client, draft)
    source = "<p>of this very save</p><script>x</script>"
    given = fields | {"kind": "html", "source": source}
    answer = client.post(f"/campaigns/{draft.pk}/content/", given, headers={"HX-Request": "true"}).content.decode()
    frame = urlsplit(html.unescape(re.search(r'src="([^"]*/preview/[^"]+)"', answer)[1]))
    shown = client.get(f"{frame.path}?{frame.query}", headers={"Host": frame.netloc}).content.decode()
    assert "of this very save" in shown
    assert "script&gt; was left out" in answer
    assert compiled.count(source) == 1


def test_who_else_has_it_open_is_said_until_they_leave(client, cast, draft):
    bob = signed_in(cast[1])
    here = f"/campaigns/{draft.pk}/content/presence/"
    bob.get(here, {"page": "b"})
    said = client.get(here, {"page": "a", "revision": "0"}).content.decode()
    again = client.get(here, {"page": "a2"}).content.decode()
    bob.get(here, {"page": "b", "leave": "1"})
    client.get(here, {"page": "a2", "leave": "1"})
    alone = client.get(here, {"page": "a", "revision": "0"}).content.decode()

    assert "Bob is editing this too" in said
    assert "Bob is editing this too" in again
    assert "editing" not in alone
    me = {"account_id": draft.account_id, "campaign_id": draft.pk, "user_id": 1, "page": "z"}
    assert presence.call(**me, at=timezone.now().timestamp() + presence.GONE_AFTER + 5) == []


def test_what_is_not_saved_is_answered_so_that_the_page_goes_on_trying(client, draft, monkeypatch):
    here, script = f"/campaigns/{draft.pk}/content/", {"HX-Request": "true"}
    _, fields = open_page(client, draft)
    refused = client.post(here, fields | {"source": "x" * 500_001}, headers=script)
    monkeypatch.setattr(writing, "_SAVES", 1)
    often = client.post(here, fields | {"source": "more"}, headers=script)
    signed_out = [Client().post(here, fields, headers=headers) for headers in (script, {})]

    assert refused.status_code == 422
    assert often.status_code == 429
    assert [each.status_code for each in signed_out] == [401, 302]
    assert client.get(here).status_code == 200


def test_a_broken_subject_is_saved_and_said(client, alice, draft):
    given = {"sender": "", "reply_to": "", "subject": "Hi {{ contact.frist_name }}", "preheader": "{% if %}"}
    page = client.post(f"/campaigns/{draft.pk}/envelope/", given).content.decode()

    assert got(alice, draft).subject == given["subject"]
    assert "Saved, but it can&#x27;t be sent like this" in page or "Saved, but it can't be sent like this" in page
    assert "Did you mean contact.first_name?" in page
    assert "Preheader" in page.partition("ec-problems")[2]


def test_everything_on_offer_can_be_sent(alice, draft):
    with account_scope(alice.account):
        CustomField.objects.create(key="shoe_size", label="Shoe size")
        CustomField.objects.create(key="secret", label="Secret", sensitive=True)
        groups = personalising.groups(queries.own_fields(alice.account))
    known = known_names(frozenset({*CONTACT_FIELDS, "shoe_size"}))
    offers = [offer.insert for group in groups for offer in group.offers]

    assert "{{ contact.shoe_size }}" in offers
    assert not any("secret" in each for each in offers)
    for each in offers:
        text = f"{{{{ contact.first_name{each} }}}}" if each.startswith(" |") else each
        assert check(text, part="body", known=known) == [], each


def test_a_preview_answers_what_a_mail_asks_of_the_colour_scheme():
    asked = "<head></head><style>@media (prefers-color-scheme: dark) { a } @media (prefers-color-scheme:light) { b }</style>"

    assert schemes.show_in(asked, "dark").endswith("@media (min-width: 0) { a } @media (max-width: 0) { b }</style>")
    assert schemes.show_in(asked, "light").endswith("@media (max-width: 0) { a } @media (min-width: 0) { b }</style>")
