import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.services.auditing import SYSTEM
from campaigns.models import Campaign
from campaigns.services import reporting, sending, starting
from delivery.models import Batch, Link, Mailing, Message, Outcome, Reason
from emailconcert.lib.tenancy import account_scope
from tests.campaigns.test_sending import make_ready
from tests.factories import NOW
from tracking.models import HourlyRollup, Kind, LinkRollup, MailingRollup

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(alice, sender, news):
    """A campaign to ten people: seven sent (one bounced), two failed, one skipped; some opens and clicks."""
    draft = make_ready(alice, sender, news, people=10)
    with account_scope(alice.account):
        sending.send_campaign(campaign=draft, now=NOW, actor=SYSTEM)
        sending.start_mailings(campaign_id=draft.pk, now=NOW)
        mailing = Mailing.objects.get()
        messages = Message.objects.filter(mailing_id=mailing.pk)
        messages.filter(sequence__lte=7).update(outcome=Outcome.SENT)
        messages.filter(sequence__in=(8, 9)).update(outcome=Outcome.FAILED, reason=Reason.MAILBOX_FULL)
        messages.filter(sequence=10).update(outcome=Outcome.SKIPPED, reason=Reason.UNSUBSCRIBED)
        Batch.objects.update(sent=7, failed=2, skipped=1, state="done")
        Mailing.objects.update(state="done")
        Campaign.objects.update(state="sent", finished_at=NOW)
        mine = {"mailing_id": mailing.pk}
        MailingRollup.objects.create(
            **mine, unique_opens_people=3, opens_people=5, unique_opens_machine=2, opens_machine=2,
            unique_clicks_people=1, clicks_people=2, unsubscribes=1, bounces=1,
        )  # fmt: skip
        link = Link.objects.get()
        LinkRollup.objects.create(**mine, link=link.number, clicks_people=2, unique_clicks_people=1, clicks_machine=4)
        first = mailing.start_at.replace(minute=0, second=0, microsecond=0)
        HourlyRollup.objects.create(**mine, hour=first, kind=Kind.OPEN, people=4, machine=2)
        HourlyRollup.objects.create(**mine, hour=first + timedelta(hours=20), kind=Kind.OPEN, people=1)
        draft.refresh_from_db()
    return draft


def test_the_report_tells_people_from_machines(alice, sent):
    with account_scope(alice.account):
        made = reporting.report(campaign=sent)

    numbers = made.numbers
    assert (numbers.sent, numbers.delivered, numbers.failed, numbers.skipped) == (7, 6, 2, 1)
    assert (numbers.openers, numbers.machine_openers, numbers.clickers) == (3, 2, 1)
    assert numbers.adds_up
    assert made.failed == (("Mailbox full", 2),)
    assert made.skipped == (("Unsubscribed", 1),)
    assert made.links == (reporting.LinkRow("https://example.com/bread", people=1, clicks=2, machine_clicks=4),)
    assert (len(made.opens.labels), sum(made.opens.people), sum(made.opens.machines)) == (21, 5, 2)


def test_the_page_shows_rates_of_what_was_delivered(client, sent):
    page = client.get(f"/campaigns/{sent.pk}/report/").content.decode()

    assert "50.0" in page
    assert "of 6 delivered" in page
    assert "https://example.com/bread" in page


def test_the_csv_has_every_number(client, sent):
    answer = client.get(f"/campaigns/{sent.pk}/report/numbers.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))

    assert answer["Content-Type"].startswith("text/csv")
    assert answer["Content-Disposition"] == 'attachment; filename="spring-report.csv"'
    assert ["numbers", "opened", "3", "2"] in rows
    assert ["failed", "Mailbox full", "2", ""] in rows
    assert ["link", "https://example.com/bread", "1", "4"] in rows


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(cell):
    assert reporting.neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/New_York"])
def test_the_overview_adds_campaigns_up_and_ignores_drafts(alice, sender, news, sent, zone):
    make_ready(alice, sender, news, people=0)
    with account_scope(alice.account), timezone.override(zone):
        made = reporting.overview(account_id=alice.account_id, now=NOW + timedelta(days=2))

    assert ([row.campaign.pk for row in made.rows], made.totals.sent) == ([sent.pk], 7)
    assert sum(made.days.people) == 5


def test_another_accounts_overview_is_empty(charlie, sent):
    with account_scope(charlie.account):
        made = reporting.overview(account_id=charlie.account_id, now=NOW)

    assert (made.rows, made.totals.sent) == ([], 0)


def test_home_shows_the_next_step_and_what_was_sent(alice, sent):
    with account_scope(alice.account):
        home = starting.home(account=alice.account, now=NOW)

    assert [step.is_done for step in home.steps] == [True, True, False, False]
    assert home.next_step.title == "Put up a sign-up form"
    assert [row.campaign.pk for row in home.rows] == [sent.pk]


def test_home_of_a_new_account_begins_with_the_sender(charlie):
    with account_scope(charlie.account):
        home = starting.home(account=charlie.account, now=NOW)

    assert (home.steps_done, home.next_step.url) == (0, "/settings/sending/")
