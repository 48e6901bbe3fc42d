"""DKIM keys of a domain: made, published by the owner, signing, and retired when the next one takes over."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from accounts.services import auditing, keys
from delivery.models import DkimKey, SendingDomain
from delivery.records.checking import dkim_key
from delivery.records.finding import Finding, State
from delivery.wire import dkim
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

Algorithm, Life = DkimKey.Algorithm, DkimKey.State
CONTEXT = "delivery_dkimkey.sealed_private_key"
SETTLES = timedelta(hours=1)  # a fresh record is not at every name server at once
KEEP = timedelta(days=7)  # mail signed with the old key is still on its way, or looked at again
_FORGET = timedelta(days=60)
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_IN_USE = (Life.NEW, Life.PUBLISHED, Life.SIGNING)


class CannotRotate(ExpectedError):
    """The keys can't be changed at the moment."""


def make_pair(domain: SendingDomain, *, now: datetime) -> None:
    """Make an RSA key and an Ed25519 key, each under a selector nobody else has. Call inside the account's scope."""
    for algorithm in (Algorithm.RSA, Algorithm.ED25519):
        key = dkim.new_rsa_key() if algorithm == Algorithm.RSA else dkim.new_ed25519_key()
        short = "ec" if algorithm == Algorithm.RSA else "ed"
        DkimKey.objects.create(
            domain=domain,
            selector=f"{short}{now:%y%m}{''.join(secrets.choice(_LETTERS) for _ in range(5))}",
            algorithm=algorithm,
            sealed_private_key=keys.seal_text(
                dkim.private_bytes(key).hex(), account_id=domain.account_id, context=CONTEXT
            ),
            public_key=dkim.public_record(key),
        )


def signers(domain: SendingDomain | None) -> list[dkim.Signer]:
    """Return who signs for a domain, in its account's scope: RSA first, which every receiver knows."""
    if domain is None:
        return []
    rows = DkimKey.objects.filter(domain=domain, state=Life.SIGNING).order_by("-algorithm", "pk")
    return [dkim.Signer(domain.domain, row.selector, dkim.load_key(_private(row))) for row in rows]


def _private(key: DkimKey) -> bytes:
    text = keys.unseal_text(bytes(key.sealed_private_key), account_id=key.account_id, context=CONTEXT)
    return bytes.fromhex(text)


def rotate(*, domain: SendingDomain, actor: auditing.Actor, now: datetime) -> None:
    """Make the next pair; it takes over once its records are seen, and the present one signs until then.

    Raises `CannotRotate`.
    """
    with account_scope(domain.account_id):
        SendingDomain.objects.select_for_update().get(pk=domain.pk)
        if not DkimKey.objects.filter(domain=domain, algorithm=Algorithm.RSA, state=Life.SIGNING).exists():
            raise CannotRotate("The present keys do not sign yet: publish them first.")
        if waiting(domain):
            raise CannotRotate("New keys wait already: publish their records, and they take over.")
        make_pair(domain, now=now)
        auditing.record(
            action="domain.keys_made",
            actor=actor,
            now=now,
            account_id=domain.account_id,
            target=("sending_domain", domain.pk),
        )


def waiting(domain: SendingDomain) -> bool:
    """Tell whether an RSA key waits to take over, in the account's scope."""
    pending = DkimKey.objects.filter(domain=domain, algorithm=Algorithm.RSA, state__in=(Life.NEW, Life.PUBLISHED))
    return pending.exists()


def has_key(domain: SendingDomain, findings: Mapping[str, Finding]) -> State:
    """Return how the RSA keys stand as a whole: one that matches is enough."""
    found = [
        findings[dkim_key(key.selector)].state
        for key in DkimKey.objects.filter(domain=domain, algorithm=Algorithm.RSA, state__in=_IN_USE)
        if dkim_key(key.selector) in findings
    ]
    for state in (State.MATCHES, State.FAILED, State.DIFFERS):
        if state in found:
            return state
    return State.MISSING


def follow(domain: SendingDomain, findings: Mapping[str, Finding], *, now: datetime) -> None:
    """Move the keys on by what was found: seen ones sign, the ones before them retire. In the account's scope."""
    for algorithm in Algorithm.values:
        rows = list(DkimKey.objects.filter(domain=domain, algorithm=algorithm, state__in=_IN_USE).order_by("pk"))
        for key in rows:
            _note(key, findings, now)
        _take_over(rows, findings, now)
    _forget(domain, findings, now)


def _note(key: DkimKey, findings: Mapping[str, Finding], now: datetime) -> None:
    finding = findings.get(dkim_key(key.selector))
    if finding is None or finding.state == State.FAILED:
        return
    seen = finding.state == State.MATCHES
    if seen and key.state == Life.NEW:
        key.state, key.found_at = Life.PUBLISHED, now
    elif not seen and (key.state == Life.PUBLISHED or key.algorithm == Algorithm.ED25519):
        key.state, key.found_at, key.signing_at = Life.NEW, None, None
    key.save()


def _take_over(rows: list[DkimKey], findings: Mapping[str, Finding], now: datetime) -> None:
    """Let the newest published key sign: at once where none does or the one that does is gone, else when it settled."""
    ready = next((key for key in reversed(rows) if key.state == Life.PUBLISHED), None)
    present = [key for key in rows if key.state == Life.SIGNING]
    if ready is None or ready.found_at is None:
        return
    looked = [findings[dkim_key(key.selector)].state for key in present if dkim_key(key.selector) in findings]
    gone = State.MISSING in looked or State.DIFFERS in looked
    if present and not gone and now - ready.found_at < SETTLES:
        return
    older = [key for key in rows if key.pk < ready.pk]
    ready.state, ready.signing_at = Life.SIGNING, now
    ready.save()
    for key in older:
        key.state, key.retired_at = Life.RETIRED, now
        key.save()


def _forget(domain: SendingDomain, findings: Mapping[str, Finding], now: datetime) -> None:
    for key in DkimKey.objects.filter(domain=domain, state=Life.RETIRED, retired_at__lt=now - KEEP):
        finding = findings.get(dkim_key(key.selector))
        is_gone = finding is not None and finding.state == State.MISSING
        if is_gone or (key.retired_at and key.retired_at < now - _FORGET):
            key.delete()
