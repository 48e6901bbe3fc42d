"""What comes back, in the shapes of the large servers, and what is made of it."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tracking.bounces import shapes
from tests.tracking.bounces.shapes import TO, arf, failed, reply, report, spoken
from tracking.bounces.classifying import classify


def news(content):
    return [(finding.kind.value, finding.status, finding.recipient) for finding in classify(content)]


def one(content):
    [finding] = classify(content)
    return finding.kind.value, finding.status, finding.action.value


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("QMAIL", "hard", "5.1.1"),
        ("EXIM", "hard", "5.1.1"),
        ("EXIM_DELAY", "not_a_bounce", ""),
        ("EXCHANGE", "hard", "5.1.1"),
        ("OFFICE_365", "hard", "5.1.10"),
        ("GMAIL_OLD", "hard", "5.1.1"),
        ("GMAIL", "hard", "5.1.1"),
        ("YAHOO", "hard", "5.1.1"),
        ("POSTFIX", "soft", "5.2.2"),
        ("SENDMAIL", "hard", "5.1.1"),
        ("DOMINO", "hard", "5.1.1"),
        ("GROUPWISE", "hard", "5.1.1"),
        ("HMAIL", "sender", "5.7.1"),
        ("MIMECAST", "hard", "5.1.1"),
        ("IMAIL", "soft", "5.2.2"),
        ("HTML_NDR", "hard", "5.1.10"),
    ],
)
def test_each_servers_own_shape_is_understood(name, kind, status):
    assert news(getattr(shapes, name)) == [(kind, status, TO)]


def test_each_recipient_of_one_mail_is_told_apart():
    both = report(failed("5.1.1", to="one@example.com"), failed("4.2.2", to="two@example.com"))

    assert news(both) == [("hard", "5.1.1", "one@example.com"), ("soft", "4.2.2", "two@example.com")]
    assert news(shapes.TWO_QMAIL) == [("soft", "5.2.2", "one@example.com"), ("hard", "5.1.1", "two@example.com")]


@pytest.mark.parametrize(
    ("status", "diagnostic", "expected"),
    [
        ("5.1.1", "", ("hard", "5.1.1", "suppress")),
        ("5.2.1", "550 5.2.1 The email account is disabled", ("hard", "5.2.1", "suppress_at_second_strike")),
        ("4.4.7", "451 try again", ("soft", "4.4.7", "count")),
        ("5.7.1", "", ("sender", "5.7.1", "alert_owner")),
        ("5.3.4", "552 too big", ("sender", "5.3.4", "alert_owner")),
        # A vague status: the server's own code, then its words.
        ("5.0.0", "550 5.1.1 nobody", ("hard", "5.1.1", "suppress")),
        ("4.0.0", "550 5.1.1 nobody", ("hard", "5.1.1", "suppress")),
        ("5.5.0", "550 <reader@example.com>: user unknown", ("hard", "5.1.1", "suppress")),
        ("5.0.0", "552 Requested action aborted: mailbox full", ("soft", "5.2.2", "count")),
        ("5.0.0", "554 delivery error: dd This user doesn’t have a yahoo.com account", ("hard", "5.1.1", "suppress")),
        ("5.1.351", "550 5.1.351 Remote server answered -> 550 5.1.1 unknown", ("hard", "5.1.1", "suppress")),
        ("", "550 5.1.2 Host unknown", ("hard", "5.1.2", "suppress")),
        ("5.0.0", "550 mailbox unavailable", ("soft", "5.0.0", "count")),
        ("", "", ("unknown", "", "review")),
        ("2.0.0", "250 OK", ("unknown", "2.0.0", "review")),
        # Contradictions: what harms the person least is believed, so no blocklist suppresses anybody.
        ("5.1.1", "550 5.7.1 rejected", ("sender", "5.7.1", "alert_owner")),
        ("5.1.1", "554 Client host [192.0.2.9] blocked using zen.spamhaus.org", ("sender", "5.7.1", "alert_owner")),
        ("5.1.1", "550 5.1.1 Your message looks like SPAM", ("sender", "5.7.1", "alert_owner")),
        ("5.1.1", "550 DMARC check failed", ("sender", "5.7.26", "alert_owner")),
        ("5.1.1", "552 5.2.2 over quota", ("soft", "5.2.2", "count")),
        ("5.1.1", "450 4.2.0 greylisted", ("soft", "4.1.1", "count")),
        # The words of an address are not the server's.
        ("5.1.1", "550 5.1.1 <blocklist@spam.example>: User unknown", ("hard", "5.1.1", "suppress")),
        # Put off for the sender's standing: no strike against the person.
        ("4.4.7", "421 4.7.28 unusual rate of unsolicited mail", ("soft", "4.7.28", "none")),
    ],
)
def test_status_and_diagnostic_are_weighed(status, diagnostic, expected):
    assert one(report(failed(status, diagnostic))) == expected


def test_words_of_the_report_count_where_the_fields_say_nothing():
    assert one(report(failed("5.0.0"), text="The mailbox of this user is full."))[:2] == ("soft", "5.2.2")


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered"])
def test_news_of_other_kinds_is_no_bounce(action):
    [finding] = classify(report(failed("4.4.1", action=action)))

    assert (finding.kind.value, finding.action.value, finding.event) == ("not_a_bounce", "none", action)
    assert one(report(failed("5.1.1", action="dunno")))[0] == "unknown"


def test_reports_in_other_encodings_are_read():
    fields = "Final-Recipient: utf-8; J\\x{F6}rg@example.com\r\nAction: failed\r\nStatus: 5.1.1"
    international = report(fields, kind="message/global-delivery-status")
    whole = f"Reporting-MTA: dns; mx\r\n\r\n{failed('5.1.1')}\r\n".encode()
    encoded = base64.encodebytes(whole).replace(b"\n", b"\r\n")
    part = b"--B\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
    wrapped = b'From: m@x\r\nContent-Type: multipart/report; boundary="B"\r\n\r\n' + part + b"\r\n--B--\r\n"
    original = "Original-Recipient: rfc822;first@example.com\r\n" + failed("5.1.1", to="forwarded@example.net")

    assert news(international) == [("hard", "5.1.1", "Jörg@example.com")]
    assert news(wrapped) == [("hard", "5.1.1", TO)]
    assert news(report(original)) == [("hard", "5.1.1", "first@example.com")]
    assert news(shapes.QMAIL.replace(b"\n", b"\r\n")) == news(shapes.QMAIL)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", ("complaint", "", "suppress")),
        ("fraud", ("complaint", "", "suppress")),
        ("not-spam", ("not_a_bounce", "", "none")),
        ("auth-failure", ("not_a_bounce", "", "none")),
        ("opt-out", ("not_a_bounce", "", "opt_out")),
        ("other", ("unknown", "", "review")),
    ],
)
def test_feedback_reports_by_their_type(kind, expected):
    assert one(arf(kind)) == expected
    assert classify(arf(kind))[0].recipient == TO


def test_microsofts_older_complaint_is_understood():
    boundary = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="B"\r\n'
    enclosed = "--B\r\nContent-Type: message/rfc822\r\n\r\nX-HmXmrOriginalRecipient: reader@example.com\r\nSubject: W\r\n\r\nHi\r\n--B--\r\n"

    assert news(spoken(enclosed, sender="staff@hotmail.com", subject="complaint", headers=boundary)) == [
        ("complaint", "", TO)
    ]


@pytest.mark.parametrize(
    "mail",
    [
        *(
            reply(subject)
            for subject in (
                "Automatic reply: Weekly", "Out of Office: Weekly", "Abwesenheitsnotiz", "Automatische Antwort: Weekly",
                "Réponse automatique : Weekly", "Respuesta automática: Weekly", "Risposta automatica", "Autosvar: Weekly",
                "=?utf-8?b?6Ieq5YuV6L+U5L+h?=: Weekly", "Автоответ: Weekly", "Resposta automática",
            )
        ),
        *(
            reply("Re: Weekly", headers=header + "\r\n")
            for header in (
                "Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated (vacation)", "X-Autoreply: yes",
                "Precedence: auto_reply", "X-Auto-Response-Suppress: All", "Return-Path: <>",
            )
        ),
        reply("Re: Weekly", text="Please click here so that your message to me is delivered: boxbe"),
    ],
)  # fmt: skip
def test_what_a_program_answers_is_left_alone_whatever_it_says(mail):
    assert one(mail) == ("auto_reply", "", "none")


def test_what_people_write_and_what_nobody_knows_is_kept_for_review():
    assert one(reply("Re: Weekly", text="Thank you! Is the shop open?")) == ("not_a_bounce", "", "review")
    assert one(spoken("Something happened.", subject="Notice")) == ("unknown", "", "review")
    assert one(spoken("Something happened.", subject="Delivery failure"))[0] == "unknown"
    assert one(spoken("It says: 550 5.1.1 user unknown. What does that mean?", sender=TO, subject="Question"))[0] == (
        "not_a_bounce"
    )
    for nothing in (b"", b"\xff\xfe\x00", b"\r\n" * 50):
        assert one(nothing) == ("unknown", "", "review")


def test_an_enclosed_mail_is_not_taken_for_the_mail_itself():
    inner = report(failed("5.1.1")).decode().replace("--B", "--C").replace('"B"', "C")

    assert one(report(failed("4.2.2"), returned=inner))[:2] == ("soft", "4.2.2")


SAMPLES = [value for name, value in sorted(vars(shapes).items()) if name.isupper() and isinstance(value, bytes)]
SAMPLES += [arf(), report(failed("5.1.1")), reply("Automatic reply")]


@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 40), st.binary(max_size=30)), max_size=8),
)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_broken_mail_never_raises(sample, changes):
    for at, length, put in changes:
        sample = sample[:at] + put + sample[at + length :]

    for finding in classify(sample):
        assert finding.kind.value != "hard" or finding.action.value.startswith("suppress")
        assert len(finding.status) <= 11


def test_mail_that_is_made_to_harm_is_read_in_no_time():
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(2_000))
    wide = b'Content-Type: multipart/mixed; boundary="B"\r\n\r\n' + b"--B\r\n\r\nx\r\n" * 20_000
    long = b"From: mailer-daemon@x\r\nSubject: failure notice\r\n\r\n" + b"<" * 100_000 + b" user" * 20_000
    spaced = b"From: mailer-daemon@x\r\nSubject: undeliverable\r\n\r\n" + b"the email address " * 8_000
    charset = (
        b'From: a@x\r\nSubject: =?x-nonsense?b?!!!?=\r\nContent-Type: text/plain; charset="x-no"\r\n\r\nhi \xff\r\n'
    )

    for harmful in (deep, wide, long, spaced, charset):
        assert classify(harmful)
