"""Writing a batch of judged events and what it adds up to: one statement per table, whatever the batch's size."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection

from tracking.services.tallying import Activity, Happening, MessageKey, Tally

_EVENTS = """
    INSERT INTO tracking_event
        (account_id, at, kind, mailing_id, sequence, contact_id, link, is_machine, rule, agent, country)
    SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::smallint[], %s::bigint[], %s::int[], %s::bigint[],
        %s::smallint[], %s::boolean[], %s::text[], %s::text[], %s::text[])
"""
_HOURS = """
    INSERT INTO tracking_hourlyrollup AS old (account_id, mailing_id, hour, kind, people, machine)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::smallint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (account_id, mailing_id, hour, kind) DO UPDATE
    SET people = old.people + EXCLUDED.people, machine = old.machine + EXCLUDED.machine
"""
_LINKS = """
    INSERT INTO tracking_linkrollup AS old
        (account_id, mailing_id, link, clicks_people, clicks_machine, unique_clicks_people)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (account_id, mailing_id, link) DO UPDATE
    SET clicks_people = old.clicks_people + EXCLUDED.clicks_people,
        clicks_machine = old.clicks_machine + EXCLUDED.clicks_machine,
        unique_clicks_people = old.unique_clicks_people + EXCLUDED.unique_clicks_people
"""
# `greatest` and `least` leave NULL out.
_HABITS = """
    INSERT INTO tracking_contactactivity AS old (account_id, contact_id, last_open, last_click, opens, clicks)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[])
    ON CONFLICT (account_id, contact_id) DO UPDATE
    SET last_open = greatest(old.last_open, EXCLUDED.last_open),
        last_click = greatest(old.last_click, EXCLUDED.last_click),
        opens = old.opens + EXCLUDED.opens, clicks = old.clicks + EXCLUDED.clicks
"""
_FIRSTS = ("first_open_people", "first_open_machine", "first_click_people", "first_click_machine")
_ACTIVITIES = """
    INSERT INTO tracking_messageactivity AS old
        (account_id, mailing_id, sequence, contact_id, first_open_people, first_open_machine, first_click_people,
         first_click_machine, clicked_links)
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[], %s::timestamptz[], %s::jsonb[])
    ON CONFLICT (account_id, mailing_id, sequence) DO UPDATE
    SET first_open_people = EXCLUDED.first_open_people, first_open_machine = EXCLUDED.first_open_machine,
        first_click_people = EXCLUDED.first_click_people, first_click_machine = EXCLUDED.first_click_machine,
        clicked_links = EXCLUDED.clicked_links
"""
_READ_ACTIVITIES = """
    SELECT a.account_id, a.mailing_id, a.sequence, a.contact_id, a.first_open_people, a.first_open_machine,
        a.first_click_people, a.first_click_machine, a.clicked_links::text
    FROM tracking_messageactivity a
    JOIN unnest(%s::bigint[], %s::bigint[], %s::int[]) AS k (account_id, mailing_id, sequence)
        USING (account_id, mailing_id, sequence)
"""
_MAILING_COUNTS = (
    "opens_people", "opens_machine", "unique_opens_people", "unique_opens_machine",
    "clicks_people", "clicks_machine", "unique_clicks_people", "unique_clicks_machine",
    "unsubscribes", "bounces", "complaints",
)  # fmt: skip
_MAILINGS = f"""
    INSERT INTO tracking_mailingrollup AS old (account_id, mailing_id, {", ".join(_MAILING_COUNTS)})
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], {", ".join(["%s::bigint[]"] * len(_MAILING_COUNTS))})
    ON CONFLICT (account_id, mailing_id) DO UPDATE
    SET {", ".join(f"{name} = old.{name} + EXCLUDED.{name}" for name in _MAILING_COUNTS)}
"""  # noqa: S608  # made of the names above


def read_activities(messages: Iterable[MessageKey]) -> dict[MessageKey, Activity]:
    """Return what is stored of these messages."""
    found: dict[MessageKey, Activity] = {}
    with connection.cursor() as cursor:
        cursor.execute(_READ_ACTIVITIES, _columns(list(messages), 3))
        for account, mailing, sequence, contact, *firsts, links in cursor.fetchall():
            first = {name: at for name, at in zip(_FIRSTS, firsts, strict=True) if at is not None}
            found[(account, mailing, sequence)] = Activity(contact, first, set(orjson.loads(links)))
    return found


def write_events(events: Sequence[Happening]) -> None:
    """Insert the events, into partitions that are made where they are missing."""
    months = {event.at.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for event in events}
    rows = [
        (
            event.account_id, event.at, event.kind, event.mailing_id, event.sequence, event.contact_id,
            event.link, event.is_machine, event.rule, event.agent, event.country,
        )
        for event in events
    ]  # fmt: skip
    with connection.cursor() as cursor:
        for month in sorted(months):
            cursor.execute("SELECT tracking_make_partition(%s)", [month])
        cursor.execute(_EVENTS, _columns(rows, 11))


def write_tally(tally: Tally) -> None:
    """Add a batch to all rollups and activity rows. Rows go in order of their keys, so that writers never deadlock."""
    hours: dict[tuple[Any, ...], list[int]] = {}
    for (account, mailing, hour, kind, is_machine), count in tally.hours.items():
        hours.setdefault((account, mailing, hour, kind), [0, 0])[is_machine] += count
    _write(_MAILINGS, [(*key, *(counts[name] for name in _MAILING_COUNTS)) for key, counts in tally.mailings.items()])
    _write(_HOURS, [(*key, *counts) for key, counts in hours.items()])
    link_counts = ("clicks_people", "clicks_machine", "unique_clicks_people")
    _write(_LINKS, [(*key, *(counts[name] for name in link_counts)) for key, counts in tally.links.items()])
    _write(
        _HABITS,
        [(*key, one.last_open, one.last_click, one.opens, one.clicks) for key, one in tally.habits.items()],
    )
    _write(_ACTIVITIES, [_activity_row(key, tally.activities[key]) for key in tally.touched])


def _activity_row(key: MessageKey, activity: Activity) -> tuple[Any, ...]:
    links = orjson.dumps(sorted(activity.links)).decode()
    return (*key, activity.contact_id, *(activity.first.get(name) for name in _FIRSTS), links)


def _write(statement: str, rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    # The first two or three columns are the key.
    rows.sort(key=lambda row: row[:3] if isinstance(row[2], int) else row[:2])
    with connection.cursor() as cursor:
        cursor.execute(statement, _columns(rows, len(rows[0])))


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
