"""When each message may leave: spread over hours, or by each person's own clock; and what was missed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.models import Contact
from delivery.models import Batch, Mailing, Message
from delivery.services import claiming, holding, materialising, pacing
from delivery.services.pacing import LocalTime, Pace
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers
from tests.factories import NOW

HOUR = timedelta(hours=1)
NINE = datetime(2027, 3, 7, 9)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        ((2026, 11, 29, 9), "Europe/Dublin", "2026-11-29T09:00+00:00"),
        ((2026, 11, 29, 9), "Asia/Kathmandu", "2026-11-29T03:15+00:00"),
        ((2026, 3, 29, 2, 30), "Europe/Berlin", "2026-03-29T01:30+00:00"),  # skipped: 03:30 in summer time
        ((2026, 10, 25, 2, 30), "Europe/Berlin", "2026-10-25T00:30+00:00"),  # twice: the first
        ((2026, 3, 8, 2, 0), "America/New_York", "2026-03-08T07:00+00:00"),
        ((2026, 10, 4, 2, 15), "Australia/Lord_Howe", "2026-10-03T15:45+00:00"),  # clocks move by half an hour
    ],
)
def test_a_time_on_somebodys_clock_is_one_moment(at, zone, expected):
    assert pacing.instant(datetime(*at), zone) == datetime.fromisoformat(expected)


@given(
    st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2030, 1, 1)),
    st.sampled_from(["Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_the_clock_shows_the_time_or_one_that_follows_a_gap(at, zone):
    shown = pacing.instant(at, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    assert shown == at or timedelta() < shown - at <= HOUR
    assert pacing.earliest(at) <= pacing.instant(at, zone)


def batches(mailing):
    with account_scope(mailing.account_id):
        return list(Batch.objects.order_by("number").values_list("first", "last", "not_before"))


def started(pace, *, people, zones=(), size=500, settings=None, start_at=NOW):
    if settings:
        settings.BATCH_SIZE = size
    mailing, a_list = makers.make_mailing(people=people)
    with account_scope(mailing.account_id):
        for email, zone in zones:
            Contact.objects.filter(email=f"{email}@example.com").update(time_zone=zone)
        return materialising.materialise(
            mailing=mailing, audience=makers.audience_of(a_list), start_at=start_at, now=NOW, pace=pace
        )


@pytest.mark.django_db
def test_a_spread_mailing_leaves_in_even_steps():
    mailing = started(Pace(spread=HOUR), people=25)

    found = batches(mailing)
    assert [last - first + 1 for first, last, _ in found] == [3] * 8 + [1]
    assert [first for first, _, _ in found] == list(range(1, 26, 3))
    assert [round((due - NOW).total_seconds()) for _, _, due in found] == list(range(0, 3600, 400))


@pytest.mark.django_db
def test_a_small_audience_is_spread_person_by_person():
    assert len(batches(started(Pace(spread=timedelta(hours=24)), people=4))) == 4


@pytest.mark.django_db
def test_everybody_is_due_by_their_own_clock(settings):
    zones = [("p1", "America/New_York"), ("p2", "Asia/Tokyo"), ("p3", "Asia/Tokyo"), ("p4", "Nowhere/Atall")]
    mailing = started(
        Pace(local=LocalTime(NINE, "Europe/Dublin")), people=6, zones=zones, size=2, settings=settings, start_at=NOW
    )

    found = batches(mailing)
    tokyo, dublin, new_york = (
        pacing.instant(NINE, zone) for zone in ("Asia/Tokyo", "Europe/Dublin", "America/New_York")
    )
    assert [(last - first + 1, due) for first, last, due in found] == [
        (2, tokyo),
        (2, dublin),
        (1, dublin),
        (1, new_york),
    ]
    with account_scope(mailing.account_id):
        emails = dict(Contact.objects.values_list("pk", "email"))
        order = [emails[pk] for pk in Message.objects.order_by("sequence").values_list("contact_id", flat=True)]
    assert [each.partition("@")[0] for each in order] == ["p2", "p3", "p4", "p5", "p6", "p1"]
    assert mailing.audience == 6


@pytest.mark.django_db
def test_whose_time_has_passed_is_due_at_the_start():
    start = pacing.instant(NINE, "Europe/Dublin")
    mailing = started(
        Pace(local=LocalTime(NINE, "Europe/Dublin")), people=2, zones=[("p1", "Asia/Tokyo")], start_at=start
    )

    assert Counter(due for _, _, due in batches(mailing)) == {start: 1}


def claim(mailing, now):
    made = claiming.claim_batch(account_id=mailing.account_id, mailing_id=mailing.pk, now=now)
    if made:
        made.journal.close()
    return made


@pytest.mark.django_db
def test_batches_wait_for_their_time(journals):
    mailing = started(Pace(spread=HOUR), people=12)

    assert claim(mailing, NOW).first == 1
    assert claim(mailing, NOW + timedelta(minutes=4)) is None
    assert claim(mailing, NOW + timedelta(minutes=6)).first == 2


@pytest.mark.django_db
def test_what_was_missed_by_more_than_an_hour_is_held_and_goes_on_when_resumed(journals):
    mailing = started(Pace(spread=HOUR), people=12)
    late = NOW + HOUR + timedelta(minutes=1)

    assert claim(mailing, late) is None

    with account_scope(mailing.account_id):
        mailing.refresh_from_db()
    assert (mailing.state, mailing.held_reason) == (Mailing.State.PAUSED, holding.MISSED)
    holding.resume_mailing(mailing=mailing, now=late)
    assert claim(mailing, late).first == 1


@pytest.mark.django_db
def test_what_is_only_slow_is_not_held(journals):
    mailing = started(Pace(spread=HOUR), people=12)
    late = NOW + timedelta(hours=3)
    with account_scope(mailing.account_id):
        Batch.objects.filter(number=1).update(state=Batch.State.DONE, sent=1)
        Message.objects.filter(sequence=1).update(outcome=2, settled_at=late - timedelta(minutes=50))

    assert claim(mailing, late).first == 2


@pytest.mark.django_db
def test_an_untimed_mailing_is_never_too_late(journals):
    assert claim(makers.make_started(people=2), datetime.now(UTC) + timedelta(days=2)).first == 1
