"""What goes into a package: JSON with its schema, tables, a report to read without a network, and a manifest."""

import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.conf import settings
from django.template.loader import render_to_string

from privacy import registry
from privacy.checks import schedule
from privacy.models import PrivacyRequest

# Spreadsheets run cells that begin like this. Source: OWASP, CSV injection.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

RIGHTS = (
    "to see and get a copy of your data",
    "to have it corrected",
    "to limit its use and its disclosure",
    "to be forgotten",
    "to object to marketing at any time",
    "to complain to a supervisory authority and to go to court",
)


@dataclass(frozen=True)
class Held:
    """One kind of data with its rows."""

    key: str
    title: str
    purpose: str
    retention: str
    rows: registry.Rows

    @property
    def columns(self) -> list[str]:
        """Return every key that a row has, in order of appearance."""
        return list(dict.fromkeys(key for row in self.rows for key in row))

    @property
    def cells(self) -> list[list[str]]:
        """Return the rows as texts, for tables."""
        return [[as_text(row.get(column)) for column in self.columns] for row in self.rows]


def gather(subject: registry.Subject) -> list[Held]:
    """Return everything the apps hold of a person."""
    classes = schedule()["classes"]
    return [
        Held(
            key=f"{each.app}.{each.name}",
            title=each.title,
            purpose=each.purpose,
            retention=_retention(classes.get(each.retention_class, {})),
            rows=each.export(subject),
        )
        for each in registry.held_of(subject.kind)
    ]


def pack(*, request: PrivacyRequest, subject: registry.Subject, held: list[Held], now: datetime) -> bytes:
    """Return the ZIP."""
    data = as_data(request=request, subject=subject, held=held, now=now)
    files: dict[str, bytes] = {
        "data.json": orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str),
        "schema.json": orjson.dumps(SCHEMA, option=orjson.OPT_INDENT_2),
        "report.html": render_to_string("privacy/report.html", {"data": data, "held": held, "now": now}).encode(),
    }
    for each in held:
        if each.rows:
            files[f"tables/{each.key}.csv"] = as_csv(each)
    manifest = "".join(f"{digest(content)}  {name}\n" for name, content in sorted(files.items()))
    files["manifest.sha256"] = manifest.encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def as_data(*, request: PrivacyRequest, subject: registry.Subject, held: list[Held], now: datetime) -> dict[str, Any]:
    """Return the content of data.json."""
    return {
        "format": "emailconcert.personal-data",
        "version": 1,
        "reference": request.reference,
        "made_at": now.isoformat(),
        "person": {"kind": str(subject.kind), "email": subject.address, "names": list(subject.names)},
        "controller": request.account.name if request.account else settings.PLATFORM_NAME,
        "processor": settings.PLATFORM_NAME,
        "recipients": ["the account owner and its members", "the mail servers that carry messages to your mailbox"],
        "safeguards": "Data stays with the operator of this service; no transfer outside is made by the service itself.",
        "rights": list(RIGHTS),
        "contact": settings.DPO_ADDRESS,
        "data": [
            {
                "key": each.key,
                "title": each.title,
                "purpose": each.purpose,
                "retention": each.retention,
                "rows": each.rows,
            }
            for each in held
        ],
    }


def as_csv(held: Held) -> bytes:
    """Return a table that a spreadsheet opens without running anything in it."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([neutral(column) for column in held.columns])
    for row in held.cells:
        writer.writerow([neutral(cell) for cell in row])
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def as_text(value: object) -> str:
    """Return a value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return orjson.dumps(value, default=str).decode()
    return str(value)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _retention(entry: dict[str, Any]) -> str:
    if not entry:
        return ""
    period = f"{entry['days']} days after: {entry['trigger']}" if entry.get("days") else f"until {entry['trigger']}"
    return f"{period}; then: {entry['action']}"


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A person's data held by EmailConcert, version 1",
    "type": "object",
    "required": ["format", "version", "reference", "made_at", "person", "data", "rights", "contact"],
    "properties": {
        "format": {"const": "emailconcert.personal-data"},
        "version": {"const": 1},
        "reference": {"type": "string"},
        "made_at": {"type": "string", "format": "date-time"},
        "person": {
            "type": "object",
            "required": ["kind", "email"],
            "properties": {
                "kind": {"enum": ["contact", "user"]},
                "email": {"type": "string"},
                "names": {"type": "array", "items": {"type": "string"}},
            },
        },
        "controller": {"type": "string"},
        "processor": {"type": "string"},
        "recipients": {"type": "array", "items": {"type": "string"}},
        "safeguards": {"type": "string"},
        "rights": {"type": "array", "items": {"type": "string"}},
        "contact": {"type": "string"},
        "data": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "title", "purpose", "retention", "rows"],
                "properties": {
                    "key": {"type": "string"},
                    "title": {"type": "string"},
                    "purpose": {"type": "string"},
                    "retention": {"type": "string"},
                    "rows": {"type": "array", "items": {"type": "object"}},
                },
            },
        },
    },
}
