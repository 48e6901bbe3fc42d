"""Conditions, timeline, numbers and personal data: what others read of tracking."""

from datetime import timedelta

import pytest

from accounts.services import outbox
from contacts import conditions
from contacts.services import merging, timeline
from emailconcert.lib.tenancy import account_scope
from privacy import registry
from privacy.registry import Subject, SubjectKind
from tests.factories import NOW
from tests.tracking.makers import arrive, click, contact_of, make_mailing
from tracking import queries
from tracking.models import ContactActivity, Event, MailingRollup, MessageActivity
from tracking.services import emptying, habits

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def mailing():
    """Message 1 was opened and clicked by a person, 2 by a machine, 3 by nobody."""
    made = make_mailing(people=3)
    arrive(made, 1)
    click(made, 1, 2, at=NOW + timedelta(minutes=1))
    arrive(made, 2, agent="Mozilla/5.0")
    click(made, 2, 1, agent="curl/8.5", at=NOW + timedelta(minutes=1))
    emptying.empty_inbox(now=LATER)
    return made


@pytest.mark.parametrize(
    ("condition", "days", "expected"), [("opened", 7, [1]), ("clicked", 7, [1]), ("opened", 0, [])]
)
def test_segment_conditions_count_people_only(mailing, condition, days, expected):
    tree = {"match": "all", "rules": [{"condition": condition, "operator": "lately", "values": {"days": str(days)}}]}
    with account_scope(mailing.account_id):
        found = list(conditions.matching(tree, account_id=mailing.account_id, now=LATER + timedelta(days=1)))
        assert found == [contact_of(mailing, sequence) for sequence in expected]


def test_timeline_tells_what_happened_and_marks_machines(mailing):
    with account_scope(mailing.account_id):
        person = [(e.text, e.note) for e in timeline.read(contact_of(mailing, 1)).entries]
        machine = [(e.text, e.note) for e in timeline.read(contact_of(mailing, 2)).entries]
    beside = {"Sent a mail", "Added by a member"}
    assert [each for each in person if each[0] not in beside] == [
        ("Clicked a link", "https://example.org/page2?a=ü b"),
        ("Opened a mail", ""),
    ]
    marks = [note.endswith("probably a machine, not counted as theirs") for text, note in machine if text not in beside]
    assert marks == [True, True]


def test_timeline_tells_what_was_sent_to_whoever_was_merged_into_the_person(mailing):
    with account_scope(mailing.account_id):
        one, two = contact_of(mailing, 1), contact_of(mailing, 3)
        kept = merging.merge(kept=two, gone=one, take_address=True, take=(), now=LATER)
        told = [entry.text for entry in timeline.read(kept).entries]
        others = [entry.text for entry in timeline.read(contact_of(mailing, 2)).entries]
    assert told.count("Sent a mail") == 2
    assert {"Clicked a link", "Opened a mail"} <= set(told)
    assert others.count("Sent a mail") == 1


def test_whoever_was_merged_counts_with_the_person_in_segments(mailing):
    with account_scope(mailing.account_id):
        one, two = contact_of(mailing, 1), contact_of(mailing, 3)
        merging.merge(kept=two, gone=one, take_address=False, take=(), now=LATER)
        before = ContactActivity.objects.get(contact_id=one.pk)
    for _ in range(2):
        outbox.drain(now=LATER)
        habits.join(account_id=mailing.account_id, kept=two.pk, gone=one.pk)  # a second delivery

    tree = {"match": "all", "rules": [{"condition": "opened", "operator": "lately", "values": {"days": "7"}}]}
    with account_scope(mailing.account_id):
        found = list(conditions.matching(tree, account_id=mailing.account_id, now=LATER))
        after = ContactActivity.objects.get()
    assert found == [two]
    assert (after.contact_id, after.opens, after.clicks) == (two.pk, before.opens, before.clicks)


@pytest.mark.parametrize("count", [1, 3])
def test_timeline_asks_the_database_as_often_for_many_as_for_one(count, django_assert_num_queries):
    made = make_mailing()
    for number in range(count):
        click(made, at=NOW + timedelta(minutes=number))
    emptying.empty_inbox(now=LATER)
    from tracking.timeline import entries

    with account_scope(made.account_id):
        contact = contact_of(made)
        with django_assert_num_queries(3):
            assert len(entries(contact, 50, None)) == count


def test_mailing_numbers_of_many_take_one_query(mailing, django_assert_num_queries):
    with account_scope(mailing.account_id), django_assert_num_queries(1):
        found = queries.mailing_numbers([mailing.pk, 999_999])
    assert (found[mailing.pk].unique_opens_people, found[mailing.pk].unique_clicks_machine) == (1, 1)
    assert set(found[999_999].as_dict().values()) == {0}


def subject_of(mailing, sequence=1):
    contact = contact_of(mailing, sequence)
    return Subject(
        SubjectKind.CONTACT, mailing.account_id, contact.email, bytes(contact.email_hash), contact_ids=(contact.pk,)
    )


def held():
    return [each for each in registry.held_of(SubjectKind.CONTACT) if each.app == "tracking"]


def test_export_tells_a_person_all_that_is_held(mailing):
    with account_scope(mailing.account_id):
        rows = {each.name: each.export(subject_of(mailing)) for each in held()}
    assert [row["what"] for row in rows["events"]] == ["Open", "Click"]
    assert rows["events"][0]["country"] == "US"
    assert rows["habits"][0]["opens"] == 1
    assert rows["activity"][0]["clicked_links"] == [2]


def test_erase_strips_the_person_and_leaves_the_counters(mailing):
    with account_scope(mailing.account_id):
        before = MailingRollup.objects.values().get()
        subject = subject_of(mailing)
        planned = {each.name: each.count(subject) for each in held()}
        done = {each.name: each.erase(subject, NOW) for each in held()}

        assert planned == done
        assert sum(done.values()) == 4
        assert MailingRollup.objects.values().get() == before
        assert not Event.objects.filter(contact_id__in=subject.contact_ids).exists()
        assert not ContactActivity.objects.filter(contact_id__in=subject.contact_ids).exists()
        assert MessageActivity.objects.get(sequence=1).contact_id is None
        assert not any(each.count(subject) for each in held())


def test_erase_leaves_others_alone(mailing):
    with account_scope(mailing.account_id):
        for each in held():
            each.erase(subject_of(mailing, 1), NOW)
        assert Event.objects.filter(contact_id=contact_of(mailing, 2).pk).count() == 2
