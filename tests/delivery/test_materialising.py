"""What gathering an audience costs grows with the audience, and not with its square, however fresh it is."""

import json

import pytest
from django.db import connection, transaction

from contacts.models import Contact, List
from delivery.models import Mailing
from delivery.services import counting, materialising, pacing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from privacy.services import standing
from tests.delivery import makers
from tests.factories import NOW, AccountFactory

PEOPLE, BARRED = 1_500, 500
MOST = 20 * PEOPLE


@pytest.fixture
def mailing():
    """A mailing to people who came in a moment ago, of whom PostgreSQL has counted nobody yet; some are never mailed."""
    made, a_list = makers.make_mailing(account=AccountFactory(), people=PEOPLE)
    with account_scope(made.account_id):
        barred = Contact.objects.order_by("pk")[:BARRED]
        standing.suppress_many(
            account_id=made.account_id,
            people=[(each.email, bytes(each.email_hash), Suppression.Reason.BOUNCED) for each in barred],
            now=NOW,
        )
    return made, a_list


def rows_in_vain(work):
    """Return how many pairs of rows are put together in vain by the statements that gather or count people.

    None where everything is hashed or looked up; nearly all where a table is gone over for each row of another.
    """
    seen = []

    def look(execute, sql, params, many, context):
        if "candidates" in sql:
            with transaction.atomic(), connection.connection.cursor() as cursor:
                cursor.execute("SAVEPOINT looking")
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
                found = cursor.fetchone()[0]
                cursor.execute("ROLLBACK TO SAVEPOINT looking")
            seen.append(_rows((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        work()
    assert seen
    return sum(seen)


def _rows(node):
    removed = node.get("Rows Removed by Join Filter", 0) * node["Actual Loops"]
    return removed + sum(map(_rows, node.get("Plans", ())))


@pytest.mark.django_db
@pytest.mark.parametrize("pace", [pacing.AT_ONCE, pacing.Pace(local=pacing.LocalTime(NOW.replace(tzinfo=None), "UTC"))])
@pytest.mark.parametrize("to_segments", [False, True])
def test_gathering_a_fresh_list_is_linear(mailing, pace, to_segments):
    made, a_list = mailing
    with account_scope(made.account_id):
        if to_segments:
            Mailing.objects.filter(pk=made.pk).update(list_ids=[], beside_lists=[])
            made.refresh_from_db()
        people, without = makers.audience_of(a_list), Contact.objects.filter(email__startswith="p7")

        looked = rows_in_vain(
            lambda: materialising.materialise(
                mailing=made, audience=people, excluded=without, start_at=None, pace=pace, now=NOW
            )
        )

    assert made.excluded["suppressed"] == BARRED
    assert looked < MOST


@pytest.mark.django_db
def test_counting_a_fresh_list_is_linear(mailing):
    made, a_list = mailing
    with account_scope(made.account_id):
        others = List.objects.create(name="Others")
        looked = rows_in_vain(
            lambda: counting.count_audience(
                account_id=made.account_id,
                list_ids=[a_list.pk, others.pk],
                to_segments=None,
                excluded=Contact.objects.filter(email__startswith="p7"),
                now=NOW,
            )
        )

    assert looked < MOST
