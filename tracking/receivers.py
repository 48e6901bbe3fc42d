"""What tracking does about what lower apps announce."""

from accounts.models import Outbox
from accounts.services import outbox
from delivery.services import claiming
from tracking.models import Kind, Notice
from tracking.services import replaying, signals

claiming.before_claim(replaying.replay_spool)


@outbox.handles(Outbox.Kind.EVENT)
def count_refusal(entry: outbox.Entry) -> None:
    """Treat an address that the mail server refused while sending like one that bounced."""
    if entry.topic != "message.hard_bounced":
        return
    learnt = signals.Learnt(
        mailing_id=entry.payload["mailing"],
        sequence=entry.payload["sequence"],
        kind=Kind.BOUNCE,
        status=entry.payload.get("status") or "5.1.1",
        source=Notice.Source.SESSION,
    )
    signals.apply_signal(learnt=learnt, now=entry.created_at)
