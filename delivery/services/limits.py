"""How fast a mailing may leave: its account's, connection's and domain's limits, and each mailbox provider's.

A claim asks once for all its people (`Limits.share_out`). Who has a token leaves at once or within `HORIZON`; the others go
back to the queue for later, so that nobody waits behind a provider that is slow.
"""

import time
from collections import defaultdict, deque
from collections.abc import Sequence

from django.conf import settings

from delivery.limit_models import SendingLimit
from delivery.models import Mailing
from delivery.services import buckets, easing, mailbox_providers
from delivery.services.buckets import Bucket, Given, Taken
from delivery.services.claiming import Person, Share

HORIZON = 2.0  # seconds of tokens that a claim may hold
_AHEAD = 20.0  # so many for mail that somebody waits for, at once; what other mailings send then pays for it
_HOUR = 3600.0
_SHORTEST = 1.0  # over which what went to a provider is counted as a rate
_SHORTEST_WAIT = 0.05
_RECENT = 20  # claims


class Limits:
    """What one slot of a mailing goes by. Read when it starts, so a new limit holds within a minute."""

    def __init__(self, mailing: Mailing) -> None:
        account_id, connection_id = mailing.account_id, mailing.connection_id
        self._rates = _rates(mailing)
        self._prefix = f"ec:rate:{{{account_id}}}:"
        self._shared = [Bucket(self._prefix + name, rate) for name, rate in self._rates.items()]
        self._of_provider = f"{self._prefix}provider:{connection_id or 0}:"
        self._slow = easing.key(account_id, connection_id)
        self._notes = easing.read(self._slow)
        self._at = time.time()
        self._is_urgent = mailing.kind == Mailing.Kind.TRANSACTIONAL
        self._recent: deque[tuple[float, list[Person]]] = deque(maxlen=_RECENT)
        self.used_up_for: float | None = None  # seconds, where the last claim got nothing for the shared limits

    def share_out(self, people: list[Person]) -> Share:
        """Say who of a claim's people may leave now or soon. Asks Redis once."""
        groups, loose = self._group(people)
        horizon = _AHEAD if self._is_urgent else HORIZON
        taken = buckets.take(
            notes=self._slow,
            shared=self._shared,
            groups=[(bucket, len(members)) for bucket, members in groups],
            loose=len(loose),
            horizon=horizon,
        )
        if taken.notes is not None:
            self._notes, self._at = taken.notes, taken.at
        members = [members[: given.count] for (_, members), given in zip(groups, taken.groups, strict=True)]
        chosen, leave_in = _spaced(loose[: taken.loose], members, taken)
        self._recent.append((time.monotonic(), chosen))
        short = [
            given.next for (_, all_of), given in zip(groups, taken.groups, strict=True) if given.count < len(all_of)
        ]
        shared_in = max(given.next for given in taken.shared)
        self.used_up_for = max(_SHORTEST_WAIT, shared_in - HORIZON / 2) if not chosen and shared_in > horizon else None
        is_held = bool(short) and taken.loose == len(loose) and self.used_up_for is None
        return Share(
            people=chosen,
            leave_in=[] if self._is_urgent else leave_in,
            rest_in=min(short) if is_held else None,
            is_used_up=self.used_up_for is not None,
        )

    def heard(self, email: str, words: str) -> None:
        """Slow down for the provider behind an address, which asked for it in these words. Asks Redis."""
        provider = self._provider(email)
        full = self._full(provider)
        observed = self._observed(provider) or full
        easing.slow_down(at=self._slow, provider=provider, rate=min(full, observed), full=full, words=words)

    def _observed(self, provider: str) -> float:
        """Return at what rate this slot sent to a provider lately."""
        count = sum(self._provider(person.email) == provider for _, people in self._recent for person in people)
        since = self._recent[0][0] if self._recent else time.monotonic()
        return count / max(_SHORTEST, time.monotonic() - since)

    def _full(self, provider: str) -> float:
        least = min(self._rates.values())
        return min(least, settings.SEND_RATE_PER_PROVIDER) if mailbox_providers.is_named(provider) else least

    def _provider(self, email: str) -> str:
        domain = email.rpartition("@")[2].lower()
        return mailbox_providers.providers_of([domain])[domain]

    def _group(self, people: list[Person]) -> tuple[list[tuple[Bucket, list[Person]]], list[Person]]:
        """Return people by the buckets of their providers, and those whose provider has no limit."""
        by_domain: defaultdict[str, list[Person]] = defaultdict(list)
        for person in people:
            email = person.email
            by_domain[email[email.rfind("@") + 1 :]].append(person)
        providers = mailbox_providers.providers_of(map(str.lower, by_domain))
        by_provider: defaultdict[str, list[Person]] = defaultdict(list)
        for domain, members in by_domain.items():
            by_provider[providers[domain.lower()]] += members
        slowed = easing.rates(self._notes, now=self._at, full=min(self._rates.values())) if self._notes else {}
        groups, loose = [], []
        for provider, members in by_provider.items():
            if provider in slowed or mailbox_providers.is_named(provider):
                rate = min(slowed.get(provider, self._full(provider)), self._full(provider))
                groups.append((Bucket(self._of_provider + provider, rate), members))
            else:
                loose.extend(members)
        return groups, loose


def _rates(mailing: Mailing) -> dict[str, float]:
    """Return messages a second by bucket. An owner's wish lowers; the platform's word replaces the default."""
    rows = {
        (row.connection_id, row.domain_id): row
        for row in SendingLimit.objects.filter(account_id=mailing.account_id)
        if row.connection_id in (None, mailing.connection_id) and row.domain_id in (None, mailing.domain_id)
    }
    found = {"account": _rate(rows.get((None, None)), float(settings.SEND_RATE))}
    for name, pk in (("connection", mailing.connection_id), ("domain", mailing.domain_id)):
        row = rows.get((pk, None) if name == "connection" else (None, pk)) if pk else None
        if row is not None:
            found[f"{name}:{pk}"] = _rate(row, found["account"])
    return found


def _rate(row: SendingLimit | None, default: float) -> float:
    if row is None:
        return default
    allowed = default if row.platform_per_hour is None else row.platform_per_hour / _HOUR
    rate = allowed if row.own_per_hour is None else min(allowed, row.own_per_hour / _HOUR)
    return max(rate, 1 / _HOUR)


def _spaced(loose: list[Person], groups: Sequence[list[Person]], taken: Taken) -> tuple[list[Person], list[float]]:
    """Return people in the order in which they may leave, and in how many seconds each may; no times where all may now."""
    everybody = [*loose, *(person for members in groups for person in members)]
    given = [*taken.shared, *(each for each in taken.groups if each.count)]
    if all(each.is_now for each in given if each.count):
        return everybody, []
    timed = [(0.0, person) for person in loose]
    for members, each in zip(groups, taken.groups, strict=True):
        timed += [(_nth(each, number), person) for number, person in enumerate(members)]
    timed.sort(key=lambda pair: pair[0])
    times = [max(at, *(_nth(each, number) for each in taken.shared), 0.0) for number, (at, _) in enumerate(timed)]
    for number in range(1, len(times)):  # nobody overtakes: what is shared is given in this order
        times[number] = max(times[number], times[number - 1])
    return [person for _, person in timed], times


def _nth(given: Given, number: int) -> float:
    return given.first + given.gap * number
