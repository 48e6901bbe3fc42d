"""A campaign's numbers: delivery's ledger and tracking's rollups of its mailings, added up."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields

from django.db.models import Sum

from campaigns.models import Campaign, Variant
from delivery.models import Batch
from tracking.models import MailingRollup

_OUTCOMES = ("sending", "sent", "failed", "skipped", "unconfirmed")
_ROLLUP = {
    "bounced": "bounces",
    "complaints": "complaints",
    "unsubscribes": "unsubscribes",
    "openers": "unique_opens_people",
    "clickers": "unique_clicks_people",
    "opens": "opens_people",
    "clicks": "clicks_people",
    "machine_openers": "unique_opens_machine",
    "machine_clickers": "unique_clicks_machine",
    "machine_opens": "opens_machine",
    "machine_clicks": "clicks_machine",
}


@dataclass
class Numbers:
    """Counts of messages by outcome, and what people and machines did. `audience` is what the outcomes add up to."""

    audience: int = 0
    queued: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    skipped: int = 0
    unconfirmed: int = 0
    bounced: int = 0
    complaints: int = 0
    unsubscribes: int = 0
    openers: int = 0
    clickers: int = 0
    opens: int = 0
    clicks: int = 0
    machine_openers: int = 0
    machine_clickers: int = 0
    machine_opens: int = 0
    machine_clicks: int = 0
    excluded: dict[str, int] = field(default_factory=dict)

    @property
    def delivered(self) -> int:
        """Sent and not bounced."""
        return max(self.sent - self.bounced, 0)

    @property
    def left(self) -> int:
        """Messages without a final outcome."""
        return self.queued + self.sending

    @property
    def settled(self) -> int:
        """Messages with a final outcome."""
        return self.sent + self.failed + self.skipped + self.unconfirmed

    @property
    def adds_up(self) -> bool:
        """Tell whether every message of the audience is in exactly one place."""
        return self.queued >= 0 and self.settled + self.left == self.audience

    def add(self, other: "Numbers") -> None:
        """Add another's counts to these."""
        for name in (each.name for each in fields(self) if each.name != "excluded"):
            _add(self, name, getattr(other, name))
        for reason, count in other.excluded.items():
            self.excluded[reason] = self.excluded.get(reason, 0) + count


def numbers_of(campaign_ids: Collection[int]) -> dict[int, Numbers]:
    """Return each campaign's numbers, in three queries however many there are."""
    found = {pk: Numbers() for pk in campaign_ids}
    owners: dict[int, Numbers] = {}
    became = Variant.objects.filter(campaign_id__in=campaign_ids).exclude(mailing=None)
    for campaign_id, mailing_id, name, audience, excluded in became.order_by("name").values_list(
        "campaign_id", "mailing_id", "name", "mailing__audience", "mailing__excluded"
    ):
        numbers = owners[mailing_id] = found[campaign_id]
        numbers.audience += audience
        if name == Variant.REST and audience:  # gathered among all without a message: who was left out is in it again
            numbers.excluded.clear()
        for reason, count in excluded.items():
            numbers.excluded[reason] = numbers.excluded.get(reason, 0) + count
    if owners:
        _add_outcomes(owners)
        _add_rollups(owners)
    for numbers in found.values():
        numbers.queued = numbers.audience - numbers.settled - numbers.sending
    return found


def numbers_of_variants(campaign: Campaign) -> list[tuple[Variant, Numbers]]:
    """Return each variant's numbers, by name, in three queries."""
    rows = [
        (each, Numbers(audience=each.mailing.audience if each.mailing else 0))
        for each in Variant.objects.filter(campaign=campaign).select_related("mailing").order_by("name")
    ]
    owners = {each.mailing_id: numbers for each, numbers in rows if each.mailing_id}
    if owners:
        _add_outcomes(owners)
        _add_rollups(owners)
    for _, numbers in rows:
        numbers.queued = numbers.audience - numbers.settled - numbers.sending
    return rows


def _add_outcomes(owners: dict[int, Numbers]) -> None:
    sums = Batch.objects.filter(mailing_id__in=owners).values("mailing_id")
    for mailing_id, *totals in sums.annotate(*(Sum(name) for name in _OUTCOMES)).values_list(
        "mailing_id", *(f"{name}__sum" for name in _OUTCOMES)
    ):
        for name, total in zip(_OUTCOMES, totals, strict=True):
            _add(owners[mailing_id], name, total)


def _add_rollups(owners: dict[int, Numbers]) -> None:
    for rollup in MailingRollup.objects.filter(mailing_id__in=owners):
        for name, column in _ROLLUP.items():
            _add(owners[rollup.mailing_id], name, getattr(rollup, column))


def _add(numbers: Numbers, name: str, count: int) -> None:
    setattr(numbers, name, getattr(numbers, name) + count)
