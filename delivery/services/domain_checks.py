"""Looking whether a domain's records stand: when somebody asks, and every night by ourselves.

Nobody's answer (a server that fails) changes nothing. A needed record that is missing takes a verified domain out of use
only when it was missing at three of our own checks in a row, some hours apart.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from accounts.models import Account, Membership, Role
from accounts.services import outbox
from delivery.models import DkimKey, Sender, SendingDomain
from delivery.records import checking
from delivery.records.finding import Finding, State
from delivery.records.lookup import DnsResolver, LookupFailed, Resolver
from delivery.services import domains, signing_keys
from emailconcert.lib.tenancy import account_scope, platform_scope

MISSES = 3
LEASE = timedelta(minutes=15)
AT_ONCE = 200  # taken by one waking
_SOON, _AGAIN, _YOUNG = timedelta(hours=1), timedelta(hours=6), timedelta(days=3)
_NIGHT_MINUTES = 300
ANSWER_WITHIN = timedelta(seconds=90)


def ask_check(*, domain: SendingDomain, now: datetime) -> bool:
    """Note that somebody wants a check; False where one is under way. Call in the account's scope."""
    if is_under_way(domain, now=now):
        return False
    return bool(SendingDomain.objects.filter(pk=domain.pk, asked_at=domain.asked_at).update(asked_at=now))


def is_under_way(domain: SendingDomain, *, now: datetime) -> bool:
    """Tell whether a check that was asked for has not come back and still may."""
    if domain.asked_at is None or (domain.checked_at and domain.checked_at >= domain.asked_at):
        return False
    return now - domain.asked_at < ANSWER_WITHIN


def take_due(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, domain) of what is to be checked by ourselves, leased so that nobody else takes it."""
    with platform_scope("delivery: check domains"):
        due = (
            SendingDomain.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_check_at__lte=now)
            .exclude(account__status=Account.Status.CLOSED)
            .order_by("next_check_at")
        )
        found = list(due.values_list("account_id", "pk")[:AT_ONCE])
        SendingDomain.objects.filter(pk__in=[pk for _, pk in found]).update(next_check_at=now + LEASE)
    return found


def make_resolver() -> DnsResolver:
    """Return what asks the DNS, for one check."""
    return DnsResolver(settings.DNS_SERVERS)


def check_domain(*, domain: SendingDomain, resolver: Resolver, now: datetime, scheduled: bool = False) -> bool:
    """Look up a domain's records and act on them; True where it may be sent from. Call outside any scope.

    Only what is `scheduled` counts towards taking the domain out of use: pressing a button thrice does not.
    """
    with account_scope(domain.account_id):
        wanted = [row.record for row in domains.rows(domain)]
    zone = _zone(domain, resolver)
    findings = checking.check(wanted, domain=domain.domain, zone=zone, resolver=resolver)
    with account_scope(domain.account_id):
        fresh = SendingDomain.objects.select_for_update().select_related("account").filter(pk=domain.pk).first()
        if fresh is None:
            return False
        # A doubled or late task finds that the next check was planned already: it looks, and counts no miss.
        scheduled = scheduled and fresh.next_check_at <= now + LEASE
        signing_keys.follow(fresh, findings, now=now)
        _judge(fresh, _standing(fresh, findings), scheduled=scheduled, now=now)
        fresh.zone, fresh.checked_at = zone, now
        fresh.findings = {key: finding.as_json() for key, finding in findings.items()}
        planned = _next_check(fresh, findings, now)
        fresh.next_check_at = planned if scheduled else min(fresh.next_check_at, planned)
        fresh.save()
        if fresh.verified_at:
            Sender.objects.filter(domain=fresh, verified_at=None).update(verified_at=now)
    return fresh.verified_at is not None


def _zone(domain: SendingDomain, resolver: Resolver) -> str:
    try:
        return resolver.zone_of(domain.domain)
    except LookupFailed:
        return domain.zone or domain.domain


def _standing(domain: SendingDomain, findings: Mapping[str, Finding]) -> State:
    """Return how the needed records stand together; `failed` where nobody could say and nothing is known to be wrong."""
    needed = [signing_keys.has_key(domain, findings)]
    needed += [findings[key].state for key in (checking.RETURN_PATH, checking.POLICY)]
    for state in (State.MISSING, State.DIFFERS, State.FAILED):
        if state in needed:
            return state
    return State.MATCHES


def _judge(domain: SendingDomain, standing: State, *, scheduled: bool, now: datetime) -> None:
    if standing == State.MATCHES:
        was_broken, domain.misses, domain.broken_at = domain.broken_at, 0, None
        domain.verified_at = domain.verified_at or now
        if was_broken:
            _tell_owners(domain, "domain_well", now=now)
    elif standing != State.FAILED and scheduled:
        domain.misses = min(domain.misses + 1, 1000)
        if domain.verified_at and domain.misses >= MISSES:
            domain.verified_at, domain.broken_at = None, now
            _tell_owners(domain, "domain_broken", now=now)


def _next_check(domain: SendingDomain, findings: Mapping[str, Finding], now: datetime) -> datetime:
    if domain.misses and domain.verified_at:  # first, so that three misses always lie hours apart
        return now + _AGAIN
    if any(finding.state == State.FAILED for finding in findings.values()) or _is_moving(domain):
        return now + _SOON
    if not domain.verified_at and now - domain.created_at < _YOUNG:
        return now + _SOON
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(minutes=domain.pk * 7919 % _NIGHT_MINUTES)


def _is_moving(domain: SendingDomain) -> bool:
    return DkimKey.objects.filter(domain=domain, state=DkimKey.State.PUBLISHED).exists()


def _tell_owners(domain: SendingDomain, template: str, *, now: datetime) -> None:
    owners = Membership.objects.select_related("user").filter(account_id=domain.account_id, role=Role.OWNER)
    for owner in owners:
        outbox.put_mail(
            template=template,
            to=owner.user.email,
            context={
                "name": owner.user.name,
                "domain": domain.domain,
                "business": domain.account.name,
                "url": settings.SITE_URL + reverse("delivery:domain", args=[domain.pk]),
            },
            language=owner.user.language,
            account_id=domain.account_id,
            now=now,
        )
