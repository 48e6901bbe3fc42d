import pytest

from delivery.models import Outcome, Reason
from delivery.services.outcomes import judge_text


@pytest.mark.parametrize(
    ("code", "text", "reason", "status"),
    [
        (550, "5.1.1 User unknown", Reason.MAILBOX_UNKNOWN, "5.1.1"),
        (550, "No such user here", Reason.MAILBOX_UNKNOWN, "5.1.1"),
        (554, "5.1.1 Client host blocked using zen.spamhaus.org", Reason.POLICY, "5.7.1"),
        (550, "5.1.1 <spam@blocklist.example>: no such user", Reason.MAILBOX_UNKNOWN, "5.1.1"),
        (552, "Mailbox full", Reason.MAILBOX_FULL, "5.2.2"),
        (550, "5.2.1 disabled", Reason.MAILBOX_UNKNOWN, "5.2.1"),
        (550, "Requested action not taken: mailbox unavailable", Reason.REJECTED, ""),
        (554, "5.0.0 Sorry", Reason.REJECTED, "5.0.0"),
    ],
)
def test_a_refusals_words_are_weighed_like_a_reports(code, text, reason, status):
    verdict = judge_text(code, text)

    assert (verdict.outcome, verdict.reason, verdict.status) == (Outcome.FAILED, reason, status)


def test_what_passes_and_what_was_taken_is_left_as_it_is():
    assert judge_text(250, "2.0.0 Ok: queued as spam").outcome == Outcome.SENT
    assert (judge_text(451, "4.7.1 try again").outcome, judge_text(451, "4.7.1 try again").status) == (None, "4.7.1")
