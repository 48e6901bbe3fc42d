"""Consent that can be shown: who, when, how, to which exact words. Call inside the account's scope."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from privacy.models import Consent, Wording

Channel = Consent.Channel


@dataclass(frozen=True)
class Evidence:
    """One consent, with its words, as it is shown and exported."""

    wording: str
    channel: str
    list_id: int | None
    source_id: int | None
    source_version: int | None
    network: str
    given_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None


def archive_wording(*, account_id: int, text: str) -> Wording:
    """Keep the exact words once, by their hash; return the row."""
    text_hash = hashlib.sha256(text.encode()).digest()
    wording, _ = Wording.objects.get_or_create(account_id=account_id, text_hash=text_hash, defaults={"text": text})
    return wording


def record_consent(
    *,
    account_id: int,
    address_hash: bytes,
    wording_text: str,
    channel: Consent.Channel,
    now: datetime,
    list_id: int | None = None,
    source_id: int | None = None,
    source_version: int | None = None,
    network: str = "",
    confirmed: bool = False,
) -> Consent:
    """Write down that a person agreed; `confirmed` where no confirmation is to follow."""
    return Consent.objects.create(
        account_id=account_id,
        address_hash=address_hash,
        wording=archive_wording(account_id=account_id, text=wording_text),
        channel=channel,
        list_id=list_id,
        source_id=source_id,
        source_version=source_version,
        network=network,
        given_at=now,
        confirmed_at=now if confirmed else None,
    )


def record_table(
    *,
    account_id: int,
    table: str,
    wording_text: str,
    channel: Consent.Channel,
    given_at: datetime,
    now: datetime,
    source_id: int,
) -> int:
    """Write down one confirmed consent for each row (address_hash, list_id) of a temporary table, for imports.

    `given_at` is when they agreed, `now` when that is recorded. Return how many.
    """
    wording = archive_wording(account_id=account_id, text=wording_text)
    # One statement for the set: an import writes tens of thousands at a time.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO privacy_consent
                   (account_id, address_hash, wording_id, channel, list_id, source_id, network, given_at, confirmed_at)
            SELECT %s, address_hash, %s, %s, list_id, %s, '', %s, %s FROM {table}
            """,  # noqa: S608  # a table that code named
            [account_id, wording.pk, str(channel), source_id, given_at, now],
        )
        return int(cursor.rowcount)


def take_back(*, account_id: int, hashes: Collection[bytes], channel: Consent.Channel, source_id: int) -> int:
    """Delete what one source recorded of these addresses, where it turned out to be a mistake. Return how many."""
    rows = Consent.objects.filter(
        account_id=account_id, address_hash__in=list(hashes), channel=channel, source_id=source_id
    )
    return rows.delete()[0]


def confirm(
    *,
    account_id: int,
    address_hash: bytes,
    now: datetime,
    list_id: int | None = None,
    source_id: int | None = None,
    given_at: datetime | None = None,
) -> int:
    """Mark the open consents of an address (to a list, from a source, of a moment, where given) as confirmed.

    Return how many.
    """
    open_ones = _of(account_id, address_hash, list_id, source_id).filter(confirmed_at=None, withdrawn_at=None)
    if given_at is not None:
        open_ones = open_ones.filter(given_at=given_at)
    return open_ones.update(confirmed_at=now)


def withdraw(*, account_id: int, address_hash: bytes, now: datetime, list_id: int | None = None) -> int:
    """Mark the consents of an address (to a list, where given) as withdrawn. Return how many."""
    return _of(account_id, address_hash, list_id, None).filter(withdrawn_at=None).update(withdrawn_at=now)


def evidence(*, account_id: int, address_hash: bytes) -> list[Evidence]:
    """Return all consents of one address, the newest first."""
    rows = _of(account_id, address_hash, None, None).select_related("wording").order_by("-given_at", "-pk")
    return [
        Evidence(
            wording=row.wording.text,
            channel=row.get_channel_display(),
            list_id=row.list_id,
            source_id=row.source_id,
            source_version=row.source_version,
            network=row.network,
            given_at=row.given_at,
            confirmed_at=row.confirmed_at,
            withdrawn_at=row.withdrawn_at,
        )
        for row in rows
    ]


def confirmed_since(*, account_id: int, hashes: Collection[bytes], since: datetime) -> set[bytes]:
    """Return those addresses whose own confirmed opt-in is later than `since`."""
    rows = Consent.objects.filter(
        account_id=account_id,
        address_hash__in=list(hashes),
        confirmed_at__gt=since,
        channel__in=(Channel.FORM, Channel.PREFERENCES),
    )
    return {bytes(each) for each in rows.values_list("address_hash", flat=True)}


def _of(account_id: int, address_hash: bytes, list_id: int | None, source_id: int | None) -> QuerySet[Consent]:
    rows = Consent.objects.filter(account_id=account_id, address_hash=address_hash)
    if list_id is not None:
        rows = rows.filter(list_id=list_id)
    if source_id is not None:
        rows = rows.filter(source_id=source_id)
    return rows
