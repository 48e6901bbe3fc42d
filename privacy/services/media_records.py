"""Pictures whose name or alternative text tells of a contact. Call inside a scope; rows are filtered by the account."""

from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from accounts.models import Media
from privacy.registry import Rows, Subject
from privacy.services.scanning import spellings

NAMELESS = "Picture"


def export(subject: Subject) -> Rows:
    """Return the words that stand beside pictures; the pictures themselves are looked at by people."""
    return [{"name": each.name, "alternative_text": each.alt_text} for each in _naming(subject).order_by("pk")]


def count(subject: Subject) -> int:
    """Return how many pictures name the person."""
    return _naming(subject).count()


def strip(subject: Subject, _now: datetime) -> int:
    """Take the words away; the pictures stay."""
    return _naming(subject).update(name=NAMELESS, alt_text="")


def _naming(subject: Subject) -> QuerySet[Media]:
    needles = spellings(subject.address, subject.names)
    named = [Q(name__icontains=each) | Q(alt_text__icontains=each) for each in needles if each]
    if not named:  # not known when an erasure is done again of somebody who is not there
        return Media.objects.none()
    return Media.objects.filter(reduce(or_, named), account_id=subject.account_id)
