"""What campaigns hold of people: which login profile wrote one, and which version of it.

Of contacts they hold for a week who could not be filled into a mail, which goes with the contact; messages are
delivery's.
"""

from datetime import datetime

from django.db.models import QuerySet

from campaigns.models import Campaign, ContentVersion
from campaigns.services import link_asking, rehearsing
from privacy.registry import PersonalData, Rows, Subject, SubjectKind, Sweep, register, register_sweep


def _mine(subject: Subject) -> QuerySet[Campaign]:
    return Campaign.objects.filter(created_by_id=subject.user_id)


def _versions(subject: Subject) -> QuerySet[ContentVersion]:
    return ContentVersion.objects.filter(author_id=subject.user_id)


def _export(subject: Subject) -> Rows:
    rows = _mine(subject).order_by("pk").values_list("name", "created_at")
    made: Rows = [{"campaign": name, "created_at": created_at.isoformat()} for name, created_at in rows]
    saved = _versions(subject).order_by("pk").values_list("variant__campaign__name", "number", "saved_at")
    return made + [{"campaign": name, "version": number, "saved_at": at.isoformat()} for name, number, at in saved]


def _count(subject: Subject) -> int:
    return _mine(subject).count() + _versions(subject).count()


def _erase(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # what every eraser takes
    return _mine(subject).update(created_by=None) + _versions(subject).update(author=None)


register(
    PersonalData(
        app="campaigns",
        name="authorship",
        title="Campaigns you made or wrote in",
        purpose="To show a team who made which campaign and saved which version.",
        retention_class="account",
        export=_export,
        count=_count,
        erase=_erase,
        kind=SubjectKind.USER,
    )
)
register_sweep(Sweep("rehearsal", "What was tried before sending", rehearsing.KEPT, rehearsing.sweep))
register_sweep(Sweep("rehearsal", "What links answered", link_asking.KEPT, link_asking.sweep))
