"""What the current thread of work is about, for logs and scopes."""

from contextvars import ContextVar

account_id: ContextVar[int | None] = ContextVar("ec_account", default=None)
request_id: ContextVar[str | None] = ContextVar("ec_request", default=None)
