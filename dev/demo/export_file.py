"""A file as another product's export would be: what goes wrong in real ones is in it."""

import random
from dataclasses import dataclass
from pathlib import Path

FIRST = [
    "Ada",
    "Bea",
    "Carl",
    "Dora",
    "Emil",
    "Fay",
    "Gus",
    "Hana",
    "Ida",
    "Jon",
    "Käthe",
    "Léo",
    "Mía",
    "Nils",
    "Olga",
    "Pia",
    "Quinn",
    "Rosa",
    "Søren",
    "Tove",
    "Ugo",
    "Vera",
    "Wim",
    "Zoë",
]
LAST = [
    "Abel",
    "Brandt",
    "Cruz",
    "Dubois",
    "Evans",
    "Fischer",
    "García",
    "Hansen",
    "Ito",
    "Jansen",
    "Klein",
    "López",
    "Meyer",
    "Novák",
    "O’Hara",
    "Petit",
    "Rossi",
    "Silva",
]
HEADERS = ("E-Mail-Adresse", "Vorname", "Nachname", "Notiz", "MEMBER_RATING", "OPTIN_TIME")
REFUSED = (
    "",
    "nobody",
    "two@@example.com",
    "spaces in@example.com",
    "no-domain@",
    "@no-name.example.com",
    "dots..dots@example.com",
)


@dataclass(frozen=True)
class ExportFile:
    """What is in the file that was written."""

    path: Path
    people: int
    duplicates: int
    refused: int


def write_export(path: Path, *, people: int, duplicates: int, refused: int, tag: str) -> ExportFile:
    """Write semicolons, a byte-order mark, quoted newlines, duplicates in odd spelling, and rows that must be refused."""
    dice = random.Random(20270301)  # noqa: S311  # the same file each time
    rows = [_person(number, dice, tag) for number in range(people)]
    rows += [_again(rows[dice.randrange(people)]) for _ in range(duplicates)]
    rows += [[REFUSED[number % len(REFUSED)], "Bad", f"Row {number}", "", "2", ""] for number in range(refused)]
    dice.shuffle(rows)
    lines = [";".join(HEADERS)] + [";".join(_quote(value) for value in row) for row in rows]
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")
    return ExportFile(path, people, duplicates, refused)


def _person(number: int, dice: random.Random, tag: str) -> list[str]:
    first, last = dice.choice(FIRST), dice.choice(LAST)
    note = dice.choice(["", "", "met at the fair; wants the spring list", 'said "hello"\r\nand asked for a call'])
    return [f"p{number}.{tag}@example.com", first, last, note, str(dice.randint(1, 5)), "2026-02-03 10:11:12"]


def _again(row: list[str]) -> list[str]:
    return [f" {row[0].upper()} ", *row[1:]]


def _quote(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if any(sign in value for sign in ';"\r\n') else value
