"""What tracking does about what lower apps announce."""

from accounts.models import Outbox
from accounts.services import outbox
from delivery.services import claiming, proving
from tracking.models import Kind, Notice
from tracking.services import habits, replaying, signals

claiming.before_claim(replaying.replay_spool)


@outbox.handles(Outbox.Kind.EVENT)
def join_habits(entry: outbox.Entry) -> None:
    """Let whoever was merged into somebody count with them in segments by opens and clicks."""
    if entry.topic == "contact.merged" and entry.account_id is not None:
        habits.join(account_id=entry.account_id, kept=entry.payload["contact"], gone=entry.payload["merged"])


@outbox.handles(Outbox.Kind.EVENT)
def count_refusal(entry: outbox.Entry) -> None:
    """Treat what the mail server refused for good while sending like a bounce that arrives later."""
    if entry.topic != "message.refused_while_sending":
        return
    learnt = signals.Learnt(
        mailing_id=entry.payload["mailing"],
        sequence=entry.payload["sequence"],
        kind=Kind.BOUNCE,
        status=entry.payload["status"],
        source=Notice.Source.SESSION,
    )
    signals.apply_signal(learnt=learnt, now=entry.created_at)


@outbox.handles(Outbox.Kind.EVENT)
def believe_proof(entry: outbox.Entry) -> None:
    """Take a message for sent once somebody's mail program has fetched what only it names."""
    if entry.topic == "message.proven" and entry.account_id is not None:
        proving.prove_sent(
            account_id=entry.account_id,
            mailing_id=entry.payload["mailing"],
            sequence=entry.payload["sequence"],
            now=entry.created_at,
        )
