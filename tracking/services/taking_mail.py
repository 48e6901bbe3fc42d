"""Doing what a mail that came back asks for, or keeping it for a person to look at."""

import logging
import time
from datetime import datetime
from pathlib import Path

from django.conf import settings

from emailconcert.lib import encryption
from tracking.models import Kind
from tracking.services import opting_out, reading_mail, signals

logger = logging.getLogger(__name__)

_CONTEXT = "tracking.review"
MAX_KEPT = 1_000


def take_mail(*, recipient: str, content: bytes, now: datetime) -> str:
    """Act on one mail and return in a word what was done: bounce, complaint, opt-out, ignored or review."""
    try:
        meaning = reading_mail.read_mail(recipient=recipient, content=content)
    except reading_mail.NotUnderstood as problem:
        _keep_for_review(content)
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


def review_folder() -> Path:
    """Return where mail that nobody understood waits, sealed."""
    return Path(settings.SPOOL_DIR) / "review"


def _keep_for_review(content: bytes) -> None:
    folder = review_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = sorted(folder.glob("*.sealed"))
    for oldest in kept[: max(0, len(kept) - MAX_KEPT + 1)]:
        oldest.unlink(missing_ok=True)
    (folder / f"{time.time_ns()}.sealed").write_bytes(encryption.seal(content, context=_CONTEXT))


def read_kept(path: Path) -> bytes:
    """Return a mail that was kept for review. Raises `encryption.CannotDecrypt`."""
    return encryption.unseal(path.read_bytes(), context=_CONTEXT)
