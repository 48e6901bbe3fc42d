"""Trying a campaign's mail for everybody in its audience before it is sent.

A small audience is tried at once, a large one by a worker in slices; how far it is stands in the campaign's `Rehearsal`.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from django.db import transaction
from django.db.models import F, Q

from campaigns import audiences, queries
from campaigns.models import Campaign, Rehearsal, RehearsalFailure
from campaigns.services import previewing
from contacts.conditions import BadSegment
from delivery.content.problems import CannotCompile
from delivery.content.rehearsal import Rehearsal as Mail
from delivery.services import rehearsing
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.services import ledger

State = Rehearsal.State
Clock = Callable[[], datetime]
AT_ONCE = 2_000
CPU_AT_ONCE = 1.0
CPU_WHEN_DUE = 5.0
PIECE, LARGEST_PIECE = 1_000, 10_000
PIECE_SECONDS = 3.0
SLICE = timedelta(seconds=50)
LEASE = timedelta(seconds=150)
ATTEMPTS = 5
SHOWN = 100
HOLDS_FOR = timedelta(days=1)
# What is quickly tried, or found somebody to be mended, is tried again for the data as it is by then.
MOMENT = timedelta(minutes=1)
TRY_AGAIN_AFTER = timedelta(minutes=10)
KEPT = timedelta(days=7)
_OPEN = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True)
class Plan:
    """What is tried, and for whom, as it stands just now."""

    fingerprint: str
    mails: Sequence[Mail]
    names: Sequence[str]
    audience: rehearsing.Audience


def look(*, campaign: Campaign, now: datetime) -> Rehearsal | None:
    """Return the rehearsal that holds for what the campaign is now, if there is one."""
    found = Rehearsal.objects.filter(campaign=campaign).first()
    is_right = found is not None and found.fingerprint == fingerprint(campaign)
    return found if found and is_right and found.started_at > now - HOLDS_FOR else None


def begin(*, campaign: Campaign, people: int, now: datetime) -> Rehearsal | None:
    """Return the rehearsal that holds, or begin one: a small audience is tried at once. None where it can't be compiled.

    What nobody can fail in is over as soon as it begins: tried for nobody. Call inside the account's scope.
    """
    found = look(campaign=campaign, now=now)
    if found and _holds(found, people, now):
        return found
    try:
        plan = _plan(campaign, now)
    except (CannotCompile, BadSegment):
        return None
    with transaction.atomic():
        row, is_new = Rehearsal.objects.get_or_create(
            campaign=campaign, defaults={"fingerprint": plan.fingerprint, "total": people, "started_at": now}
        )
        row = Rehearsal.objects.select_for_update().get(pk=row.pk)
        if not is_new and row.fingerprint == plan.fingerprint and _holds(row, people, now):
            return row  # another tab was first
        _start(row, plan, people, now)
        if row.state in _OPEN and people <= AT_ONCE:
            _step(row, plan, size=AT_ONCE + 1, may_go_on=rehearsing.cpu_budget(CPU_AT_ONCE), now=now)
    return row


def rehearse_due(*, campaign: Campaign, now: datetime) -> str:
    """Try what is about to leave by itself, for as many as a few seconds allow; say what fails if it does for all.

    Who it fails for alone is told by the ledger: the others get their mail.
    """
    try:
        plan = _plan(campaign, now)
    except (CannotCompile, BadSegment):
        return ""  # the checks say it
    if not plan.mails:
        return ""
    may_go_on = rehearsing.cpu_budget(CPU_WHEN_DUE)
    tried = rehearsing.try_piece(
        rehearsals=plan.mails, audience=plan.audience, after=0, size=LARGEST_PIECE, may_go_on=may_go_on, now=now
    )
    if not tried.failures or len(tried.failures) < tried.tried:
        return ""
    return f"It could be filled in for nobody. {tried.failures[0].problem}"


def failures(rehearsal: Rehearsal) -> list[RehearsalFailure]:
    """Return the first people it fails for."""
    found = RehearsalFailure.objects.filter(rehearsal=rehearsal).select_related("contact")
    return list(found.order_by("contact_id")[:SHOWN])


def due(*, now: datetime) -> list[tuple[int, int]]:
    """Return (account, campaign) of rehearsals that wait for a worker, or have lost theirs."""
    with platform_scope("campaigns: find rehearsals"):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        waiting = Rehearsal.objects.filter(free, state__in=_OPEN).order_by("pk")
        return list(waiting.values_list("account_id", "campaign_id")[:100])


def run_slice(*, account_id: int, campaign_id: int, clock: Clock) -> bool:
    """Go on with a rehearsal for less than a minute; tell whether something is left.

    Nothing happens where another worker holds the lease, or between a restore and its replay.
    """
    began = clock()
    if not ledger.may_serve() or not _claim(account_id, campaign_id, now=began):
        return False
    plan: Plan | None = None
    size = PIECE
    while clock() - began < SLICE:
        with account_scope(account_id):
            row = Rehearsal.objects.select_related("campaign__account").filter(campaign_id=campaign_id).first()
            plan = _go_on(row, plan, now=clock()) if row else None
            if row is None or plan is None:
                return False
            moment = time.monotonic()
            if not _step(row, plan, size=size, may_go_on=_until(moment + PIECE_SECONDS), now=clock()):
                return False
            size = LARGEST_PIECE if time.monotonic() - moment < PIECE_SECONDS / 6 else PIECE
    with account_scope(account_id):
        Rehearsal.objects.filter(campaign_id=campaign_id, state__in=_OPEN).update(lease_until=None)
    return True


def sweep(cutoff: datetime, dry_run: bool) -> int:
    """Delete rehearsals begun before the cutoff."""
    with platform_scope("campaigns: find old rehearsals"):
        old = Rehearsal.objects.filter(started_at__lt=cutoff)
        found = list(old.order_by().values_list("account_id", flat=True).distinct())
        if dry_run:
            return old.count()
    total = 0
    for account_id in found:
        with account_scope(account_id):
            mine = Rehearsal.objects.filter(account_id=account_id, started_at__lt=cutoff)
            total += mine.count()
            mine.delete()
    return total


def fingerprint(campaign: Campaign) -> str:
    """Return what stands for a campaign's content and the choice of its audience: another one after any change."""
    chosen, account = audiences.chosen(campaign), campaign.account
    written = campaign.variants.order_by("name").values_list("name", "kind", "source", "subject", "preheader", "text")
    state = [
        [list(each) for each in written],
        [account.name, account.postal_address],
        [[each.pk for each in lists] for lists in (chosen.lists, chosen.without_lists)],
        [[[each.pk, each.definition] for each in some] for some in (chosen.segments, chosen.without_segments)],
        [campaign.follow_up_of_id, campaign.follow_up_kind],
    ]
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _holds(row: Rehearsal, people: int, now: datetime) -> bool:
    """Tell whether it stands for the data as it is: not after a while, nor for an audience that has grown or shrunk."""
    if row.state in _OPEN or not row.total:
        return row.started_at > now - HOLDS_FOR
    if abs(people - row.total) > row.total // 100:
        return False
    life = HOLDS_FOR if row.total > AT_ONCE and not row.failing else MOMENT
    return (row.finished_at or row.started_at) > now - (TRY_AGAIN_AFTER if row.state == State.FAILED else life)


def _plan(campaign: Campaign, now: datetime) -> Plan:
    """Compile what there is and say for whom it is. Raises `CannotCompile` and `BadSegment`."""
    account_id, chosen = campaign.account_id, audiences.chosen(campaign)
    audience = rehearsing.Audience(
        account_id,
        people=audiences.people(chosen, account_id=account_id, now=now),
        excluded=audiences.excluded(chosen, account_id=account_id, now=now),
        list_ids=chosen.list_ids,
        to_segments=bool(chosen.segments),
    )
    about = previewing.about(campaign, now=now)
    mails: list[Mail] = []
    names: list[str] = []
    there = queries.alternatives(campaign)
    for variant in there:
        contents = [previewing.content_of(variant)]
        found = rehearsing.prepare(account=campaign.account, contents=contents, about=about)
        mails += found
        names += [variant.name if len(there) > 1 else ""] * len(found)
    return Plan(fingerprint(campaign), mails, names, audience)


def _start(row: Rehearsal, plan: Plan, people: int, now: datetime) -> None:
    RehearsalFailure.objects.filter(rehearsal=row).delete()
    row.fingerprint, row.started_at, row.finished_at = plan.fingerprint, now, None
    row.tried = row.failing = row.position = row.attempts = 0
    row.lease_until, row.state, row.total = None, State.QUEUED, people
    if not plan.mails:
        row.state, row.finished_at, row.total = State.DONE, now, 0
    row.save()


def _claim(account_id: int, campaign_id: int, *, now: datetime) -> bool:
    with account_scope(account_id):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        mine = Rehearsal.objects.filter(free, campaign_id=campaign_id, state__in=_OPEN)
        return bool(mine.update(state=State.RUNNING, lease_until=now + LEASE, attempts=F("attempts") + 1))


def _go_on(row: Rehearsal, plan: Plan | None, *, now: datetime) -> Plan | None:
    """Return what is to be tried; None where it has ended, has become another, or broke off too often."""
    if row.state != State.RUNNING:
        return None
    if row.campaign.deleted_at:
        row.delete()
        return None
    try:
        if plan is None or plan.fingerprint != fingerprint(row.campaign):
            plan = _plan(row.campaign, now)
    except (CannotCompile, BadSegment):
        plan = None
    if plan is None or plan.fingerprint != row.fingerprint or row.attempts > ATTEMPTS:
        Rehearsal.objects.filter(pk=row.pk).update(state=State.FAILED, lease_until=None, finished_at=now)
        return None
    return plan


def _step(row: Rehearsal, plan: Plan, *, size: int, may_go_on: Callable[[], bool], now: datetime) -> bool:
    """Try one piece and note how far it is; tell whether there is more. Nothing is noted where it was begun anew."""
    piece = rehearsing.try_piece(
        rehearsals=plan.mails, audience=plan.audience, after=row.position, size=size, may_go_on=may_go_on, now=now
    )
    mine = Rehearsal.objects.filter(pk=row.pk, started_at=row.started_at, position=row.position, state=row.state)
    known = row.failing
    row.tried, row.failing, row.position = row.tried + piece.tried, known + len(piece.failures), piece.position
    row.attempts = min(row.attempts, 1)
    if piece.is_last:
        row.state, row.finished_at, row.lease_until = State.DONE, now, None
    changed = ("tried", "failing", "position", "attempts", "state", "finished_at")
    values = {name: getattr(row, name) for name in changed}
    lease = now + LEASE if row.state == State.RUNNING else None
    if not mine.update(**values, lease_until=lease):
        return False
    RehearsalFailure.objects.bulk_create(
        [
            RehearsalFailure(
                rehearsal=row,
                contact_id=each.contact_id,
                variant=plan.names[each.mail],
                message=each.problem.message[:300],
                part=each.problem.part,
                line=each.problem.line,
                column=each.problem.column,
            )
            for each in piece.failures[: max(SHOWN - known, 0)]
        ],
        ignore_conflicts=True,
    )
    return not piece.is_last


def _until(moment: float) -> Callable[[], bool]:
    return lambda: time.monotonic() < moment
