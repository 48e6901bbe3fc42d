"""Reading accounts: the team, the audit log, the accounts of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from accounts.models import Account, AuditEvent, Invitation, Membership, User
from emailconcert.lib.tenancy import user_scope

PAGE = 50


def team_of(account: Account) -> list[Membership]:
    """Return the members, owners first."""
    rank = {"owner": 0, "admin": 1, "editor": 2, "viewer": 3}
    members = Membership.objects.filter(account=account).select_related("user")
    return sorted(members, key=lambda each: (rank[each.role], each.user.name.lower(), each.pk))


def open_invitations(account: Account) -> list[Invitation]:
    """Return the invitations not accepted yet, the latest first."""
    return list(Invitation.objects.filter(account=account, accepted_at=None).order_by("-pk"))


def accounts_of(user: User) -> list[Account]:
    """Return the accounts that a login profile is a member of, by name; closed ones aside."""
    with user_scope(user.pk):
        memberships = Membership.objects.filter(user=user).select_related("account")
        found = [each.account for each in memberships.exclude(account__status=Account.Status.CLOSED)]
    return sorted(found, key=lambda account: account.name.lower())


@dataclass(frozen=True)
class AuditFilter:
    """What the audit page asks for; empty fields ask for everything."""

    action: str = ""
    user_id: int | None = None
    since: date | None = None
    until: date | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class AuditEntry:
    """One entry as its readers see it; `about` says whom or what it touched and the details."""

    pk: int
    at: datetime
    action: str
    who: str
    about: str
    network: str


@dataclass(frozen=True)
class AuditPage:
    """Entries, the latest first, and the keys of the pages beside them."""

    entries: Sequence[AuditEntry]
    newer: int | None
    older: int | None


def audit_page(
    *, account: Account, wanted: AuditFilter, members: Sequence[Membership], zone: str, size: int = PAGE
) -> AuditPage:
    """Return a page of an account's audit log. `after` asks for entries older than that key, `before` for newer.

    People among `members` are called by their names.
    """
    names = {str(each.user_id): each.user.name for each in members}
    events = _filtered(account, wanted, zone=ZoneInfo(zone))
    if wanted.before is not None:
        rows = list(events.filter(pk__gt=wanted.before).order_by("pk")[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        return AuditPage(_entries(rows, names), rows[0].pk if more else None, rows[-1].pk if rows else None)
    if wanted.after is not None:
        events = events.filter(pk__lt=wanted.after)
    rows = list(events.order_by("-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    newer = rows[0].pk if wanted.after is not None and rows else None
    return AuditPage(_entries(rows, names), newer, rows[-1].pk if more else None)


def _entries(events: Sequence[AuditEvent], names: dict[str, str]) -> list[AuditEntry]:
    return [
        AuditEntry(
            pk=event.pk,
            at=event.at,
            action=event.action,
            who=event.actor.name,
            about=_about(event, names),
            network=event.actor.network,
        )
        for event in events
    ]


def _about(event: AuditEvent, names: dict[str, str]) -> str:
    kind, target = event.target_kind.replace("_", " "), event.target_id
    if kind == "profile":
        itself = target == str(event.actor.user_id)
        parts = [] if itself else [names.get(target, "somebody who is not in the team now")]
    else:
        parts = [f"{kind} {target}".strip()] if kind != "account" else []
    for key, value in event.actor.details.items():
        parts.append(_fact(key, value))
    return " · ".join(part for part in parts if part)


def _fact(key: str, value: object) -> str:
    if isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    return f"{key.replace('_', ' ')}: {text}" if text else ""


def audit_actions(account: Account) -> list[str]:
    """Return the kinds of entries in an account's log."""
    return sorted(AuditEvent.objects.filter(account=account).values_list("action", flat=True).distinct())


def _filtered(account: Account, wanted: AuditFilter, *, zone: ZoneInfo) -> QuerySet[AuditEvent]:
    events = AuditEvent.objects.filter(account=account).select_related("actor")
    if wanted.action:
        events = events.filter(action=wanted.action)
    if wanted.user_id is not None:
        events = events.filter(actor__user_id=wanted.user_id)
    if wanted.since:
        events = events.filter(at__gte=datetime.combine(wanted.since, time(), tzinfo=zone))
    if wanted.until:
        events = events.filter(at__lt=datetime.combine(wanted.until + timedelta(days=1), time(), tzinfo=zone))
    return events
