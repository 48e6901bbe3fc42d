import pytest

from contacts.models import Contact
from delivery import queries
from delivery.models import Message
from delivery.services import starting
from emailconcert.lib.tenancy import account_scope
from privacy import registry
from privacy.registry import Subject, SubjectKind
from tests.delivery import makers
from tests.factories import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_messages_of_a_person_are_exported_and_erased_and_the_ledger_stays(mailbox, journals):
    mailing = makers.make_started(people=3)
    starting.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=5, should_yield=lambda: False)
    (held,) = [each for each in registry.held_of(SubjectKind.CONTACT) if each.app == "delivery"]
    with account_scope(mailing.account_id):
        person = Contact.objects.get(email="p2@example.com")
        subject = Subject(SubjectKind.CONTACT, mailing.account_id, person.email, bytes(person.email_hash), (person.pk,))

        (row,) = held.export(subject)
        assert (row["kind"], row["outcome"], row["from"]) == ("campaign", "Sent", f"Shop <{mailing.from_email}>")
        assert held.count(subject) == 1

        assert held.erase(subject, NOW) == 1

        assert held.export(subject) == []
        assert not Message.objects.filter(account_id=mailing.account_id, contact_id=person.pk).exists()
    assert queries.ledger(mailing).sent == 3
    assert queries.outcome_counts(mailing) == {"sent": 3}
