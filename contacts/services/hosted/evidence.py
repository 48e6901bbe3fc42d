"""A person's consents as evidence: who agreed, when, how, to which exact words, and how it was confirmed or withdrawn."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Account
from accounts.services import auditing
from accounts.services.auditing import Actor
from contacts.files import writing
from contacts.models import Contact, Form, Import, List
from privacy.services import consents

COLUMNS = (
    "email", "wording", "wording_sha256", "list", "channel", "source", "form_version", "given_at", "confirmed_at",
    "withdrawn_at", "network",
)  # fmt: skip


@dataclass(frozen=True)
class Agreed:
    """One consent for people: names in place of numbers."""

    wording: str
    sha256: str
    list: str
    channel: str
    source: str
    version: int | None
    network: str
    given_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None


def of_contact(contact: Contact) -> list[Agreed]:
    """Return the consents of a contact's address, the newest first. Call in the account's scope."""
    rows = consents.evidence(account_id=contact.account_id, address_hash=bytes(contact.email_hash))
    lists = _names(List, contact.account_id, {row.list_id for row in rows}, "name")
    forms = _names(Form, contact.account_id, {row.source_id for row in rows if _is(row, consents.Channel.FORM)}, "name")
    files = _names(
        Import, contact.account_id, {row.source_id for row in rows if _is(row, consents.Channel.IMPORT)}, "file_name"
    )
    return [
        Agreed(
            wording=row.wording,
            sha256=hashlib.sha256(row.wording.encode()).hexdigest(),
            list=_gone(lists, row.list_id, "a list"),
            channel=row.channel,
            source=_gone(forms, row.source_id, "a form")
            if _is(row, consents.Channel.FORM)
            else files.get(row.source_id or 0, ""),
            version=row.source_version,
            network=row.network,
            given_at=row.given_at,
            confirmed_at=row.confirmed_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in rows
    ]


def as_json(contact: Contact, account: Account, *, now: datetime) -> dict[str, Any]:
    """Return the evidence as plain JSON values; instants in UTC."""
    return {
        "account": account.name,
        "person": contact.email,
        "made_at": now.isoformat(),
        "consents": [dict(zip(COLUMNS, _row(contact, each), strict=True)) for each in of_contact(contact)],
    }


def as_csv(contact: Contact) -> str:
    """Return the evidence as CSV, formulas neutralised."""
    return "".join(writing.lines([COLUMNS, *(_row(contact, each) for each in of_contact(contact))]))


def note_download(contact: Contact, *, actor: Actor, now: datetime) -> None:
    """Audit that somebody took the evidence away."""
    auditing.record(
        action="contact.evidence",
        actor=actor,
        now=now,
        account_id=contact.account_id,
        target=("contact", contact.pk),
    )


def _row(contact: Contact, each: Agreed) -> tuple[str, ...]:
    moments = (each.given_at, each.confirmed_at, each.withdrawn_at)
    given, confirmed, withdrawn = (moment.isoformat() if moment else "" for moment in moments)
    version = "" if each.version is None else str(each.version)
    return (
        contact.email, each.wording, each.sha256, each.list, each.channel, each.source, version, given, confirmed,
        withdrawn, each.network,
    )  # fmt: skip


def _is(row: consents.Evidence, channel: consents.Channel) -> bool:
    return row.channel == str(channel.label)


def _gone(names: Mapping[int, str], pk: int | None, what: str) -> str:
    return "" if pk is None else names.get(pk, f"{what} that was deleted")


def _names(model: Any, account_id: int, pks: Collection[int | None], column: str) -> dict[int, str]:
    wanted = {pk for pk in pks if pk is not None}
    if not wanted:
        return {}
    return dict(model.objects.filter(account_id=account_id, pk__in=wanted).values_list("pk", column))
