import pytest
from django.db import connection

from contacts.models import Contact
from emailconcert.lib.addresses import address_hash
from emailconcert.lib.tenancy import account_scope
from privacy.models import Restriction, Suppression
from privacy.services import standing
from privacy.services.standing import Block, CannotLift, Kind, LiftedBy, Reason
from tests.factories import NOW, AccountFactory

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"


@pytest.fixture
def account():
    return AccountFactory()


def hash_of(account, address=ADA):
    return address_hash(address, account_id=account.pk)


def test_an_unknown_address_is_not_blocked(account):
    assert standing.blocked(account_id=account.pk, hashes=[hash_of(account)]) == {}


def test_suppress_blocks_the_address_in_its_account_only(account):
    other = AccountFactory()
    standing.suppress(account_id=account.pk, address=ADA, reason=Reason.MANUAL, now=NOW)

    assert standing.blocked(account_id=account.pk, hashes=[hash_of(account)]) == {
        hash_of(account): Block(Kind.SUPPRESSED, "manual")
    }
    assert standing.blocked(account_id=other.pk, hashes=[hash_of(other), hash_of(account)]) == {}


@pytest.mark.parametrize("first", Reason)
@pytest.mark.parametrize("second", Reason)
def test_the_worst_reason_wins_in_either_order(account, first, second):
    for reason in (first, second):
        standing.suppress(account_id=account.pk, address=ADA, reason=reason, now=NOW)

    with account_scope(account):
        row = Suppression.objects.get(account_id=account.pk)
    worst = max(first, second, key=standing.SEVERITY.index)
    assert row.reason == worst
    assert (row.sealed_address is None) == (worst == Reason.ERASED)


def test_every_reason_has_a_severity():
    assert sorted(standing.SEVERITY) == sorted(Reason)


def test_erasing_empties_the_address_and_shows_as_erased(account):
    standing.suppress(account_id=account.pk, address=ADA, reason=Reason.UNSUBSCRIBED, now=NOW)
    standing.suppress_hash(account_id=account.pk, address_hash=hash_of(account), reason=Reason.ERASED, now=NOW)

    block = standing.blocked(account_id=account.pk, hashes=[hash_of(account)])[hash_of(account)]
    assert block == Block(Kind.ERASED, "erased")
    with account_scope(account):
        assert Suppression.objects.get().sealed_address is None


@pytest.mark.parametrize("reason", [each for each in Reason if each != Reason.MANUAL])
def test_a_member_lifts_only_what_members_added(account, reason):
    standing.suppress(account_id=account.pk, address=ADA, reason=reason, now=NOW)
    standing.suppress(account_id=account.pk, address=ADA, reason=Reason.MANUAL, now=NOW)

    with pytest.raises(CannotLift):
        standing.lift(account_id=account.pk, address_hash=hash_of(account), by=LiftedBy.MEMBER)
    assert standing.blocked(account_id=account.pk, hashes=[hash_of(account)])

    assert standing.lift(account_id=account.pk, address_hash=hash_of(account), by=LiftedBy.PERSON)
    assert not standing.blocked(account_id=account.pk, hashes=[hash_of(account)])


def test_a_member_lifts_a_manual_suppression(account):
    standing.suppress(account_id=account.pk, address=ADA, reason=Reason.MANUAL, now=NOW)

    assert standing.lift(account_id=account.pk, address_hash=hash_of(account), by=LiftedBy.MEMBER)
    assert not standing.lift(account_id=account.pk, address_hash=hash_of(account), by=LiftedBy.MEMBER)


def test_restriction_outweighs_suppression_and_is_lifted(account):
    standing.suppress(account_id=account.pk, address=ADA, reason=Reason.BOUNCED, now=NOW)
    for _ in range(2):
        standing.restrict(account_id=account.pk, address_hash=hash_of(account), now=NOW)

    assert standing.blocked(account_id=account.pk, hashes=[hash_of(account)])[hash_of(account)].kind == Kind.RESTRICTED
    with account_scope(account):
        assert Restriction.objects.count() == 1
    assert standing.unrestrict(account_id=account.pk, address_hash=hash_of(account))
    assert standing.blocked(account_id=account.pk, hashes=[hash_of(account)])[hash_of(account)].kind == Kind.SUPPRESSED


def test_fragments_of_sql_agree_with_python(account):
    people = ["free@example.com", "out@example.com", "gone@example.com", "still@example.com", "x@blocked.example"]
    with account_scope(account):
        for person in people:
            Contact.objects.create(
                account=account, email=person, email_hash=hash_of(account, person), source=Contact.Source.MEMBER
            )
        standing.suppress(account_id=account.pk, address=people[1], reason=Reason.BOUNCED, now=NOW)
        standing.suppress(account_id=account.pk, address=people[2], reason=Reason.ERASED, now=NOW)
        standing.restrict(account_id=account.pk, address_hash=hash_of(account, people[3]), now=NOW)
        account.domainsuppression_set.create(domain="blocked.example")
        columns = {"account": "c.account_id", "address_hash": "c.email_hash"}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT email, {standing.suppressed_sql(**columns)}, {standing.erased_sql(**columns)},"
                f" {standing.restricted_sql(**columns)},"
                f" {standing.domain_suppressed_sql(account='c.account_id', email='c.email')}"
                " FROM contacts_contact c"
            )
            found = {email: flags for email, *flags in cursor.fetchall()}

    assert found == {
        people[0]: [False, False, False, False],
        people[1]: [True, False, False, False],
        people[2]: [True, True, False, False],
        people[3]: [False, False, True, False],
        people[4]: [False, False, False, True],
    }
