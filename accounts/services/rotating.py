"""Sealing again, with the newest key of the ring, what older ones sealed.

Generic: every column `sealed_*` of every table, sealed for the context "table.column", and the accounts' wrapped data
keys. Work goes in chunks, each a transaction of its own; what is done already is not found again, so it can be stopped
at any moment and started anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection, models
from psycopg import sql

from accounts.models import Account
from emailconcert.lib import encryption, keys
from emailconcert.lib.tenancy import platform_scope

_REASON = "accounts: rotate keys"


@dataclass
class Rotation:
    """How far a rotation came: values sealed again, and (column, row) of those that could not be opened."""

    columns: dict[str, int] = field(default_factory=dict)
    unreadable: list[tuple[str, int]] = field(default_factory=list)

    @property
    def rotated(self) -> int:
        """Return how many values were sealed again."""
        return sum(self.columns.values())


def rotate(*, chunk: int = 500, limit: int | None = None) -> Rotation:
    """Seal everything again that is not under the newest key; stop after about `limit` values."""
    found = Rotation()
    for table, column in [*sealed_columns(), (Account._meta.db_table, "wrapped_key")]:
        for done in _rotate_column(table, column, chunk, found):
            name = f"{table}.{column}"
            found.columns[name] = found.columns.get(name, 0) + done
            if limit is not None and found.rotated >= limit:
                return found
    return found


def sealed_columns() -> list[tuple[str, str]]:
    """Return (table, column) of everything that is sealed with a ring key or an account's key."""
    return sorted(
        (model._meta.db_table, field.column or "")
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.BinaryField) and field.name.startswith("sealed_")
    )


def waiting() -> int:
    """Return how many values an older key of the ring seals."""
    total = 0
    with platform_scope(_REASON), connection.cursor() as cursor:
        for table, column in [*sealed_columns(), (Account._meta.db_table, "wrapped_key")]:
            cursor.execute(_statement("SELECT count(*) FROM {table} WHERE {old}", table, column), [_newest()])
            total += cursor.fetchone()[0]
    return total


def _rotate_column(table: str, column: str, chunk: int, found: Rotation) -> Iterator[int]:
    after = 0
    query = "SELECT id, {column} FROM {table} WHERE {old} AND id > %s ORDER BY id LIMIT %s FOR UPDATE"
    while True:
        with platform_scope(_REASON), connection.cursor() as cursor:
            cursor.execute(_statement(query, table, column), [_newest(), after, chunk])
            rows = cursor.fetchall()
            if not rows:
                return
            fresh = list(_sealed_again(table, column, rows, found))
            cursor.executemany(_statement("UPDATE {table} SET {column} = %s WHERE id = %s", table, column), fresh)
            after = rows[-1][0]
        yield len(fresh)


def _sealed_again(
    table: str, column: str, rows: list[tuple[int, bytes]], found: Rotation
) -> Iterator[tuple[bytes, int]]:
    context = f"{table}.{column}"
    for pk, envelope in rows:
        try:
            if column == "wrapped_key":
                yield encryption.rewrap_data_key(bytes(envelope), account_id=pk), pk
            else:
                yield encryption.seal(encryption.unseal(bytes(envelope), context=context), context=context), pk
        except encryption.CannotDecrypt:
            found.unreadable.append((context, pk))


def _newest() -> int:
    return next(iter(keys.encryption_ring()))


def _statement(text: str, table: str, column: str) -> sql.Composed:
    """Return the query; `{old}` is true of values sealed by a ring key (0 is an account's) that is not the newest."""
    name = sql.Identifier(column)
    old = sql.SQL("length({0}) > 1 AND get_byte({0}, 1) NOT IN (0, %s)").format(name)
    return sql.SQL(text).format(table=sql.Identifier(table), column=name, old=old)
