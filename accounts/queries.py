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
class AuditPage:
    """Entries, the latest first, and the keys of the pages beside them."""

    entries: Sequence[AuditEvent]
    newer: int | None
    older: int | None


def audit_page(*, account: Account, wanted: AuditFilter, zone: str, size: int = PAGE) -> AuditPage:
    """Return a page of an account's audit log. `after` asks for entries older than that key, `before` for newer."""
    events = _filtered(account, wanted, zone=ZoneInfo(zone))
    if wanted.before is not None:
        rows = list(events.filter(pk__gt=wanted.before).order_by("pk")[: size + 1])
        more, rows = len(rows) > size, rows[:size][::-1]
        return AuditPage(rows, rows[0].pk if more and rows else None, rows[-1].pk if rows else None)
    if wanted.after is not None:
        events = events.filter(pk__lt=wanted.after)
    rows = list(events.order_by("-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    newer = rows[0].pk if wanted.after is not None and rows else None
    return AuditPage(rows, newer, rows[-1].pk if more else None)


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
