"""From a record of a file to a row of contacts ready for COPY, or the reason why not."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import orjson

from contacts.fields import BadValue, Field
from contacts.fields.kinds import Kind, Value
from contacts.fields.kinds import reader as value_reader
from contacts.files.layout import NULL, Layout, array, escaped, layout
from contacts.files.standings import NO, Standing, happened, read_standing, worse
from emailconcert.lib import addresses
from emailconcert.lib.addresses import BadAddress
from emailconcert.lib.errors import ExpectedError

_MAX_TAG = 60
_MAX_TAGS = 50
_MAX_NAME = 100
_STANDINGS = frozenset({"status", "opted_out", "bounced"})
# Of each column so many short texts are remembered as they were read: countries, first names and dates come again.
_REMEMBERED = 2_000
_SHORT = 40


class BadRow(ExpectedError):
    """A row that cannot be taken."""


class Row(NamedTuple):
    """One row, ready to be stored: `copied` is its text for COPY without the hash; empty for who is not subscribed."""

    email: str
    standing: Standing
    copied: str

    @property
    def said_no(self) -> bool:
        """Tell whether the file says that this person must not be written to."""
        return self.standing in NO


Reader = Callable[[Sequence[str]], Row]
_Part = Callable[[str], str]


class _Parts(dict[str, str]):
    """Texts of one column → what stands for them in COPY, an empty text for nothing; `read` is asked for unknown ones."""

    def __init__(self, read: _Part) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> str:
        part = "" if not text or text.isspace() else self._read(text)
        if len(text) <= _SHORT and len(self) < _REMEMBERED:
            self[text] = part
        return part


def reader(
    mapping: Mapping[str, str],
    fields: Mapping[str, Field],
    *,
    heads: Sequence[str] = (),
    day_first: bool = True,
    region: str = "",
) -> Reader:
    """Return the function that reads a record by this mapping (column number as text → target).

    `fields` gives the fields by name. Each column's reader is made once. It raises `BadRow` or `BadAddress`.
    """
    wanted = [(int(number), target) for number, target in mapping.items() if target]
    at = next(number for number, target in wanted if target == "email")
    says = [(number, target) for number, target in wanted if target in _STANDINGS]
    kept = [(number, target) for number, target in wanted if target != "email" and target not in _STANDINGS]
    build, slots = _builder(layout(mapping), [target for _, target in kept])
    rest = [
        (number, slots[target], _Parts(_part_reader(target, fields, day_first=day_first, region=region)))
        for number, target in kept
    ]
    width = max(number for number, _ in wanted) + 1
    blank = [""] * len(slots)
    normalise, subscribed = addresses.normalise, Standing.SUBSCRIBED

    def read(cells: Sequence[str]) -> Row:
        if len(cells) < width:
            cells = [*cells, *[""] * (width - len(cells))]
        raw = cells[at]
        if not raw or raw.isspace():
            raise BadRow("There is no email address in this row.")
        email = normalise(raw)
        if says and (standing := _worst(says, cells)) != subscribed:
            return Row(email, standing, "")  # whatever else stands there is not taken
        parts = blank.copy()
        number = at
        try:
            for number, slot, known in rest:  # named in the error
                parts[slot] = known[cells[number]]
        except BadValue as error:
            head = heads[number].strip() if number < len(heads) else ""
            raise BadRow(f"{head or f'Column {number + 1}'}: {error}") from None
        return Row(email, subscribed, build(email, parts))

    return read


def _builder(plan: Layout, targets: Sequence[str]) -> tuple[Callable[[str, list[str]], str], dict[str, int]]:
    """Return the function that makes a row of its parts, and where the part of each target stands."""
    own = [target for target in targets if target not in {*plan.texts, *plan.dates, "name", "tags"}]
    order = [*plan.texts, *plan.dates, *own, "name", "tags"]
    slots = {target: number for number, target in enumerate(order)}
    dates = range(len(plan.texts), len(plan.texts) + len(plan.dates))
    fixed, owns = len(plan.texts) + len(plan.dates), slice(len(plan.texts) + len(plan.dates), -2)
    first, last = slots.get("first_name", 0), slots.get("last_name", 0)

    def build(email: str, parts: list[str]) -> str:
        if parts[-2]:
            for slot, part in zip((first, last), parts[-2].split("\t"), strict=True):
                parts[slot] = parts[slot] or part
        for slot in dates:
            parts[slot] = parts[slot] or NULL
        row = [escaped(email), *parts[:fixed]]
        if plan.values:
            row.append("{" + ",".join(filter(None, parts[owns])) + "}")
        if plan.tags:
            row.append(parts[-1] or "{}")
        return "\t".join(row)

    return build, slots


def _part_reader(target: str, fields: Mapping[str, Field], *, day_first: bool, region: str) -> _Part:
    if target == "name":
        return _full_name
    if target == "tags":
        return lambda text: array(_tags(text))
    found = fields[target]
    read = value_reader(found.kind, found.choices, day_first=day_first, region=region)
    if not found.is_own:
        return lambda text: escaped(str(read(text) or ""))
    name, dumps = orjson.dumps(found.key).decode(), orjson.dumps

    def own(text: str) -> str:
        value = read(text)
        return "" if value is None or value == "" else escaped(f"{name}:{dumps(value).decode()}")

    return own


def _worst(says: Sequence[tuple[int, str]], cells: Sequence[str]) -> Standing:
    worst = Standing.SUBSCRIBED
    for number, target in says:
        if text := cells[number].strip():
            worst = worse(worst, _standing(target, text))
    return worst


def _standing(target: str, text: str) -> Standing:
    if target == "status":
        found = read_standing(text)
        if found is None:
            raise BadRow(f"“{text[:40]}” is not a status that is known here, so this person is left out.")
        return found
    if not happened(text):
        return Standing.SUBSCRIBED
    return Standing.UNSUBSCRIBED if target == "opted_out" else Standing.BOUNCED


def _full_name(text: str) -> str:
    """Return first and last name, a tab between them."""
    text = str(_read_name(" ".join(text.split())) or "")
    first, _, last = text.partition(" ") if "," not in text else reversed_name(text)
    return f"{escaped(first)}\t{escaped(last)}"


_read_text = value_reader(Kind.TEXT)


def _read_name(text: str) -> Value:
    if len(text) > _MAX_NAME:
        raise BadValue(f"This is longer than {_MAX_NAME} characters.")
    return _read_text(text)


def reversed_name(text: str) -> tuple[str, str, str]:
    """Return "Berg, Alice" as ("Alice", " ", "Berg")."""
    last, _, first = text.partition(",")
    return first.strip(), " ", last.strip()


def _tags(text: str) -> list[str]:
    names = [" ".join(name.replace("\0", "").split()).strip(' "') for name in re.split(r"[,;|]", text)]
    if any(len(name) > _MAX_TAG for name in names):
        raise BadValue(f"A tag is longer than {_MAX_TAG} characters.")
    return [name for name in dict.fromkeys(names) if name][:_MAX_TAGS]


__all__ = ["BadAddress", "BadRow", "Reader", "Row", "reader"]
