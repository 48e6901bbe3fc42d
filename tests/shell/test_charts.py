import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailconcert.shell import charts, rate_charts


@given(st.integers(min_value=0, max_value=10**9))
def test_axis_top_covers_the_highest_in_four_whole_steps(highest):
    top = charts.axis_top(highest)
    assert top >= highest
    assert top % 4 == 0
    assert top <= max(4, 2 * highest)


def test_timeline_starts_at_zero_and_keeps_every_value():
    drawn = charts.draw_timeline(
        charts.Timeline(title="Opens", labels=["a", "b", "c"], people=[0, 5, 10], machines=[1, 2, 3])
    )
    wide, narrow = (drawing for _, drawing in drawn["drawings"])
    assert (
        [tick.text for tick in wide["ticks"]] == [tick.text for tick in narrow["ticks"]] == ["0", "3", "6", "9", "12"]
    )
    assert [(spot.label, spot.people, spot.machines) for spot in drawn["spots"]] == [
        ("a", 0, 1),
        ("b", 5, 2),
        ("c", 10, 3),
    ]
    assert (drawn["people_total"], drawn["machines_total"]) == (15, 6)


@pytest.mark.parametrize("count", [0, 1, 2, 400])
def test_timeline_draws_any_number_of_moments(count):
    drawn = charts.draw_timeline(
        charts.Timeline(title="Opens", labels=[str(index) for index in range(count)], people=[7] * count)
    )
    assert len(drawn["spots"]) == count
    assert [len(drawing["labels"]) <= most for (_, drawing), most in zip(drawn["drawings"], (7, 3), strict=True)] == [
        True,
        True,
    ]


def test_bars_are_shares_of_the_longest():
    drawn = charts.draw_bars(charts.Bars(title="Links", rows=[charts.Bar("x", 30, 10), charts.Bar("y", 20, 0)]))
    assert [(row["people"], row["machines"]) for row in drawn["rows"]] == [(75.0, 25.0), (50.0, 0.0)]


def test_funnel_without_a_base_shows_no_bars():
    drawn = charts.draw_funnel(charts.Funnel("Funnel", [("Sent", 0), ("Opened", 0)]))
    assert [step["width"] for step in drawn["steps"]] == [0, 0]


def test_timeline_says_the_day_only_where_it_changes():
    hours = [f"{hour % 24:02}:00, {19 + hour // 24} Nov" for hour in range(16, 28)]
    drawn = charts.draw_timeline(charts.Timeline(title="Opens", labels=hours, people=[1] * 12))
    assert [label.text for label in drawn["drawings"][0][1]["labels"]] == [
        "16:00, 19 Nov",
        "18:00",
        "20:00",
        "22:00",
        "00:00, 20 Nov",
        "02:00",
    ]
    assert [spot.label for spot in drawn["spots"]] == hours


def test_rates_leave_out_moments_with_too_few_and_make_room_for_their_lines():
    drawn = rate_charts.draw_rates(
        rate_charts.Rates(
            title="Spam",
            labels=["a", "b", "c", "d"],
            parts=[1, 1, None, 2],
            bases=[1_000, 2_000, 5, 1_000],
            lines=[rate_charts.Line(0.3, "0.3 %", "danger")],
        )
    )
    wide = drawn["drawings"][0][1]
    assert [text for text, _ in wide["ticks"]] == ["0 %", "0.1 %", "0.2 %", "0.3 %", "0.4 %"]
    assert (len(wide["pieces"]), len(wide["dots"])) == (1, 1)
    assert [label for label, *_ in drawn["rows"]] == ["a", "b", "c", "d"]
    assert drawn["rows"][2][1] == "Too few"
    assert wide["spots"][1]["words"] == "b: 0.05\u202f% of 2,000 sent"


@given(st.floats(min_value=0, max_value=100))
def test_top_of_rates_covers_the_highest(highest):
    assert highest <= rate_charts.top_of(highest) <= max(0.41, 2.6 * highest)
