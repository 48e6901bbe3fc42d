"""What is said of a value that a field does not take."""

from emailconcert.lib.errors import ExpectedError


class BadValue(ExpectedError):
    """A value that the field does not take, in words that mend it."""
