import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Account, AuditEvent, Outbox, Role
from accounts.services.auditing import SYSTEM
from campaigns import urls
from campaigns.models import Campaign
from campaigns.numbers import numbers_of
from campaigns.services import drafting, progress, sending
from delivery.models import Mailing
from emailconcert.lib.tenancy import account_scope, platform_scope
from tests.campaigns.conftest import signed_in
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db

OF_ONE = sorted({route.name for route in urls.urlpatterns if "<int:pk>" in str(route.pattern)})
POSTS = {
    "unschedule",
    "send-now",
    "duplicate",
    "delete",
    "restore",
    "send",
    "undo",
    "pause",
    "resume",
    "cancel",
    "resend",
    "leave",
    "follow-up",
    "add-variant",
    "own-content",
    "same-content",
    "remove-variant",
    "restore-variant",
    "choose-variant",
    "restore-version",
    "archive-add",
    "archive-take-out",
    "make-report-link",
    "take-back-report-link",
}


@pytest.fixture
def draft(alice, sender, news):
    return make_ready(alice, sender, news)


def address(name, pk):
    route = next(each for each in urls.urlpatterns if each.name == name)
    path = (
        str(route.pattern)
        .replace("<int:pk>", str(pk))
        .replace("<int:number>", "1")
        .replace("<int:link>", "1")
        .replace("<content:name>", "content")
    )
    return "/" + path.replace("<slug:kind>", "joined").replace("<str:name>", "A").replace("<slug:what>", "rehearsal")


def state(membership, campaign):
    with account_scope(membership.account):
        return Campaign.objects.get(pk=campaign.pk).state


def answers_of_one(client, campaign):
    """Ask for every page and action of a campaign; return the status of each by its name."""
    given = {"name": "Mine", "shown": 3, "typed": 3}
    asked = {name: client.post if name in POSTS else client.get for name in OF_ONE}
    return {name: ask(address(name, campaign.pk), given).status_code for name, ask in asked.items()}


def test_charlie_has_no_access_to_alices_campaign(draft, charlie, alice):
    assert answers_of_one(signed_in(charlie), draft) == dict.fromkeys(OF_ONE, 404)
    with account_scope(alice.account):
        assert Campaign.objects.get(pk=draft.pk).state == "draft"


def test_a_viewer_may_look_but_not_touch(draft, alice):
    viewer = signed_in(make_member(account=alice.account, role=Role.VIEWER))

    seen = {"detail": 200, "report": 302, "export": 200, "follow-ups": 302, "report-links": 302}
    assert answers_of_one(viewer, draft) == dict.fromkeys(OF_ONE, 403) | seen
    assert state(alice, draft) == "draft"


@pytest.mark.parametrize("path", ["/", "/campaigns/", "/campaigns/1/", "/reports/", "/search/", "/campaigns/1/send/"])
def test_who_is_not_signed_in_is_asked_to(client_of_nobody, path):
    answer = client_of_nobody.post if path.endswith("send/") else client_of_nobody.get

    assert answer(path)["Location"].startswith("/sign-in/")


@pytest.fixture
def client_of_nobody(client):
    client.logout()
    return client


def test_the_whole_way_from_a_name_to_sending(client, alice, sender, news, draft):
    made = client.post("/campaigns/new/", {"name": "Summer"})
    here = made["Location"]
    empty = client.get(f"{here}review/")
    client.post(f"{here}audience/", {"lists": [news.pk]})
    client.post(f"{here}envelope/", {"sender": sender.pk, "subject": "Ice cream", "preheader": "", "reply_to": ""})
    client.post(f"{here}content/", {"kind": "markdown", "source": "# Hi {{ contact.first_name }}"})
    review = client.get(f"{here}review/")
    sent = client.post(f"{here}send/", {"shown": 3, "typed": "3"})
    after = client.get(here)

    assert "Choose at least one list or segment." in empty.content.decode()
    assert "to confirm" not in empty.content.decode()
    assert re.search(r"Type 3 to confirm", review.content.decode())
    assert (sent.status_code, sent["Location"]) == (302, here)
    assert "Nothing has left yet" in after.content.decode()


def test_sending_needs_the_number_typed(client, alice, draft):
    refused = client.post(f"/campaigns/{draft.pk}/send/", {"shown": 3, "typed": "yes"})

    assert (refused.status_code, state(alice, draft)) == (422, "draft")
    assert "Type 3 to confirm that it goes to that many people." in refused.content.decode()


def test_a_double_click_sends_once(client, alice, draft):
    answers = [client.post(f"/campaigns/{draft.pk}/send/", {"shown": 3, "typed": "3"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    with account_scope(alice.account):
        assert Mailing.objects.count() == 1
        assert AuditEvent.objects.filter(action="campaign.sent").count() == 1


def test_what_cannot_be_sent_stays_a_draft_and_says_why(client, alice, draft):
    with account_scope(alice.account):
        drafting.save_content(campaign=draft, kind="markdown", source="{% if %}", now=NOW)
    refused = client.post(f"/campaigns/{draft.pk}/send/", {"shown": 3, "typed": "3"})

    assert (refused.status_code, state(alice, draft)) == (422, "draft")
    assert "It was not sent" in refused.content.decode()


def test_undo_pause_resume_and_cancel_through_the_pages(client, alice, draft):
    here = f"/campaigns/{draft.pk}/"
    states = []
    for action in ("send", "undo", "send", "pause", "resume", "cancel", "undo"):
        client.post(f"{here}{action}/", {"shown": 3, "typed": "3"})
        states.append(state(alice, draft))

    assert states == ["sending", "draft", "sending", "paused", "sending", "cancelled", "cancelled"]


def test_autosave_answers_with_problems_by_line_and_column(client, alice, draft):
    answer = client.post(
        f"/campaigns/{draft.pk}/content/",
        {"kind": "markdown", "source": "Hello\n\n{{ contact.shoe_size }}"},
        headers={"HX-Request": "true"},
    )

    assert "Line 3, column 4" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_deleted_draft_is_gone_until_undo(client, alice, draft):
    client.post(f"/campaigns/{draft.pk}/delete/")
    gone = client.get(f"/campaigns/{draft.pk}/").status_code
    listed = client.get("/campaigns/").content.decode()
    client.post(f"/campaigns/{draft.pk}/restore/")

    assert (gone, f"/campaigns/{draft.pk}/restore/" in listed) == (404, True)
    assert client.get(f"/campaigns/{draft.pk}/").status_code == 200


def test_a_test_mail_is_asked_for_and_not_counted(client, alice, draft):
    answer = client.post(
        f"/campaigns/{draft.pk}/test/", {"members": [alice.user_id], "others": "Eve@Example.com, eve@example.com"}
    )

    assert answer.status_code == 302
    with platform_scope("test"):
        assert Outbox.objects.filter(topic="campaign.test_asked").count() == 2
    with account_scope(alice.account):
        assert Mailing.objects.count() == 0
        assert Campaign.objects.get(pk=draft.pk).tested_at is not None


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ("nobody", "is not an email address"),
        ("", "Choose somebody, or type an address."),
        ("\n".join(f"p{n}@example.com" for n in range(11)), "at most 10 test mails"),
    ],
)
def test_a_test_mail_needs_good_addresses(client, draft, others, words):
    answer = client.post(f"/campaigns/{draft.pk}/test/", {"others": others})

    assert (answer.status_code, words in answer.content.decode()) == (422, True)


def test_a_test_mail_may_only_go_to_members_of_this_account(client, draft, charlie):
    assert client.post(f"/campaigns/{draft.pk}/test/", {"members": [charlie.user_id]}).status_code == 422


def test_an_audience_of_another_accounts_list_is_refused(charlie, draft, news):
    client = signed_in(charlie)
    here = client.post("/campaigns/new/", {"name": "Mine"})["Location"]

    assert client.post(f"{here}audience/", {"lists": [news.pk]}).status_code == 422


def test_search_finds_campaigns_by_subject_and_people_by_address(client, draft):
    page = client.get("/search/", {"q": "bread"}).content.decode()
    people = client.get("/search/", {"q": "reader1@"}).content.decode()

    assert (f"/campaigns/{draft.pk}/" in page, "reader1@example.com" in people) == (True, True)


@pytest.mark.parametrize(
    ("q", "path"), [("dkim", "/settings/sending/"), ("postal addr", "/settings/business/"), ("Passw", "/security/")]
)
def test_search_finds_settings_by_what_they_are_about(client, draft, q, path):
    assert path in client.get("/search/", {"q": q}).content.decode()


def test_search_shows_no_settings_that_the_member_may_not_open(client, cast, draft):
    client.force_login(cast[1].user)

    assert 'href="/settings/business/"' not in client.get("/search/", {"q": "postal"}).content.decode()


@pytest.mark.parametrize("path", ["/campaigns/", "/", "/reports/"])
def test_pages_ask_as_much_for_three_campaigns_as_for_one(client, alice, sender, news, path):
    counts = []
    for wanted in (1, 3):
        with account_scope(alice.account):
            while Campaign.objects.count() < wanted:
                people = 3 if not Campaign.objects.exists() else 0
                campaign = make_ready(alice, sender, news, people=people)
                sending.send_campaign(campaign=campaign, now=NOW, actor=SYSTEM)
                sending.start_mailings(campaign_id=campaign.pk, now=NOW)
        client.get(path)
        with CountQueries() as count:
            assert client.get(path).status_code == 200
        counts.append(count.number)

    assert counts[0] == counts[1]


class CountQueries:
    def __enter__(self):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self._context = CaptureQueriesContext(connection)
        self._context.__enter__()
        return self

    def __exit__(self, *problem):
        self._context.__exit__(*problem)
        self.number = len(self._context)


def test_the_list_pages_by_key(client, alice):
    with account_scope(alice.account):
        for n in range(60):
            drafting.create_campaign(account=alice.account, name=f"Number {n}", created_by=None, now=NOW)
    names, path = [], "/campaigns/"
    for _ in range(3):
        page = client.get(path).content.decode()
        names += re.findall(r"Number \d+(?=</a>)", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = f"/campaigns/{following[1]}" if following else ""
    back = client.get(f"/campaigns/?before={campaign_id(alice, 'Number 34')}").content.decode()

    assert names == [f"Number {n}" for n in reversed(range(60))]
    assert re.findall(r"Number \d+(?=</a>)", back)[-1] == "Number 35"


def campaign_id(membership, name):
    with account_scope(membership.account):
        return Campaign.objects.get(name=name).pk


def test_progress_is_polled_while_it_is_live_and_not_after(client, alice, draft):
    here = f"/campaigns/{draft.pk}/"
    client.post(f"{here}send/", {"shown": 3, "typed": "3"})
    live = client.get(here, headers={"HX-Request": "true"}).content.decode()
    client.post(f"{here}cancel/")
    over = client.get(here, headers={"HX-Request": "true"}).content.decode()

    assert ("every 2s" in live, "every 2s" in over) == (True, False)


def test_a_cancelled_campaign_is_not_finished_while_messages_are_in_hand(client, alice, draft, monkeypatch):
    here = f"/campaigns/{draft.pk}/"
    client.post(f"{here}send/", {"shown": 3, "typed": "3"})
    client.post(f"{here}cancel/")

    def one_in_hand(pks):
        return {pk: replace(each, sending=1, skipped=each.skipped - 1) for pk, each in numbers_of(pks).items()}

    monkeypatch.setattr(progress, "numbers_of", one_in_hand)
    page = client.get(here, headers={"HX-Request": "true"}).content.decode()

    assert "every 2s" in page
    assert "Finished" not in page


def test_the_number_of_people_may_be_typed_with_separators(client, alice, draft):
    assert client.post(f"/campaigns/{draft.pk}/send/", {"shown": 3, "typed": " 3 "}).status_code == 302


def test_get_changes_nothing(client, alice, draft):
    for name in POSTS:
        assert client.get(address(name, draft.pk)).status_code == 405
    assert state(alice, draft) == "draft"


def test_undo_is_offered_only_in_the_first_ten_seconds(client, alice, draft):
    here = f"/campaigns/{draft.pk}/"
    client.post(f"{here}send/", {"shown": 3, "typed": "3"})
    with account_scope(alice.account):
        early = client.get(here).content.decode()
        Campaign.objects.update(sent_at=timezone.now() - timedelta(seconds=11))
    late = client.get(here).content.decode()

    assert (f"{here}undo/" in early, f"{here}undo/" in late) == (True, False)


def test_test_mails_are_limited_by_the_hour(client, alice, draft):
    ten = "\n".join(f"p{n}@example.com" for n in range(10))
    answers = [client.post(f"/campaigns/{draft.pk}/test/", {"others": ten}) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [302] * 6 + [422]
    assert "60 test mails an hour" in answers[-1].content.decode()


def test_a_suspended_account_sends_no_test_mail(client, alice, draft):
    Account.objects.filter(pk=alice.account_id).update(status="suspended")

    assert client.post(f"/campaigns/{draft.pk}/test/", {"others": "p@example.com"}).status_code == 422


def test_every_page_of_a_campaign_stands_in_its_place_of_the_side_bar(client, draft):
    for name in ("", "when/", "variants/", "content/versions/", "review/"):
        assert re.search(
            r'href="/campaigns/" aria-current="page"', client.get(f"/campaigns/{draft.pk}/{name}").content.decode()
        ), name
    reports = client.get("/reports/").content.decode()
    assert 'href="/campaigns/" aria-current' not in reports
    assert 'href="/reports/" aria-current="page"' in reports
