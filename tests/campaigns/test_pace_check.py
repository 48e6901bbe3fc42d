from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from accounts.models import Account
from accounts.services import auditing
from campaigns.checks import pace
from delivery.models import Sender
from delivery.services import domains, single, warming
from emailconcert.lib.tenancy import account_scope
from tests.factories import make_cast

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)


def test_review_says_over_how_many_days_a_warm_up_plan_stretches_it():
    account = make_cast()[0].account
    domain = domains.add_domain(account=account, domain="shop.example", actor=auditing.SYSTEM, now=NOW)
    with account_scope(account):
        domain.verified_at = NOW
        domain.save()
        sender = Sender.objects.create(name="Shop", email="news@shop.example", domain=domain)
        campaign = SimpleNamespace(account_id=account.pk, sender=sender, due_at=None)
        assert list(pace.check_pace(campaign, 500, now=NOW)) == []
        warming.start_plan(domain=domain, actor=auditing.SYSTEM, now=NOW)

        said = [list(pace.check_pace(campaign, people, now=NOW)) for people in (50, 51, 651)]

    assert [[check.sentence for check in checks] for checks in said] == [
        [],
        ["It takes 2 days to leave."],
        ["It takes 4 days to leave."],
    ]


def test_an_account_on_hold_tries_mail_on_its_own_team_only():
    alice = make_cast()[0]
    Account.objects.filter(pk=alice.account.pk).update(status=Account.Status.SUSPENDED)
    alice.account.refresh_from_db()

    single.check_test_address(account=alice.account, to=alice.user.email)
    with pytest.raises(single.MayNotTest, match="your team's own addresses"):
        single.check_test_address(account=alice.account, to="somebody@elsewhere.example")
