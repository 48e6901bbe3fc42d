"""Saved blocks: kept as MJML and checked as visual content is, for one account only, with a way back."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from accounts.services.auditing import SYSTEM
from campaigns.block_models import SavedBlock
from campaigns.services import blocks, templating
from delivery.content.compiling import compile_content
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.conftest import signed_in
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TEXT = '<mj-text align="center"><p>Hi {{ contact.first_name | default: "you" }} &amp; all</p></mj-text>'
HERO = '<mj-section data-ec-if="contact.country == &quot;IE&quot;"><mj-column><mj-text>Ireland</mj-text></mj-column></mj-section>'


@pytest.fixture
def keep(alice):
    def keep(element=TEXT, name="Greeting"):
        with account_scope(alice.account):
            return blocks.keep(account=alice.account, name=name, element=element, actor=SYSTEM, now=NOW)

    return keep


@pytest.mark.parametrize(
    ("element", "in_column"),
    [
        (TEXT, True),
        ('<mj-image alt="" src="https://example.com/a.png"></mj-image>', True),
        (HERO, False),
        ("<mj-column><mj-text>One</mj-text></mj-column>", False),
    ],
)
def test_what_is_kept_is_a_mail_of_its_own_and_comes_back_as_it_was(alice, keep, element, in_column):
    made = keep(element)
    compile_content(kind="visual", source=made.source, subject="s")
    assert made.in_column == in_column
    with account_scope(alice.account):
        (found,) = blocks.blocks_of(alice.account)
    expected = f"<mj-section>{element}</mj-section>" if element.startswith("<mj-column") else element
    assert "".join(found.part.split()) == "".join(expected.split())


@pytest.mark.parametrize(
    ("element", "said"),
    [
        ("", "can't be kept"),
        ("just words", "."),
        ("<mj-text>not closed", "."),
        ("<mj-colum></mj-colum>", "Did you mean <mj-column>?"),
        ("<mj-text><script>alert(1)</script></mj-text>", "script"),
        ('<mj-text><iframe src="https://example.com"></iframe></mj-text>', "iframe"),
        ('<mj-include path="/etc/passwd" />', "mj-include"),
        ("</mj-column></mj-section></mj-body></mjml><mjml>", "."),
        ("<mj-text>" + "<b>" * 100 + "</b>" * 100 + "</mj-text>", "."),
        ("<mj-text>" + "x" * 30_000 + "</mj-text>", "30,000"),
    ],
)
def test_what_the_editor_could_not_open_is_not_kept(alice, keep, element, said):
    with pytest.raises(blocks.CannotKeep) as caught:
        keep(element)
    assert said in str(caught.value)
    with account_scope(alice.account):
        assert not SavedBlock.objects.exists()


def test_members_keep_rename_delete_and_bring_back(client, alice, keep):
    said = client.post("/content/blocks/keep/", {"name": "Hero", "element": HERO}).content.decode()
    assert "“Hero” is among your blocks." in said
    with account_scope(alice.account):
        made = SavedBlock.objects.get()
    said = client.post(f"/content/blocks/{made.pk}/name/", {"name": "<Big> hero"}).content.decode()
    assert "It is called “&lt;Big&gt; hero” now." in said
    assert "1 to 80" in client.post(f"/content/blocks/{made.pk}/name/", {"name": " "}).content.decode()
    said = client.post(f"/content/blocks/{made.pk}/delete/").content.decode()
    assert "is deleted." in said
    assert "data-own-block" not in said
    assert client.post(f"/content/blocks/{made.pk}/name/", {"name": "x"}).status_code == 404
    assert "is back." in client.post(f"/content/blocks/{made.pk}/restore/").content.decode()
    shown = client.get("/content/blocks/").content.decode()
    assert 'data-own-block="&lt;mj-section data-ec-if=' in shown
    with account_scope(alice.account):
        actions = list(
            AuditEvent.objects.filter(action__startswith="block.").order_by("pk").values_list("action", flat=True)
        )
    assert actions == ["block.saved", "block.deleted", "block.restored"]


def test_what_stands_against_keeping_is_said_in_the_dialog(client):
    answer = client.post("/content/blocks/keep/", {"name": "x", "element": "<mj-colum></mj-colum>"})
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#block-problem")
    assert "Did you mean &lt;mj-column&gt;?" in answer.content.decode()
    assert "This field is required" in client.post("/content/blocks/keep/", {"element": TEXT}).content.decode()


def test_an_account_keeps_so_many_and_no_more(client, alice, keep, monkeypatch):
    monkeypatch.setattr(blocks, "MOST", 2)
    first = keep()
    keep(name="Second")
    with pytest.raises(blocks.CannotKeep, match="keeps 2 blocks already"):
        keep(name="Third")
    client.post(f"/content/blocks/{first.pk}/delete/")
    keep(name="Third")
    assert "keeps 2 blocks already" in client.post(f"/content/blocks/{first.pk}/restore/").content.decode()


def test_a_deleted_block_is_gone_after_a_day(alice, keep):
    made = keep()
    with account_scope(alice.account):
        blocks.delete(block=made, actor=SYSTEM, now=NOW)
        templating.purge_deleted(now=NOW + timedelta(hours=23))
        assert SavedBlock.objects.exists()
        templating.purge_deleted(now=NOW + timedelta(hours=25))
        assert not SavedBlock.objects.exists()


def test_blocks_are_the_accounts_own_and_for_those_who_may_write(alice, charlie, keep):
    made = keep()
    other = signed_in(charlie)
    assert "data-own-block" not in other.get("/content/blocks/").content.decode()
    for what in ("name", "delete", "restore"):
        assert other.post(f"/content/blocks/{made.pk}/{what}/", {"name": "x"}).status_code == 404


def test_the_panel_asks_once_however_many_there_are(
    client, keep, django_assert_num_queries, django_assert_max_num_queries
):
    keep()
    client.get("/content/blocks/")
    with django_assert_max_num_queries(20) as one:
        client.get("/content/blocks/")
    keep(name="B")
    keep(HERO, name="C")
    with django_assert_num_queries(len(one)):
        client.get("/content/blocks/")
