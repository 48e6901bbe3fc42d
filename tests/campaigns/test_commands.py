import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_otp.oath import totp

from accounts.models import Account, User
from accounts.services.second_factor import verify
from campaigns import demo_data
from campaigns.models import Campaign
from campaigns.numbers import numbers_of
from contacts.models import Contact
from delivery.models import Batch
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import PrivacyRequest
from tests.campaigns.conftest import make_people

pytestmark = pytest.mark.django_db


def run(name, *arguments):
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def demo(settings):
    settings.DEMO = True
    settings.SITE_URL = "http://localhost:8000"


def people_can_sign_in(said):
    owner = User.objects.get(email=said["owner"]["email"])
    officer = User.objects.get(email=said["dpo"]["email"])
    assert owner.check_password(said["owner"]["password"])
    assert officer.check_password(said["dpo"]["password"])
    assert verify(user=officer, code=run("demo_code").strip(), now=timezone.now())
    assert run("demo_code").strip() == f"{totp(demo_data.OFFICER_SEED):06d}"


def nobody_elses(campaign, alice):
    with pytest.raises(CommandError, match="no campaign"):
        run("campaign_report", "--account", alice.account.slug, "--campaign", str(campaign.pk))


def fails_when_the_ledger_does_not_add_up(account, campaign):
    arguments = ["--account", account.slug, "--campaign", str(campaign.pk), "--json"]
    good = json.loads(run("campaign_report", *arguments))
    assert (good["adds_up"], sum(good["ledger"].values())) == (True, 2 * good["ledger"]["audience"])

    with account_scope(account):
        Batch.objects.update(sent=10_000)

    with pytest.raises(SystemExit, match="1"):
        run("campaign_report", *arguments)


def test_the_demo_is_loaded_once_and_its_numbers_add_up(demo, alice):
    """All that is asked of the demo at once: making it is what takes time."""
    said = [json.loads(run("load_demo", "--json")) for _ in range(2)]

    account = Account.objects.get(is_demo=True)
    people_can_sign_in(said[0])
    with account_scope(account):
        sent = Campaign.objects.get(state="sent")
        numbers = numbers_of([sent.pk])[sent.pk]
        assert Contact.objects.count() == demo_data.PEOPLE
        assert Campaign.objects.filter(state="draft").count() == 1
    assert said[0] == said[1]
    assert (numbers.adds_up, numbers.left, numbers.unsubscribes) == (True, 0, 1)
    assert 0 < numbers.clickers < numbers.openers < numbers.sent < numbers.audience
    assert numbers.machine_openers > 0
    with platform_scope("test"):
        asked = PrivacyRequest.objects.order_by("received_at").values_list("type", "state", "account__is_demo")
        assert list(asked) == [("erase", "with_controller", True), ("access", "unverified", None)]
    nobody_elses(sent, alice)
    fails_when_the_ledger_does_not_add_up(account, sent)


@pytest.mark.parametrize(("is_demo", "site"), [(False, "http://localhost:8000"), (True, "https://app.example.com")])
def test_there_is_no_demo_elsewhere(settings, is_demo, site):
    settings.DEMO, settings.SITE_URL = is_demo, site

    with pytest.raises(CommandError, match="only on this machine"):
        run("load_demo")
    assert not User.objects.exists()


@pytest.fixture
def written(tmp_path, alice, sender, news):
    with account_scope(alice.account):
        make_people(alice.account, news, 4)
    path = tmp_path / "mail.md"
    path.write_bytes("# Grüße\r\n\nBis bald\n".encode())
    return path


def test_a_campaign_is_sent_from_a_file(alice, written):
    said = json.loads(
        run("send_campaign", "--account", alice.account.slug, "--subject", "Hi", "--list", "News",
            "--markdown", str(written), "--json")
    )  # fmt: skip

    with account_scope(alice.account):
        campaign = Campaign.objects.get(pk=said["campaign"])
        assert (campaign.state, campaign.name) == ("sending", "Hi")
        assert "Grüße" in campaign.variants.get().source


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--account", "nobody", "--campaign", "1"], "no account"),
        (["--campaign", "1"], "no campaign 1"),
        (["--subject", "Hi"], "Give --campaign, or"),
        (["--subject", "Hi", "--list", "Nope", "--markdown", "FILE"], "no list “Nope”"),
        (["--subject", "Hi", "--list", "News", "--markdown", "missing.md"], "missing.md"),
        (["--subject", "Hi", "--list", "News", "--markdown", "FILE", "--from", "nobody"], "not an email address"),
    ],
)
def test_what_cannot_be_sent_is_a_sentence(alice, written, arguments, words):
    given = [str(written) if each == "FILE" else each for each in arguments]
    account = [] if "--account" in given else ["--account", alice.account.slug]

    with pytest.raises(CommandError, match=words):
        run("send_campaign", *account, *given)
    with account_scope(alice.account):
        assert not Campaign.objects.exists()
