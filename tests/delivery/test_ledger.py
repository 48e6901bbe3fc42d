"""`manage.py ledger`: the ledger for outsiders, and the audit of batches against messages."""

import io
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from contacts.models import Subscription
from delivery.models import Batch, Message, Outcome
from delivery.services import claiming, recovering
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers

pytestmark = pytest.mark.django_db


def ask(mailing_id, *words):
    """Return what the command printed, and its exit code."""
    out, code = io.StringIO(), 0
    try:
        call_command("ledger", "--mailing", str(mailing_id), *words, stdout=out)
    except SystemExit as left:
        code = left.code
    return out.getvalue(), code


def ask_json(mailing_id):
    text, code = ask(mailing_id, "--json")
    return json.loads(text), code


def change(mailing, **fields):
    with account_scope(mailing.account_id):
        Batch.objects.filter(mailing_id=mailing.pk).update(**fields)


def test_ledger_names_every_part_with_its_reasons_and_is_audited(journals, settings):
    settings.BATCH_SIZE = 4
    mailing = makers.make_started(people=7)
    facts, code = ask_json(mailing.pk)
    assert (code, facts["audience"], facts["queued"], facts["agrees"]) == (0, 7, 7, True)
    assert facts["batches"] == {"open": {"batches": 2, "messages": 7}}

    with account_scope(mailing.account_id):
        first = Message.objects.filter(mailing_id=mailing.pk).order_by("sequence")[0]
        Subscription.objects.filter(contact_id=first.contact_id).update(state="unsubscribed")
    claim = claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=datetime.now(UTC))
    facts, code = ask_json(mailing.pk)
    assert (code, facts["sending"], facts["skipped_by_reason"]) == (0, 3, {"unsubscribed": 1})

    for index in (1, 2, 3):
        claim.journal.intend(index)
    claim.journal.settle(1, 250)
    claim.journal.lose(2)
    claim.journal.close()
    recovering.recover_batches(now=datetime.now(UTC))
    facts, code = ask_json(mailing.pk)
    parts = ("queued", "sending", "sent", "failed", "skipped", "unconfirmed")
    assert [facts[name] for name in parts] == [3, 0, 1, 0, 1, 2]
    assert facts["unconfirmed_by_reason"] == {"connection_broke": 1, "worker_ended": 1}
    assert (code, facts["kind"], facts["state"], facts["problems"]) == (0, "campaign", "sending", [])
    assert "connection_broke 1" in ask(mailing.pk)[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sent": 1}, "batch 1 says (1, 0, 0, 0), its messages (0, 0, 0, 0) and 3 queued"),
        ({"sending": 1}, "batch 1 says 1 are being sent, of 3 queued, while it is open"),
        ({"state": "done"}, "batch 1 is done, and 3 are queued"),
        ({"last": F("last") - 1}, "the batches end at 2, the audience is 3"),
        ({"first": 2}, "batch 1 begins at 2, not at 1"),
    ],
)
def test_disagreement_is_named_and_leaves_with_1(fields, words):
    mailing = makers.make_started(people=3)
    change(mailing, **fields)

    facts, code = ask_json(mailing.pk)

    assert (code, facts["agrees"]) == (1, False)
    assert words in facts["problems"]


def test_message_that_was_changed_behind_its_batch_is_noticed():
    mailing = makers.make_started(people=3)
    with account_scope(mailing.account_id):
        Message.objects.filter(mailing_id=mailing.pk, sequence=2).update(outcome=Outcome.SENT)

    text, code = ask(mailing.pk)

    assert code == 1
    assert "batch 1 says (0, 0, 0, 0), its messages (1, 0, 0, 0) and 2 queued" in text


def test_unknown_mailing_leaves_with_2():
    with pytest.raises(CommandError) as error:
        call_command("ledger", "--mailing", "987654")
    assert error.value.returncode == 2
