"""Making a mailing of what an owner wrote: finished sources and numbered links, once, for everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.conf import settings

from accounts.models import Account
from contacts.models import CustomField, List
from delivery.content import liquid
from delivery.content.compiling import Compiled, compile_content, known_in, known_names
from delivery.content.dates import House
from delivery.content.problems import Problem
from delivery.content.program import Program, Urls
from delivery.esps import ESPS
from delivery.models import Connection, Link, Mailing, Sender
from delivery.services import origins, routing
from emailconcert.lib.tenancy import account_scope

CONTACT_FIELDS = (
    "email", "first_name", "last_name", "language", "country", "time_zone", "date_of_birth", "gender", "phone",
)  # fmt: skip
_VERSION = 1
CannotMail = origins.CannotMail


@dataclass(frozen=True)
class Content:
    """What an owner wrote; `kind` is one of `KINDS`, `text` an own text part (empty: made from the mail)."""

    subject: str
    source: str
    kind: str = "markdown"
    preheader: str = ""
    text: str = ""


@dataclass(frozen=True)
class About:
    """What a mail may say of the campaign it belongs to; a date without a zone is everybody's own day."""

    name: str
    date: datetime


@dataclass(frozen=True)
class Filled:
    """A mail as one contact would get it, and what was noted on what its owner wrote."""

    subject: str
    html: str
    text: str
    notes: tuple[Problem, ...]


def compile_mailing(
    *,
    account: Account,
    kind: str,
    content: Content,
    about: About | None = None,
    sender: Sender,
    lists: Sequence[List] = (),
    to_segments: bool = False,
    connection: Connection | None = None,
    reply_to: str = "",
    from_name: str = "",
) -> Mailing:
    """Make a mailing with its program and Link rows. Raises `CannotCompile` (with problems) and `CannotMail`.

    With `to_segments` it goes to people beside those on the lists, so that an opt-out is one from all mail.
    """
    ids = [each.pk for each in lists]
    with account_scope(account):
        made = check_content(account=account, content=content)
        if not account.postal_address.strip():
            raise CannotMail("Every mail needs your postal address: add it under Settings, Business.")
        origin = origins.origin_of(sender, account=account, reply_to=reply_to)
        connection = connection or routing.choose(domain=origin.domain, kind=kind)
        check_connection(connection)
        if connection and origin.is_shared:
            raise CannotMail(f"Only our own servers send for {sender.email} until its domain is verified.")
        mailing = Mailing.objects.create(
            kind=kind,
            connection=connection,
            domain=origin.domain,
            from_name=from_name or sender.name,
            from_email=origin.email,
            reply_to=origin.reply_to,
            program=pack(made, account, content, about),
            list_ids=[] if to_segments else ids,
            beside_lists=ids if to_segments else None,
            list_name=(lists[0].name if len(lists) == 1 and not to_segments else account.name)[:100],
            tracks_opens=account.tracks_opens,
            tracks_clicks=account.tracks_clicks,
        )
        Link.objects.bulk_create(
            [Link(mailing=mailing, number=number, url=url) for number, url in enumerate(made.links, start=1)]
        )
    return mailing


def check_content(*, account: Account, content: Content) -> Compiled:
    """Compile without keeping anything, as the account would send it. Raises `CannotCompile`."""
    return _compiled(account, content, tracks_clicks=account.tracks_clicks, tracks_opens=account.tracks_opens)


def check_envelope(*, account: Account, subject: str, preheader: str) -> list[Problem]:
    """Return what is wrong with the Liquid of a subject and a preheader."""
    with account_scope(account):
        known = known_names(contact_fields())
    return [
        problem
        for part, text in (("subject", subject), ("preheader", preheader))
        for problem in liquid.check(text, part=part, known=known_in(part, known))
    ]


def made_text(*, account: Account, content: Content) -> str:
    """Return the text part as it is made from the mail, Liquid still in it, to begin an own one with.

    Raises `CannotCompile`.
    """
    return _compiled(account, replace(content, text="", subject=content.subject.strip() or "-")).text


def _compiled(
    account: Account, content: Content, *, tracks_clicks: bool = False, tracks_opens: bool = False
) -> Compiled:
    with account_scope(account):
        known = known_names(contact_fields())
    return _compiled_once(content, known, tracks_clicks, tracks_opens)


@lru_cache(maxsize=8)
def _compiled_once(content: Content, known: frozenset[str], tracks_clicks: bool, tracks_opens: bool) -> Compiled:
    # A save is answered, and the frame that shows it asks a moment later; so do the parts of a review.
    return compile_content(
        **asdict(content), known_fields=known, tracks_clicks=tracks_clicks, tracks_opens=tracks_opens
    )


def contact_fields() -> frozenset[str]:
    """Return the names that may follow `contact.` in the account in scope: never those of sensitive fields."""
    return frozenset({*CONTACT_FIELDS, *CustomField.objects.filter(sensitive=False).values_list("key", flat=True)})


def said(own: Mapping[str, Any], standard: Sequence[Any]) -> dict[str, Any]:
    """Return what mails may say of a contact: own values as kept, `standard` in the order of `CONTACT_FIELDS`."""
    found = dict(own)
    for name, value in zip(CONTACT_FIELDS, standard, strict=True):
        found[name] = value if type(value) is str else "" if value is None else _as_kept(value)
    return found


def _as_kept(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def check_connection(connection: Connection | None) -> None:
    """Raise `CannotMail` where a provider can't carry the headers that bulk mail must have."""
    if connection is None or connection.kind != Connection.Kind.ANYMAIL:
        return
    esp = next((each for each in ESPS.values() if each.backend == connection.backend), None)
    if esp and esp.refused:
        raise CannotMail(f"{esp.title}: {esp.refused} Choose another connection.")


def pack(made: Compiled, account: Account, content: Content | None = None, about: About | None = None) -> bytes:
    """Return the bytes that a mailing keeps as its program."""
    constants: dict[str, Any] = {"account": {"name": account.name, "postal_address": account.postal_address}}
    said = {"subject": made.subject, "preheader": " ".join(content.preheader.split()) if content else ""}
    constants["campaign"] = said | ({"name": about.name, "date": about.date.isoformat()} if about else {})
    house = {"language": account.language, "country": account.country, "time_zone": account.time_zone}
    return orjson.dumps({"version": _VERSION, "sources": made.sources(), "constants": constants, "house": house})


def urls() -> Urls:
    """Return where the links of messages lead."""
    return Urls(tracking=settings.TRACKING_URL, content=settings.CONTENT_URL)


@lru_cache(maxsize=64)
def load(packed: bytes) -> Program:
    """Return the program of a mailing, parsed once per process."""
    data: dict[str, Any] = orjson.loads(packed)
    house = House(**data.get("house", {}))
    return Program.load(data["sources"], urls=urls(), constants=data["constants"], house=house)


def contact_values(row: Any) -> dict[str, Any]:
    """Return what a program fills in for a contact: fields, and custom values that no field hides."""
    return {"contact": said(row.values, [getattr(row, name) for name in CONTACT_FIELDS])}


def preview(
    *, account: Account, content: Content, values: dict[str, Any], token: str, about: About | None = None
) -> Filled:
    """Return a mail as one contact would get it; looking at it is counted nowhere.

    Raises `CannotCompile` and `LiquidError`.
    """
    made = _compiled(account, content)
    program = load(pack(made, account, content, about))
    subject, html, text = (part.render(values, token) for part in (program.subject, program.html, program.text))
    return Filled(subject, html, text, made.notes)


def mailing_as_seen(*, mailing: Mailing, values: dict[str, Any], token: str) -> str:
    """Return a mailing's HTML for one recipient, for the page behind “View in browser”."""
    return load(bytes(mailing.program)).html.render(values, token)
