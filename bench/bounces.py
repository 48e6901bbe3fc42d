"""Reading a mail that came back: our classifier, all of a newsletter of 40 KB enclosed, beside flufl.bounce alone."""

import email
from email import policy

from bench.measure import Comparison, figure

COUNT = 300
NEWSLETTER = "<p>Words of bread and butter, as people write them in their letters to others.</p>\r\n" * 500
DIAGNOSTIC = "smtp; 550 5.1.1 <reader@example.com>: Recipient address rejected: User unknown in virtual mailbox table"


def report():
    """Return a standard report that encloses the whole newsletter."""
    return (
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you that your message could not be delivered.\r\n"
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; reader@example.com\r\nAction: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: {DIAGNOSTIC}\r\n\r\n"
        "--B\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <b+x@bounce.example.org>\r\nSubject: Weekly\r\n"
        f"Content-Type: text/html\r\n\r\n{NEWSLETTER}\r\n--B--\r\n"
    ).encode()


def spoken():
    """Return a bounce in sentences, with the newsletter below."""
    return (
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program at mx.example.net.\r\n\r\n<reader@example.com>:\r\nSorry, no mailbox here by that "
        f"name. (#5.1.1)\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nReturn-Path: <b+x@x>\r\n\r\n{NEWSLETTER}"
    ).encode()


def compare():
    """Compare the two on a standard report and on one in sentences."""
    from flufl.bounce import scan_message

    from tracking.bounces.classifying import classify

    for name, mail in (("a standard report", report()), ("a bounce in sentences", spoken())):
        assert classify(mail)[0].kind == "hard"
        yield Comparison(
            f"Reading {name} of {len(mail) // 1000} KB",
            "mail",
            (
                figure(
                    "classified: kind, status, recipient, what follows",
                    _each(lambda mail=mail: classify(mail)),
                    units=COUNT,
                ),
                figure(
                    "flufl.bounce: recipients only",
                    _each(lambda mail=mail: scan_message(email.message_from_bytes(mail, policy=policy.compat32))),
                    units=COUNT,
                ),
            ),
        )


def _each(work):
    def repeat():
        for _ in range(COUNT):
            work()

    return repeat
