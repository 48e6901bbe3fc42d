"""One event as the edge takes it down, in memory, in the inbox and in a spool file."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

# The numbers of `tracking.models.Kind`, which the edge cannot import without Django.
OPEN, CLICK, UNSUBSCRIBE = 1, 2, 3
MAX_AGENT = 300


class Entry(NamedTuple):
    """An event: `at` in microseconds since 1970, `network` a truncated address."""

    kind: int
    mailing_id: int
    sequence: int
    link: int | None
    at: int
    network: str
    agent: str
    method: str


# Arrays of a JSON text, one per entry, as rows; a spool's replay adds the key of the entry at the end.
ROWS = """
SELECT (e->>0)::smallint, (e->>1)::bigint, (e->>2)::integer, (e->>3)::smallint,
    to_timestamp(0) + (e->>4)::bigint * interval '1 microsecond',
    e->>5, e->>6, e->>7, decode(e->>8, 'hex')
FROM json_array_elements(%s::json) AS e
"""
COLUMNS = "kind, mailing_id, sequence, link, at, network, agent, method, spool_key"
INSERT = f"INSERT INTO tracking_inbox ({COLUMNS}) {ROWS} ON CONFLICT DO NOTHING"  # two constants
OPT_OUT = f"""
SELECT tracking_opt_out(r.mailing_id, r.sequence, r.at, r.network, r.agent, r.spool_key)
FROM ({ROWS}) AS r ({COLUMNS})
"""  # noqa: S608  # two constants


def as_json(entries: Sequence[Sequence[Any]]) -> str:
    """Return entries, or entries with their keys, as the parameter of the statements above."""
    return orjson.dumps(entries, default=tuple).decode()
