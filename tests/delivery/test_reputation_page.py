from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from delivery.models import ReputationDay
from delivery.services import reputation_advice as advice
from delivery.services import reputation_reports as reports
from delivery.services.reputation_advice import Level
from delivery.services.reputation_reports import Figures
from emailconcert.lib.tenancy import account_scope
from tests.factories import make_cast

pytestmark = pytest.mark.django_db


def add(account, *, days_ago=1, domain="shop.example", provider="yahoo", **numbers):
    with account_scope(account):
        day = timezone.now().date() - timedelta(days=days_ago)
        ReputationDay.objects.create(day=day, domain=domain, provider=provider, **numbers)


def read(account, **asked):
    with account_scope(account):
        return reports.read(account_id=account.pk, **{"days": 30, "now": timezone.now()} | asked)


@pytest.mark.parametrize(
    ("numbers", "level"),
    [
        ({"sent": 99, "complaints": 9}, Level.UNKNOWN),
        ({"sent": 5_000, "complaints": 4, "hard_bounces": 20}, Level.GOOD),
        ({"sent": 300, "complaints": 2}, Level.GOOD),
        ({"sent": 3_000, "complaints": 3}, Level.WATCH),
        ({"sent": 1_000, "complaints": 3}, Level.ACT),
        ({"sent": 190, "failed": 10, "hard_bounces": 4}, Level.GOOD),
        ({"sent": 190, "failed": 10, "hard_bounces": 5}, Level.WATCH),
        ({"sent": 180, "failed": 20, "hard_bounces": 20}, Level.ACT),
        ({"sent": 180, "failed": 20, "refused": 10}, Level.WATCH),
    ],
)
def test_words_follow_the_lines_and_a_few_say_nothing(numbers, level):
    figures = Figures(**numbers, heard=numbers["sent"])
    report = reports.Report((), (), figures, (), [reports.Row("yahoo", "Yahoo", figures)])

    found, what_to_do = advice.judge(report)

    assert found == level
    assert bool(what_to_do) == (level > Level.GOOD)


def test_providers_that_tell_of_no_complaints_are_no_base_for_their_rate():
    account = make_cast()[0].account
    add(account, provider="gmail", sent=9_000)
    add(account, provider="yahoo", sent=1_000, complaints=3)

    assert read(account).total.complained.words == "0.30\u202f%"
    gmail, yahoo = read(account).providers
    assert (gmail.label, gmail.is_silent, gmail.figures.sent) == ("Gmail", True, 9_000)
    assert (yahoo.is_silent, yahoo.figures.complained.percent) == (False, 0.3)


def test_report_is_of_its_days_and_each_moment_of_the_week_before_it():
    alice, _, charlie = make_cast()
    account, other = alice.account, charlie.account
    add(other, sent=7_777)
    for days_ago, sent in ((0, 1), (6, 20), (7, 300), (29, 4_000), (30, 50_000)):
        add(account, days_ago=days_ago, sent=sent)

    report = read(account)
    assert report.total.sent == 4_321
    assert [each.sent for each in report.windows][-2:] == [320, 21]
    assert report.windows[0].sent == 54_000
    assert read(account, days=7).total.sent == 21
    assert read(account, domain="else.example").total.sent == 0


def test_page_shows_rates_narrows_to_a_provider_and_costs_the_same_for_three_domains(
    client, django_assert_num_queries, django_assert_max_num_queries
):
    alice, bob, charlie = make_cast()
    client.force_login(bob.user)
    page = reverse("delivery:reputation")
    assert "Nothing to tell yet" in client.get(page).content.decode()

    add(alice.account, sent=1_000, complaints=3)
    with django_assert_max_num_queries(20) as first:
        shown = client.get(page).content.decode()
    for said in (
        ">Act<",
        "0.30\u202f%",
        "3 of 1,000 sent to providers that tell",
        "0.3 %: providers refuse mail",
        "Yahoo",
    ):
        assert said in shown
    for number in range(2):
        add(alice.account, domain=f"shop{number}.example", provider="gmail", sent=2_000)
        add(alice.account, domain=f"shop{number}.example", provider="microsoft", sent=2_000)
    with django_assert_num_queries(len(first)):
        assert "shop1.example" in client.get(page).content.decode()
    narrowed = client.get(page, {"days": "7", "provider": "gmail"}).content.decode()
    assert "Remove filter: Gmail" in narrowed
    assert "shop.example" not in narrowed
    assert "Not told" in narrowed
    assert (
        client.get(page, {"days": "8", "domain": "nobody.example"}).content.decode().count("Nothing in this time") == 1
    )

    client.force_login(charlie.user)
    assert "Nothing to tell yet" in client.get(page).content.decode()
