"""Doing what a mail that came back asks for, or keeping it for a person to look at."""

import logging
from datetime import datetime

from delivery.services import dmarc_reports
from tracking.models import Kind
from tracking.services import opting_out, reading_mail, reviewing, signals

logger = logging.getLogger(__name__)


def take_mail(*, recipient: str, content: bytes, now: datetime) -> str:
    """Act on one mail and return in a word what was done: bounce, complaint, opt-out, report, ignored or review."""
    if recipient.partition("@")[0].lower() == dmarc_reports.MAILBOX:
        return "report" if dmarc_reports.take_mail(content=content, now=now) else "ignored"
    try:
        meaning = reading_mail.read_mail(recipient=recipient, content=content)
    except reading_mail.NotUnderstood as problem:
        reviewing.keep(content=content, why=str(problem), about=problem.about, now=now)
        logger.info("mail kept for review", extra={"why": str(problem)})
        return "review"
    if isinstance(meaning, signals.Learnt):
        signals.apply_signal(learnt=meaning, now=now)
        return "complaint" if meaning.kind == Kind.COMPLAINT else "bounce"
    if isinstance(meaning, reading_mail.OptOut):
        opting_out.opt_out_by_mail(mailing_id=meaning.mailing_id, sequence=meaning.sequence, now=now)
        return "opt-out"
    if isinstance(meaning, reading_mail.Arrived):
        signals.note_arrival(
            mailing_id=meaning.mailing_id, sequence=meaning.sequence, is_delivered=meaning.is_delivered, now=now
        )
    return "ignored"
