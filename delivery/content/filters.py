"""Liquid's filters, each with a bound on what goes in and what comes out.

Without bounds a template of one line can run for minutes or eat all memory (a join over a long range, replaces that
feed each other, a date format with a width of a billion). Filters not named here do not exist in mails.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from liquid import Environment, Markup, RenderContext
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_context
from liquid.undefined import is_undefined

from delivery.content import dates

# Not to be written by anybody: under it a message's values have the account's own manner.
HOUSE = "ec_house"
MAX_TEXT = 20_000
MAX_ITEMS = 1_000
_MAX_NUMBER = 10**18

_PLAIN = [
    "abs",
    "at_least",
    "at_most",
    "capitalize",
    "ceil",
    "compact",
    "concat",
    "default",
    "divided_by",
    "downcase",
    "escape",
    "escape_once",
    "first",
    "floor",
    "last",
    "lstrip",
    "map",
    "minus",
    "modulo",
    "newline_to_br",
    "plus",
    "prepend",
    "append",
    "remove",
    "remove_first",
    "remove_last",
    "replace_first",
    "replace_last",
    "reverse",
    "round",
    "rstrip",
    "size",
    "slice",
    "sort",
    "sort_natural",
    "strip",
    "strip_html",
    "strip_newlines",
    "sum",
    "times",
    "truncate",
    "truncatewords",
    "uniq",
    "upcase",
    "url_decode",
    "url_encode",
    "where",
]


def bounded_filters(environment: Environment) -> dict[str, Callable[..., Any]]:
    """Return the filters that a mail may use, bounded."""
    known = environment.filters
    found = {name: _bounded(known[name]) for name in _PLAIN}
    found["join"] = _bounded(known["join"], _check_join)
    found["replace"] = _bounded(known["replace"], _check_replace)
    found["split"] = _bounded(known["split"], _check_split)
    found["date"] = _date
    return found


@with_context
def _date(value: Any, form: Any = "long", *, context: RenderContext) -> str:
    """Write a date as the contact does; the message's values tell who that is."""
    form = str(form)
    if mistake := dates.mistake(form):
        raise FilterArgumentError(mistake, token=None)
    return manner_in(context.globals).write(_plain_value(value), form)


def manner_in(values: Mapping[str, Any]) -> dates.Manner:
    """Return how dates are written in a message with these values."""
    return dates.manner_of(values, values.get(HOUSE) or dates.House())


def _plain_value(value: Any) -> Any:
    if is_undefined(value):
        return None
    return str(value) if isinstance(value, str) else value


def _bounded(function: Callable[..., Any], check: Callable[..., None] | None = None) -> Callable[..., Any]:
    @wraps(function)
    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        _check_size(value)
        for arg in args:
            _check_size(arg)
        if check:
            check(value, *args)
        result = function(value, *args, **kwargs)
        _check_size(result)
        return result

    return call


def _check_size(value: Any) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            _refuse(f"a text longer than {MAX_TEXT:,} characters")
    elif isinstance(value, range):
        if value.stop - value.start > MAX_ITEMS:
            _refuse(f"a range of more than {MAX_ITEMS:,} numbers")
    elif isinstance(value, list | tuple | dict):
        if len(value) > MAX_ITEMS:
            _refuse(f"a list of more than {MAX_ITEMS:,} items")
    elif isinstance(value, int) and abs(value) > _MAX_NUMBER:
        _refuse("a number of more than 18 digits")


def _check_join(value: Any, separator: Any = " ") -> None:
    if isinstance(value, list | tuple | range):
        _check_total(sum(len(str(item)) for item in value) + len(str(separator)) * len(value))


def _check_replace(value: Any, old: Any = "", new: Any = "") -> None:
    text, old, new = str(value), str(old), str(new)
    _check_total(len(text) + text.count(old) * max(0, len(new) - len(old)))


def _check_split(value: Any, separator: Any = " ") -> None:
    text, separator = str(value), str(separator or "")
    if (text.count(separator) if separator else len(text)) > MAX_ITEMS:
        _refuse(f"a list of more than {MAX_ITEMS:,} items")


def _check_total(length: int) -> None:
    if length > MAX_TEXT:
        _refuse(f"a text longer than {MAX_TEXT:,} characters")


def _refuse(what: str) -> None:
    raise FilterArgumentError(f"This makes {what}", token=None)


def as_text(value: Any) -> str:
    """Return how Liquid prints a plain value, not escaped."""
    if isinstance(value, Markup | str):
        return str(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "".join(as_text(item) for item in value)
    return str(value)
