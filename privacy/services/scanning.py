"""The post-scan: search every column and file for a person who was erased, and say where they were found.

Looks through text, arrays, JSON and bytes of every table, in the spellings in which an address or name may stand. Rows of
other accounts are theirs, and what is sealed cannot be looked into. Keyed hashes in the suppression list, the ledger and
the evidence are kept on purpose and are not searched for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from emailconcert.lib import addresses
from emailconcert.lib.tenancy import platform_scope

_TEXTS = ("text", "character varying", "jsonb", "ARRAY", "USER-DEFINED", "json", "character")
# Another capacity of perhaps the same person, with a request of its own.
_OF_LOGIN_PROFILES = ("accounts_", "django_", "axes_", "auth_")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Found:
    """Where something was found: a column or a file, and how often."""

    place: str
    times: int


@dataclass(frozen=True)
class Scan:
    """What was searched, and what was found there."""

    columns: int
    files: int
    found: tuple[Found, ...]


def scan(*, address: str, names: Iterable[str] = (), account_id: int | None = None) -> Scan:
    """Search for a normalised address and full names; in one account's rows and the platform's where one is given."""
    needles = spellings(address, names)
    found: list[Found] = []
    columns = 0
    with platform_scope("privacy: search for an erased person"):
        for table, column, kind, has_account in list(_columns()):
            if account_id is not None and not has_account and table.startswith(_OF_LOGIN_PROFILES):
                continue
            columns += 1
            times = _count(table, column, kind, needles, account_id if has_account else None)
            if times:
                found.append(Found(f"{table}.{column}", times))
    files = [path for root in roots() for path in sorted(root.rglob("*")) if path.is_file()]
    found += [Found(_shown(path), 1) for path in files if _in_file(path, needles)]
    return Scan(columns, len(files), tuple(found))


def spellings(address: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return in lower case the ways in which an address or a full name may have been written down."""
    found = {
        address,
        addresses.for_display(address),
        quote(address),
        quote(address, safe="@"),
        address.replace("@", "="),
    }
    for name in names:
        if len(name.split()) > 1:
            found |= {name, quote(name), name.replace(" ", "+")}
    return tuple(sorted(each.lower() for each in found))


def roots() -> list[Path]:
    """Return the directories in which files with personal data may lie."""
    candidates = (settings.MEDIA_DIR, settings.SPOOL_DIR, settings.JOURNAL_DIR, settings.LEDGER_DIR)
    return [Path(each) for each in candidates if Path(each).is_dir()]


def _columns() -> Iterator[tuple[str, str, str, bool]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.table_name, c.column_name, c.data_type,
                   EXISTS (SELECT 1 FROM information_schema.columns a
                            WHERE a.table_schema = 'public' AND a.table_name = c.table_name
                              AND a.column_name = 'account_id')
              FROM information_schema.columns c
              JOIN pg_class k ON k.relname = c.table_name AND k.relnamespace = 'public'::regnamespace
             WHERE c.table_schema = 'public' AND k.relkind IN ('r', 'p') AND NOT k.relispartition
               AND (c.data_type = ANY(%s) OR c.data_type = 'bytea')
               AND has_table_privilege(k.oid, 'SELECT')
             ORDER BY 1, 2
            """,
            [list(_TEXTS)],
        )
        yield from cursor.fetchall()


def _count(table: str, column: str, kind: str, needles: tuple[str, ...], account_id: int | None) -> int:
    quoted, name = connection.ops.quote_name(table), connection.ops.quote_name(column)
    if kind == "bytea":
        condition = " OR ".join(f"position(%s::bytea IN {name}) > 0" for _ in needles)
        parameters: list[str | bytes | int] = [needle.encode() for needle in needles]
    else:
        condition = " OR ".join(f"position(%s IN lower({name}::text)) > 0" for _ in needles)
        parameters = list(needles)
    own = ""
    if account_id is not None:
        own = "account_id = %s AND "
        parameters.insert(0, account_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {quoted} WHERE {own}({condition})", parameters)  # noqa: S608  # names are quoted
        return int(cursor.fetchone()[0])


def _in_file(path: Path, needles: tuple[str, ...]) -> bool:
    wanted = [needle.encode() for needle in needles]
    overlap = max(map(len, wanted)) - 1
    tail = b""
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            window = tail + chunk.lower()
            if any(needle in window for needle in wanted):
                return True
            tail = window[-overlap:]
    return False


def _shown(path: Path) -> str:
    for root in roots():
        if path.is_relative_to(root):
            return f"{root.name}/{path.relative_to(root)}"
    return path.name
