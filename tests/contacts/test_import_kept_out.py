from datetime import timedelta

import pytest

from contacts.models import Contact, Import, ImportRefusal, List, Subscription
from contacts.services import people
from contacts.services.lists import subscribing
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Consent, DomainSuppression, Restriction, Suppression
from privacy.services import standing
from tests.contacts.importing import COUNTS, prepare, run_all
from tests.factories import NOW, make_member

pytestmark = pytest.mark.django_db
SAID_NO = (
    "unsubscribed@example.org", "left.all@example.org", "bounced@example.org", "complained@example.org",
    "manual@example.org", "restricted@example.org", "domain@example.net",
    "erased@example.org", "imported@example.org", "stranger@example.net",
)  # fmt: skip
PAUSED = "paused@example.org"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_DIR = tmp_path / "media"


def _make_said_no(account, news):
    """One person of each standing that an import leaves alone, the last three no contacts, and one who paused."""
    made = {
        email: people.add_contact(account_id=account.pk, email=email, source="member", now=NOW)
        for email in (*SAID_NO[:-3], PAUSED)
    }
    ids = {email: contact.pk for email, contact in made.items()}
    leave = {"account_id": account.pk, "now": NOW}
    subscribing.unsubscribe(contact_id=ids["unsubscribed@example.org"], list_ids=[news.pk], **leave)
    subscribing.unsubscribe(contact_id=ids["left.all@example.org"], list_ids=None, **leave)
    for reason in ("bounced", "complained", "manual", "erased", "imported"):
        standing.suppress(account_id=account.pk, address=f"{reason}@example.org", reason=reason, now=NOW)
    digest = bytes(made["restricted@example.org"].email_hash)
    standing.restrict(account_id=account.pk, address_hash=digest, now=NOW)
    DomainSuppression.objects.create(domain="example.net")
    Contact.objects.filter(email=PAUSED).update(paused_until=NOW + timedelta(days=900))


def _as_they_stood():
    return (
        list(Contact.objects.exclude(email=PAUSED).order_by("pk").values()),
        list(Suppression.objects.order_by("pk").values_list("reason", "address_hash", "created_at")),
        list(Restriction.objects.values()),
        list(Subscription.objects.exclude(contact__email=PAUSED).order_by("pk").values()),
    )


def test_no_option_of_an_import_brings_anybody_back(client):
    member = make_member()
    account = member.account
    client.force_login(member.user)
    with account_scope(account):
        news = List.objects.create(name="News")
        _make_said_no(account, news)
        before = _as_they_stood()

    for known in Import.Known.values:
        text = "Email,First name\n" + "".join(f"{each},{known}\n" for each in (*SAID_NO, PAUSED))
        run = prepare(account, text, list=news, known=known, wording="Yes, write to me.")
        counts = dict(zip(COUNTS, run_all(account, run), strict=True))
        page = client.get(f"/contacts/import/{run.pk}/").content.decode()

        assert (run.state, counts["kept_out"], sum(counts.values())) == ("done", len(SAID_NO), len(SAID_NO) + 1), known
        assert not any(each in page for each in SAID_NO), known
        assert "erased" not in page.lower(), known
        with account_scope(account):
            assert _as_they_stood() == before, known
            assert Contact.objects.get(email=PAUSED).paused_until == NOW + timedelta(days=900)
            assert set(Consent.objects.values_list("address_hash", flat=True)) <= {
                address_hash(PAUSED, account_id=account.pk)
            }
            assert not ImportRefusal.objects.exists()
