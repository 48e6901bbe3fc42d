from datetime import timedelta

import pytest

from campaigns.checks import links
from campaigns.models import Campaign, LinkAnswer
from campaigns.services import checking, link_asking
from emailconcert.lib import limits
from emailconcert.lib.tenancy import account_scope
from emailconcert.lib.web import Answer
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SOURCE = """[One](https://one.test/a#part) [again](https://one.test/a) [Two](https://two.test/)
[Three](https://three.test/gone) [Yours](https://one.test/{{ contact.email }}) [Mail](mailto:a@one.test)"""


class FakeAsker:
    def __init__(self, answers):
        self.asked, self.answers = [], answers

    def ask(self, url):
        self.asked.append(url)
        return self.answers.get(url, Answer("answers"))


@pytest.fixture
def draft(alice, sender, news):
    draft = make_ready(alice, sender, news, people=2)
    with account_scope(alice.account):
        draft.variants.update(source=SOURCE)
    limits.forget("link check", alice.account_id)
    return draft


def look(membership, draft, *, at=NOW):
    with account_scope(membership.account):
        campaign = Campaign.objects.select_related("account", "sender").get(pk=draft.pk)
        found = checking.review(campaign=campaign, now=at)
        return found, next((each for each in found.checks if "are being asked" in each.sentence), None)


def test_every_link_is_asked_once_and_told_of(alice, draft):
    review, waiting = look(alice, draft)
    assert (waiting.live, waiting.sentence) == (
        "links",
        "Links are being asked whether they answer: 0 of 3 so far.",
    )
    assert review.is_ready  # nobody has to wait for it
    asker = FakeAsker({"https://three.test/gone": Answer("dead", "404 Not Found")})
    assert link_asking.due(now=NOW) == [alice.account_id]
    assert not link_asking.run_slice(account_id=alice.account_id, clock=lambda: NOW, asker=asker)

    assert sorted(asker.asked) == ["https://one.test/a", "https://three.test/gone", "https://two.test/"]
    review, waiting = look(alice, draft, at=NOW + timedelta(minutes=59))
    found = next(each for each in review.checks if "three.test" in each.sentence)
    assert waiting is None
    assert found.level == "notice"
    assert found.sentence == "2 links answer, 1 does not: https://three.test/gone (404 Not Found)"
    assert found.details == ("1 link is made for each person and can't be asked.",)
    assert link_asking.due(now=NOW) == []

    look(alice, draft, at=NOW + timedelta(minutes=61))
    assert link_asking.due(now=NOW + timedelta(minutes=61)) == [alice.account_id]


def test_a_worker_that_was_lost_is_followed_by_another(alice, draft):
    look(alice, draft)

    class Killed:
        def ask(self, url):
            raise KeyboardInterrupt

    work = {"account_id": alice.account_id, "asker": FakeAsker({})}
    with pytest.raises(KeyboardInterrupt):
        link_asking.run_slice(account_id=alice.account_id, clock=lambda: NOW, asker=Killed())
    link_asking.run_slice(**work, clock=lambda: NOW)
    assert len(work["asker"].asked) == 2
    later = NOW + link_asking.LEASE + timedelta(seconds=1)
    link_asking.run_slice(**work, clock=lambda: later)
    assert len(work["asker"].asked) == 3


def test_a_host_that_another_worker_asks_is_left_for_later(alice, draft):
    look(alice, draft)
    asker = FakeAsker({})
    with link_asking._host("https://one.test/other"):
        link_asking.run_slice(account_id=alice.account_id, clock=lambda: NOW, asker=asker)
    assert "https://one.test/a" not in asker.asked
    link_asking.run_slice(account_id=alice.account_id, clock=lambda: NOW, asker=asker)
    assert "https://one.test/a" in asker.asked


def test_an_account_asks_so_many_links_an_hour(alice, draft, monkeypatch):
    monkeypatch.setattr(link_asking, "MOST_IN_AN_HOUR", 1)
    look(alice, draft)
    asker = FakeAsker({})
    link_asking.run_slice(account_id=alice.account_id, clock=lambda: NOW, asker=asker)
    assert len(asker.asked) == 1
    with account_scope(alice.account):
        assert LinkAnswer.objects.filter(verdict="unclear").count() == 2


def test_links_are_asked_where_clicks_are_not_counted_and_only_so_many(alice, draft):
    with account_scope(alice.account):
        alice.account.tracks_clicks = False
        alice.account.save()
        draft.variants.update(source="\n\n".join(f"[x](https://one.test/{n})" for n in range(links.MOST + 3)))
    look(alice, draft)
    with account_scope(alice.account):
        assert LinkAnswer.objects.count() == links.MOST
    link_asking.run_slice(account_id=alice.account_id, clock=lambda: NOW, asker=FakeAsker({}))
    found = next(each for each in look(alice, draft)[0].checks if each.sentence == f"{links.MOST} links answer.")
    assert found.details == ("3 more were not asked.",)


def test_old_answers_are_swept(alice, draft):
    look(alice, draft)
    assert link_asking.sweep(NOW, dry_run=False) == 0
    assert link_asking.sweep(NOW + timedelta(seconds=1), dry_run=True) == 3
    assert link_asking.sweep(NOW + timedelta(seconds=1), dry_run=False) == 3
