"""A mail server's own log held against the ledger."""

from collections import Counter

from contacts.models import Contact
from delivery.models import Message, Outcome
from delivery.services import auditing
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope

FINAL = {Outcome.SENT, Outcome.FAILED, Outcome.SKIPPED, Outcome.UNCONFIRMED}


def outcomes_of(mailing):
    """Return what became of each message: {token: (address, outcome)}."""
    with account_scope(mailing.account_id):
        emails = dict(Contact.objects.values_list("pk", "email"))
        rows = Message.objects.filter(account_id=mailing.account_id, mailing_id=mailing.pk)
        return {
            signing.message_token(mailing.pk, sequence): (emails[contact_id], Outcome(outcome))
            for sequence, contact_id, outcome in rows.values_list("sequence", "contact_id", "outcome")
        }


def judge(mailing, server, *, people):
    """Raise where somebody was lost, or mailed twice, or where log and ledger tell different stories.

    Returns (ledger, how many of the unconfirmed had been taken).
    """
    rows = outcomes_of(mailing)
    taken = Counter(entry["token"] for entry in server.log)
    assert len(rows) == people
    assert {outcome for _, outcome in rows.values()} <= FINAL, "a message without a final outcome"
    assert [token for token, times in taken.items() if times > 1] == [], "somebody was mailed twice"
    assert [entry for entry in server.log if entry["to"] != rows[entry["token"]][0]] == [], (
        "somebody got another's mail"
    )
    assert all(entry["to"].encode() in entry["text"] for entry in server.log), "a text went to the wrong address"
    sent = {token for token, (_, outcome) in rows.items() if outcome == Outcome.SENT}
    unconfirmed = {token for token, (_, outcome) in rows.items() if outcome == Outcome.UNCONFIRMED}
    assert sent <= set(taken), "somebody was lost: called sent, and never taken"
    assert set(taken) <= sent | unconfirmed, "somebody was mailed whom the ledger does not call mailed"
    found = auditing.audit(account_id=mailing.account_id, mailing_id=mailing.pk)
    assert found.agrees, found.problems
    assert (found.ledger.queued, found.ledger.sending) == (0, 0)
    return found.ledger, len(set(taken) & unconfirmed)
