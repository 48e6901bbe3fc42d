import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from privacy.services import clocks
from privacy.services.clocks import Clock, Facts, Pause, PauseKind


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def reckon(clock, received, *, zone="UTC", now="2030-01-01", **more):
    return clocks.reckon(clock, Facts(received_at=at(received, zone), zone=zone, **more), now=at(now))


@pytest.mark.parametrize(
    ("received", "planned", "due"),
    [
        ("2027-01-31", "2027-02-28", "2027-03-01"),
        ("2028-01-31", "2028-02-29", "2028-02-29"),
        ("2026-08-31", "2026-09-30", "2026-09-30"),
        ("2027-02-01", "2027-03-01", "2027-03-01"),
    ],
)
@pytest.mark.parametrize("clock", [Clock.EU, Clock.UK])
def test_one_month_of_the_worked_cases(clock, received, planned, due):
    found = reckon(clock, received, verified_at=at(received))

    assert (found.planned, found.due) == (date.fromisoformat(planned), date.fromisoformat(due))


def test_the_reason_says_how_the_date_came_about():
    assert reckon(Clock.EU, "2027-01-31").reason == (
        "received 31 Jan 2027, one month, February has no 31st → 28 Feb 2027"
        " (a Sunday; the next working day is 1 Mar 2027)"
    )


def test_promise_counts_from_the_local_date():
    received = "2026-03-01T23:30"
    found = reckon(Clock.PROMISE, received, zone="America/New_York", verified_at=at(received, "America/New_York"))

    assert found.due == date(2026, 3, 31)


def test_california_counts_45_days_and_acknowledges_in_10_business_days():
    found = reckon(Clock.CALIFORNIA, "2027-01-15")

    assert (found.due, found.acknowledge_by) == (date(2027, 3, 1), date(2027, 1, 29))
    assert reckon(Clock.CALIFORNIA, "2027-01-15", extended=True).due == date(2027, 4, 15)


def test_extension_is_three_months_in_all():
    assert reckon(Clock.EU, "2027-01-29", extended=True).planned == date(2027, 4, 29)


@pytest.mark.parametrize(
    ("clock", "kind", "days"),
    [
        (Clock.EU, PauseKind.IDENTITY, 5),
        (Clock.EU, PauseKind.CLARIFICATION, 5),
        (Clock.UK, PauseKind.IDENTITY, 0),
        (Clock.UK, PauseKind.CLARIFICATION, 5),
        (Clock.CALIFORNIA, PauseKind.CLARIFICATION, 0),
        (Clock.PROMISE, PauseKind.CLARIFICATION, 0),
    ],
)
def test_clocks_stand_still_only_where_the_regime_allows(clock, kind, days):
    pauses = [Pause(kind, at("2027-03-08"), at("2027-03-13")), Pause(kind, at("2027-03-09"), at("2027-03-11"))]

    without = reckon(clock, "2027-03-01").planned
    assert reckon(clock, "2027-03-01", pauses=pauses).planned == without + timedelta(days=days)


def test_a_pause_that_has_not_ended_counts_up_to_now():
    pause = Pause(PauseKind.CLARIFICATION, at("2027-03-08"), None)

    assert reckon(Clock.EU, "2027-03-01", pauses=[pause], now="2027-03-10").planned == date(2027, 4, 3)


def test_uk_begins_when_the_proof_that_was_asked_for_came():
    more = {"id_asked_at": at("2027-03-02"), "verified_at": at("2027-03-10")}

    assert reckon(Clock.UK, "2027-03-01", **more).planned == date(2027, 4, 10)
    assert reckon(Clock.EU, "2027-03-01", **more).planned == date(2027, 4, 1)


@pytest.mark.parametrize(("verified", "may"), [("2027-03-20", False), ("2027-03-21", True), ("2027-04-05", True)])
def test_the_promise_restarts_only_after_a_late_verification(verified, may):
    facts = Facts(received_at=at("2027-03-01"), zone="UTC", verified_at=at(verified), promise_restarted=True)

    assert clocks.may_restart_promise(facts) == may
    due = clocks.reckon(Clock.PROMISE, facts, now=at("2027-04-06")).due
    assert due == (at(verified).date() + timedelta(days=30) if may else date(2027, 3, 31))


def test_the_earliest_date_comes_first():
    facts = Facts(received_at=at("2027-01-29"), zone="UTC")

    assert [due.clock for due in clocks.reckon_all("eu", facts, now=at("2027-02-01"))] == [Clock.EU, Clock.PROMISE]
    facts = Facts(received_at=at("2027-03-01"), zone="UTC")
    assert [due.clock for due in clocks.reckon_all("eu", facts, now=at("2027-03-02"))] == [Clock.PROMISE, Clock.EU]
    assert [due.clock for due in clocks.reckon_all("other", facts, now=at("2027-03-02"))] == [Clock.PROMISE]


def plain_month_later(day):
    """Walk day by day to the same number in the next month, or stop at that month's last day."""
    walked = day
    while True:
        walked += timedelta(days=1)
        months = (walked.year - day.year) * 12 + walked.month - day.month
        if months == 1 and (walked.day == day.day or (walked + timedelta(days=1)).month != walked.month):
            return walked


zones = st.sampled_from(["UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
instants = st.datetimes(datetime(2024, 1, 1), datetime(2034, 12, 31), timezones=st.just(UTC))


@given(received=instants, zone=zones)
def test_dates_agree_with_a_plain_calculation(received, zone):
    facts = Facts(received_at=received, zone=zone)
    local = received.astimezone(ZoneInfo(zone))
    start = date(local.year, local.month, local.day)

    eu = clocks.reckon(Clock.EU, facts, now=received)
    assert eu.planned == plain_month_later(start)
    working = eu.planned
    while working.isoweekday() in (6, 7):
        working = date.fromordinal(working.toordinal() + 1)
    assert eu.due == working
    assert clocks.reckon(Clock.PROMISE, facts, now=received).due.toordinal() == start.toordinal() + 30
    assert clocks.reckon(Clock.CALIFORNIA, facts, now=received).due.toordinal() == start.toordinal() + 45


def command(**options):
    out = StringIO()
    call_command("privacy_clock", json=True, stdout=out, **options)
    return json.loads(out.getvalue())


def test_the_command_prints_the_date_and_its_reason():
    found = command(regime="eu", received="2027-01-31", zone="Europe/Dublin")

    assert (found["planned"], found["due"]) == ("2027-02-28", "2027-03-01")
    assert "February has no 31st" in found["reason"]


def test_the_command_refuses_what_is_no_zone():
    with pytest.raises(CommandError, match="Europe/Dublin"):
        command(regime="eu", received="2027-01-31", zone="Mars/Olympus")
