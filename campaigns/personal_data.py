"""What campaigns hold of people: which login profile wrote one, which version of it, and shared its report.

Of contacts they hold for a week who could not be filled into a mail, which goes with the contact; messages are
delivery's.
"""

from datetime import datetime

from django.db.models import QuerySet

from campaigns.models import Campaign, ContentVersion, ReportLink
from campaigns.services import link_asking, rehearsing, sharing
from privacy.registry import PersonalData, Rows, Subject, SubjectKind, Sweep, register, register_sweep


def _mine(subject: Subject) -> QuerySet[Campaign]:
    return Campaign.objects.filter(created_by_id=subject.user_id)


def _versions(subject: Subject) -> QuerySet[ContentVersion]:
    return ContentVersion.objects.filter(author_id=subject.user_id)


def _links(subject: Subject) -> QuerySet[ReportLink]:
    return ReportLink.objects.filter(created_by_id=subject.user_id)


def _export(subject: Subject) -> Rows:
    rows = _mine(subject).order_by("pk").values_list("name", "created_at")
    made: Rows = [{"campaign": name, "created_at": created_at.isoformat()} for name, created_at in rows]
    saved = _versions(subject).order_by("pk").values_list("variant__campaign__name", "number", "saved_at")
    made += [{"campaign": name, "version": number, "saved_at": at.isoformat()} for name, number, at in saved]
    shared = _links(subject).order_by("pk").values_list("campaign__name", "created_at", "expires_at")
    return made + [
        {"campaign": name, "report_shared_at": at.isoformat(), "until": until.isoformat()} for name, at, until in shared
    ]


def _count(subject: Subject) -> int:
    return _mine(subject).count() + _versions(subject).count() + _links(subject).count()


def _erase(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # what every eraser takes
    rows = _mine(subject).update(created_by=None) + _versions(subject).update(author=None)
    return rows + _links(subject).update(created_by=None)


register(
    PersonalData(
        app="campaigns",
        name="authorship",
        title="Campaigns you made, wrote in or shared the report of",
        purpose="To show a team who made which campaign, saved which version and shared which report.",
        retention_class="account",
        export=_export,
        count=_count,
        erase=_erase,
        kind=SubjectKind.USER,
    )
)
register_sweep(Sweep("report_link", "Ended links to reports", sharing.KEPT, sharing.sweep))
register_sweep(Sweep("rehearsal", "What was tried before sending", rehearsing.KEPT, rehearsing.sweep))
register_sweep(Sweep("rehearsal", "What links answered", link_asking.KEPT, link_asking.sweep))
