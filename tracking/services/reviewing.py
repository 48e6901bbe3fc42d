"""Mail that nobody understood: kept sealed, looked at by the platform's people, decided or swept after 30 days.

Looking is audited. What is decided about a message is believed like a report: a person has read it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.services import auditing
from accounts.services.auditing import Actor
from delivery.models import Mailing, Message
from emailconcert.lib import encryption
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import platform_scope
from tracking.bounces import parts
from tracking.models import Kind, ReviewMail
from tracking.services import signals
from tracking.services.signals import Learnt

KEPT = timedelta(days=30)
MOST = 1_000
_CONTEXT = "tracking_reviewmail.sealed_content"
_SHOWN = 8_000
_STATUS = {ReviewMail.Decision.HARD: "5.1.1", ReviewMail.Decision.SOFT: "4.0.0"}


class CannotDecide(ExpectedError):
    """Somebody has decided already, or nothing tells whom the mail is about."""


@dataclass(frozen=True)
class Opened:
    """A mail as it is shown: its heads and its words, never its pictures or its markup."""

    row: ReviewMail
    sender: str
    subject: str
    words: str


def keep(*, content: bytes, why: str, about: tuple[int, int] | None, now: datetime) -> bool:
    """Keep a mail once, however often it comes; tell whether it was new. The oldest make room."""
    digest = hashlib.sha256(content).digest()
    with platform_scope("tracking: keep a mail for review"):
        row = ReviewMail(
            received_at=now,
            content_hash=digest,
            sealed_content=encryption.seal(content, context=_CONTEXT),
            why=why[:200],
        )
        if about:
            row.mailing_id, row.sequence = about
            row.account_id = Mailing.objects.filter(pk=about[0]).values_list("account_id", flat=True).first()
            keys = {"account_id": row.account_id, "mailing_id": about[0], "sequence": about[1]}
            row.contact_id = Message.objects.filter(**keys).values_list("contact_id", flat=True).first()
        made = ReviewMail.objects.bulk_create([row], ignore_conflicts=True)
        waiting = ReviewMail.objects.filter(decision="").order_by("-received_at", "-pk").values_list("pk", flat=True)
        ReviewMail.objects.filter(pk__in=list(waiting[MOST : MOST + 100])).delete()
    return bool(made)


def waiting(*, limit: int = 100) -> tuple[list[ReviewMail], int]:
    """Return the mails that wait, the newest first, and how many there are."""
    with platform_scope("tracking: read the review queue"):
        rows = ReviewMail.objects.filter(decision="").defer("sealed_content").select_related("account")
        return list(rows.order_by("-received_at", "-pk")[:limit]), rows.count()


def decided_counts() -> dict[str, int]:
    """Return how many of the last 30 days' mails were decided each way."""
    with platform_scope("tracking: read the review queue"):
        decisions = ReviewMail.objects.exclude(decision="").values_list("decision", flat=True)
        found = list(decisions)
    return {label: found.count(value) for value, label in ReviewMail.Decision.choices}


def open_mail(*, pk: int, actor: Actor, now: datetime) -> Opened | None:
    """Return a mail that waits, and write down who looked; None where there is none."""
    with platform_scope("tracking: look at a mail in review"):
        row = ReviewMail.objects.filter(pk=pk, decision="").select_related("account").first()
        if row is None or row.sealed_content is None:
            return None
        auditing.record(
            action="review.opened", actor=actor, now=now, account_id=row.account_id, target=("review_mail", row.pk)
        )
    mail = parts.parse(encryption.unseal(bytes(row.sealed_content), context=_CONTEXT))
    if mail is None:
        return Opened(row, "", "", "")
    return Opened(row, parts.header(mail, "From"), parts.header(mail, "Subject"), parts.words(mail)[:_SHOWN])


def decide(*, pk: int, decision: ReviewMail.Decision, actor: Actor, now: datetime) -> None:
    """Do what a mail means, and forget its text. Raises `CannotDecide`."""
    with platform_scope("tracking: look at a mail in review"):
        row = ReviewMail.objects.filter(pk=pk, decision="").first()
    if row is None:
        raise CannotDecide("Somebody has decided about this mail already.")
    if decision != ReviewMail.Decision.IGNORED:
        _apply(row, decision, now=now)
    with platform_scope("tracking: decide about a mail"):
        waits = ReviewMail.objects.filter(pk=pk, decision="")
        if waits.update(decision=decision, decided_at=now, sealed_content=None):
            auditing.record(
                action="review.decided",
                actor=actor,
                now=now,
                account_id=row.account_id,
                target=("review_mail", pk),
                details={"decision": decision.value},
            )


def _apply(row: ReviewMail, decision: ReviewMail.Decision, *, now: datetime) -> None:
    if row.mailing_id is None or row.sequence is None:
        raise CannotDecide("Nothing tells whom this mail is about: it was not sent to a return path of ours.")
    kind = Kind.COMPLAINT if decision == ReviewMail.Decision.COMPLAINT else Kind.BOUNCE
    learnt = Learnt(row.mailing_id, row.sequence, kind, _STATUS.get(decision, ""))
    signals.apply_signal(learnt=learnt, now=now)


def sweep(cutoff: datetime, dry_run: bool) -> int:
    """Delete what came before the cutoff, decided or not."""
    with platform_scope("tracking: sweep the review queue"):
        rows = ReviewMail.objects.filter(received_at__lt=cutoff)
        return rows.count() if dry_run else rows.delete()[0]
