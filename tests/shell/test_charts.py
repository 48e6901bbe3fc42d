import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailconcert.shell import charts


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
