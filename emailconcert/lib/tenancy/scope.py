"""Whose rows may be touched just now.

A scope is a transaction in which PostgreSQL knows the account (`ec.account`), set with `is_local`, so that it ends with
the transaction and nothing leaks over a kept or pooled connection. Python keeps the same value, so that a query without
scope raises at once instead of returning nothing.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection, transaction

from emailconcert.lib import context

logger = logging.getLogger(__name__)

_account = context.account_id
_platform: ContextVar[str | None] = ContextVar("ec_platform", default=None)

_current_role: ContextVar[str] = ContextVar("ec_role", default="none")

T = TypeVar("T")

PLATFORM_ROLE = "ec_platform"
SEGMENT_ROLE = "ec_segments"


class NoScope(Exception):
    """A tenant's table was queried outside any account's scope."""


class ScopeConflict(Exception):
    """Another account's scope was entered inside one."""


def current_account_id() -> int | None:
    """Return the id of the account in scope."""
    return _account.get()


def in_platform_scope() -> bool:
    """Tell whether the platform's own work is under way."""
    return _platform.get() is not None


def require_scope(model: str) -> None:
    """Raise `NoScope` unless an account or the platform is in scope."""
    if _account.get() is None and _platform.get() is None:
        raise NoScope(f"{model} was queried without an account scope.")


@contextmanager
def account_scope(account: Any) -> Iterator[None]:
    """Open a transaction that sees and writes one account's rows only.

    `account` is an Account or its id. Entering the same account again nests; entering another raises `ScopeConflict`.
    """
    account_id = int(getattr(account, "pk", account))
    before = _account.get()
    if before == account_id and not in_platform_scope():
        with transaction.atomic():
            yield
        return
    if before is not None and before != account_id:
        raise ScopeConflict(f"Account {account_id}'s scope was entered inside account {before}'s.")
    if in_platform_scope():
        raise ScopeConflict(f"Account {account_id}'s scope was entered inside the platform's.")
    with _setting("ec.account", str(account_id), ""), _variable(_account, account_id):
        yield


@contextmanager
def user_scope(user_id: int) -> Iterator[None]:
    """Open a transaction in which a login profile may read its own memberships, in whatever accounts."""
    with _setting("ec.user", str(user_id), ""), _variable(_platform, "own memberships"):
        yield


@contextmanager
def platform_scope(reason: str) -> Iterator[None]:
    """Open a transaction under the role that sees every account's rows, for the platform's own named work.

    The reason is a constant (`"delivery: wake due mailings"`) and is logged. Only the services named in
    tests/test_tenancy.py may use it. Inside an account's scope it may be entered; the account is back afterwards.
    """
    logger.debug("platform scope entered", extra={"reason": reason})
    with _role(PLATFORM_ROLE), _variable(_platform, reason):
        yield


@contextmanager
def segment_scope() -> Iterator[None]:
    """Read under the role whose policy keeps JSONB and text indexes usable; for the segment compiler only.

    Its policy trusts the query to say the account, which the compiler does in its first condition.
    """
    if _account.get() is None:
        raise NoScope("Segments are read inside an account's scope.")
    with _role(SEGMENT_ROLE):
        yield


@contextmanager
def _role(role: str) -> Iterator[None]:
    before = _current_role.get()
    with _setting("role", role, before), _variable(_current_role, role):
        yield


@contextmanager
def _setting(name: str, value: str, before: str) -> Iterator[None]:
    """Hold a transaction-local setting; after an error the rollback puts the value before back by itself.

    Inside a transaction, setting travels with the savepoint's beginning, and putting back with its release: scopes are
    entered several times in a request, and each statement is a journey.
    """
    nested = connection.in_atomic_block and not connection.needs_rollback
    block = transaction.atomic()
    with _beside("SAVEPOINT", lambda savepoint: f"{savepoint}; {_set(name, value)}"):
        block.__enter__()
    try:
        if not nested:
            _execute(_set(name, value))
        yield
    except BaseException as error:
        block.__exit__(type(error), error, error.__traceback__)
        raise
    with _beside("RELEASE", lambda release: f"{_set(name, before)}; {release}"):
        if not nested and not connection.needs_rollback:
            _execute(_set(name, before))  # what is checked at the commit is checked outside the scope
        block.__exit__(None, None, None)


@contextmanager
def _beside(beginning: str, joined: Callable[[str], str]) -> Iterator[None]:
    """Let the statements that begin so be sent together with another."""

    def execute(run: Callable[..., Any], statement: str, *rest: Any) -> Any:
        return run(joined(statement) if statement.startswith(beginning) else statement, *rest)

    with connection.execute_wrapper(execute):
        yield


@contextmanager
def _variable(variable: ContextVar[T], value: T) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _set(name: str, value: str) -> str:
    return f"SELECT set_config({_quoted(name)}, {_quoted(value)}, true)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
