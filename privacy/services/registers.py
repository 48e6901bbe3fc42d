"""Reading the registers of all accounts, for the Data Protection Officer."""

from contextlib import AbstractContextManager

from emailconcert.lib.tenancy import platform_scope


def register_scope() -> AbstractContextManager[None]:
    """Return the scope in which the registers of all accounts are read."""
    return platform_scope("privacy: read the registers")
