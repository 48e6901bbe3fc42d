"""What personal data each app holds, and how it is found, shown, counted, erased and swept.

Apps register in their `personal_data.py`, which is imported once all models are known. Functions run inside the scope of
the subject's account or inside the platform's, so they always filter by `subject.account_id` themselves; they open no
scope of their own and leave counters alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class SubjectKind(StrEnum):
    """Whose data it is."""

    CONTACT = "contact"
    USER = "user"


@dataclass(frozen=True)
class Subject:
    """One person: a contact in one account, or a login profile (account 0, `user_id`)."""

    kind: SubjectKind
    account_id: int
    address: str
    address_hash: bytes
    contact_ids: tuple[int, ...] = ()
    user_id: int | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """A contact found by its address, in whatever account."""

    account_id: int
    contact_id: int
    names: tuple[str, ...] = ()
    address: str = ""


Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class PersonalData:
    """One kind of data that an app holds of a person.

    `export` returns rows of plain JSON values; `count` is the dry run of `erase`, which returns how many rows went (or
    lost the person). What cannot be erased, and why, stands in `kept`.
    """

    app: str
    name: str
    title: str
    purpose: str
    retention_class: str
    export: Callable[[Subject], Rows]
    count: Callable[[Subject], int]
    erase: Callable[[Subject, datetime], int]
    kind: SubjectKind = SubjectKind.CONTACT
    kept: str = ""
    restrict: Callable[[Subject, datetime], None] | None = None
    order: int = field(default=50)


@dataclass(frozen=True)
class Sweep:
    """What goes by itself after a while: `sweep(cutoff, dry_run)` returns how many rows are (or would be) gone.

    It runs without a scope: the app's service opens what it needs.
    """

    retention_class: str
    title: str
    keep: timedelta
    sweep: Callable[[datetime, bool], int]


Finder = Callable[[str], list[Match]]
HashFinder = Callable[[int, bytes], list[Match]]

_held: dict[tuple[str, str], PersonalData] = {}
_sweeps: dict[str, Sweep] = {}
_finders: list[Finder] = []
_hash_finders: list[HashFinder] = []


def register(data: PersonalData) -> None:
    """Register one kind of data."""
    _held[data.app, data.name] = data


def register_sweep(sweep: Sweep) -> None:
    """Register what the retention sweeper calls."""
    _sweeps[sweep.retention_class] = sweep


def register_finder(finder: Finder) -> None:
    """Register how contacts of a normalised address are found in all accounts (inside the platform's scope)."""
    if finder not in _finders:
        _finders.append(finder)


def register_hash_finder(finder: HashFinder) -> None:
    """Register how an account's contact is found by keyed hash, with its address (inside the account's scope)."""
    if finder not in _hash_finders:
        _hash_finders.append(finder)


def held_of(kind: SubjectKind) -> list[PersonalData]:
    """Return what is held of a kind of person, in the order in which it is erased."""
    return sorted((each for each in _held.values() if each.kind == kind), key=lambda each: (each.order, each.app))


def sweeps() -> list[Sweep]:
    """Return every registered sweep."""
    return list(_sweeps.values())


def find_contacts(address: str) -> list[Match]:
    """Return the contacts of a normalised address in all accounts. Call inside the platform's scope."""
    return [match for finder in _finders for match in finder(address)]


def find_by_hash(account_id: int, address_hash: bytes) -> list[Match]:
    """Return an account's contacts with that keyed hash. Call inside the account's scope."""
    return [match for finder in _hash_finders for match in finder(account_id, address_hash)]
