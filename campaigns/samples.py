"""Who is in which part of a test: a hash of campaign and contact decides, so that the same people always are in the same one.

A part is a range of the hash; the rest is everybody who has no message of a part. So nobody is in two, and nobody is
left out who joins or comes back between the sample and the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import BigIntegerField, Func, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import MD5, Cast, Concat, Left

from campaigns.follow_ups import without
from contacts.models import Contact
from delivery.models import Message

_PLACES = 2**32


@dataclass(frozen=True)
class Part:
    """The `number`-th (from 0) of `of` equal parts of a sample of `percent` of a campaign's audience."""

    campaign_id: int
    percent: int
    number: int
    of: int

    def places(self) -> tuple[int, int]:
        """Return the first place of the hash, and the first that is not in it."""
        width = Fraction(_PLACES * self.percent, 100 * self.of)
        return int(width * self.number), int(width * (self.number + 1))


@dataclass(frozen=True)
class Rest:
    """Everybody who has no message of the sample's mailings."""

    account_id: int
    mailings: Sequence[int]


def narrow(people: QuerySet[Contact], to: Part | Rest) -> QuerySet[Contact]:
    """Return the people of a part, or the rest."""
    if isinstance(to, Rest):
        return without(people, Message.objects.filter(account_id=to.account_id, mailing_id__in=to.mailings))
    first, end = to.places()
    digest = MD5(Concat(Value(f"{to.campaign_id}:"), Cast("pk", CharField())))
    place = Func(Left(digest, 8), template="('x' || %(expressions)s)::bit(32)::bigint", output_field=BigIntegerField())
    return people.alias(place=place).filter(place__gte=first, place__lt=end)
