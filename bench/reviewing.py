"""The review page of a large audience: counted as the product does it, and the naive way beside it.

`BENCH_ROWS` says how many contacts there are (100,000); a million is what the issue's figure is about.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bench.measure import Comparison, Figure, rows

CONTACTS = rows(100_000)
RUNS = 3


def compare() -> list[Comparison]:
    """Count the audience of a list, of two lists, and without a list; then everything that the review looks at."""
    account, campaigns = _make()
    found = [_counted(title, account, campaign) for title, campaign in campaigns]
    return [*found, _reviewed(account, campaigns[0][1])]


def _counted(title: str, account_id: int, campaign_id: int) -> Comparison:
    from django.utils import timezone

    from campaigns.models import Campaign
    from campaigns.services import checking
    from emailconcert.lib.tenancy import account_scope

    now = timezone.now()
    with account_scope(account_id):
        campaign = Campaign.objects.select_related("account").get(pk=campaign_id)
        people = checking.count_audience(campaign=campaign, now=now).people
        assert people == _naive(campaign, now)
    ours = _least(account_id, lambda: checking.count_audience(campaign=campaign, now=now))
    naive = _least(account_id, lambda: _naive(campaign, now), runs=1)
    figures = (
        Figure("ours: people, each list, and who is left out by reason", ours),
        Figure("naive: read, then judged", naive),
    )
    return Comparison(f"Review: {title}", "count", figures, f"{people:,} of {CONTACTS:,}", measured="µs wall")


def _reviewed(account_id: int, campaign_id: int) -> Comparison:
    from django.utils import timezone

    from campaigns.models import Campaign
    from campaigns.services import checking
    from emailconcert.lib.tenancy import account_scope

    now = timezone.now()
    with account_scope(account_id):
        campaign = Campaign.objects.select_related("account", "sender").get(pk=campaign_id)
        checking.review(campaign=campaign, now=now)
    again = _least(account_id, lambda: checking.review(campaign=campaign, now=now))
    return Comparison("Review: everything that is looked at", "page", (Figure("ours", again),), measured="µs wall")


def _naive(campaign: Any, now: datetime) -> int:
    """Return how many would get it: all of the lists' people are read and judged one by one."""
    from campaigns import audiences
    from contacts.models import Subscription
    from privacy.models import DomainSuppression, Restriction, Suppression

    chosen = audiences.chosen(campaign)
    barred = {bytes(each) for each in Suppression.objects.values_list("address_hash", flat=True)}
    barred |= {bytes(each) for each in Restriction.objects.values_list("address_hash", flat=True)}
    domains = set(DomainSuppression.objects.values_list("domain", flat=True))
    subscribed = Subscription.objects.filter(state="subscribed")
    without = set(subscribed.filter(list__in=chosen.without_lists).values_list("contact_id", flat=True))
    seen = set()
    for each in subscribed.filter(list__in=chosen.lists).select_related("contact").iterator(chunk_size=2_000):
        person = each.contact
        is_paused = person.paused_until is not None and person.paused_until > now
        if bytes(person.email_hash) in barred or person.email.rpartition("@")[2] in domains or is_paused:
            continue
        if person.pk not in without:
            seen.add(person.pk)
    return len(seen)


def _least(account_id: int, work: Callable[[], object], runs: int = RUNS) -> float:
    """Return the least time of a piece of work in a scope of its own, as a request has it."""
    from emailconcert.lib.tenancy import account_scope

    least = float("inf")
    for _ in range(runs):
        with account_scope(account_id):
            began = time.perf_counter()
            work()
            least = min(least, time.perf_counter() - began)
    return least * 1_000_000


def _make() -> tuple[int, list[tuple[str, int]]]:
    from django.utils import timezone

    from bench import people
    from campaigns.services import drafting
    from delivery.models import Sender
    from emailconcert.lib.tenancy import account_scope

    now = timezone.now()
    account, (news, beside) = people.make(slug="bench-review", rows=CONTACTS)
    made = []
    with account_scope(account):
        sender = Sender.objects.create(name="Bench", email="hello@bench.example", verified_at=now)
        for title, lists, without in (
            ("one list", [news], []),
            ("two lists that overlap", [news, beside], []),
            ("one list without another", [news], [beside]),
        ):
            draft = drafting.create_campaign(account=account, name=title, created_by=None, now=now)
            drafting.set_audience(campaign=draft, lists=lists, without_lists=without, now=now)
            drafting.set_envelope(campaign=draft, sender=sender, reply_to="", subject="News", preheader="Now", now=now)
            source = "Hello {{ contact.first_name | default: 'friend' }}"
            drafting.save_content(campaign=draft, kind="markdown", source=source, now=now)
            made.append((title, draft.pk))
    return account.pk, made
