"""What campaigns hold of people: which login profile wrote one. Of contacts they hold nothing; messages are delivery's."""

from datetime import datetime

from django.db.models import QuerySet

from campaigns.models import Campaign
from privacy.registry import PersonalData, Rows, Subject, SubjectKind, register


def _mine(subject: Subject) -> QuerySet[Campaign]:
    return Campaign.objects.filter(created_by_id=subject.user_id)


def _export(subject: Subject) -> Rows:
    rows = _mine(subject).order_by("pk").values_list("name", "created_at")
    return [{"campaign": name, "created_at": created_at.isoformat()} for name, created_at in rows]


def _count(subject: Subject) -> int:
    return _mine(subject).count()


def _erase(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # what every eraser takes
    return _mine(subject).update(created_by=None)


register(
    PersonalData(
        app="campaigns",
        name="authorship",
        title="Campaigns you made",
        purpose="To show a team who made which campaign.",
        retention_class="account",
        export=_export,
        count=_count,
        erase=_erase,
        kind=SubjectKind.USER,
    )
)
