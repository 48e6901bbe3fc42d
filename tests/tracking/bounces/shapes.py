"""Mail that came back, in the public shapes of the large servers and providers. Written for these tests; no real mail."""

TO = "reader@example.com"


def report(
    *recipients, text="Sorry.", kind="message/delivery-status", extra="", returned="Subject: Weekly\r\n\r\nHello"
):
    """Return a standard report; each recipient is its fields as text."""
    blocks = "".join(f"\r\n{fields.strip()}\r\n".replace("\n    ", "\n") for fields in recipients)
    return (
        "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        f"--B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--B\r\nContent-Type: {kind}\r\n{extra}\r\nReporting-MTA: dns; mx.example.net\r\nArrival-Date: Mon, 1 Mar 2027 10:00:00 +0000\r\n"
        f"{blocks}\r\n--B\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\n--B--\r\n"
    ).encode()


def failed(status="", diagnostic="", to=TO, action="failed"):
    """Return one recipient's fields."""
    lines = [f"Final-Recipient: rfc822; {to}", f"Action: {action}"]
    lines += [f"Status: {status}"] if status else []
    lines += [f"Diagnostic-Code: smtp; {diagnostic}"] if diagnostic else []
    return "\r\n".join(lines)


def spoken(text, *, sender="MAILER-DAEMON@mx.example.net", subject="failure notice", headers=""):
    """Return a bounce in sentences."""
    head = f"From: {sender}\r\nTo: b+x@bounce.example.org\r\nSubject: {subject}\r\n{headers}"
    return f"{head}\r\n{text}".encode()


QMAIL = spoken(
    """Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<reader@example.com>:
192.0.2.4 does not like recipient.
Remote host said: 550 5.1.1 <reader@example.com>: Recipient address rejected: User unknown
Giving up on 192.0.2.4.

--- Below this line is a copy of the message.

Return-Path: <b+x@bounce.example.org>
Subject: Weekly

Our spam filter column this week ...
"""
)
EXIM = spoken(
    """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  reader@example.com
    (ultimately generated from info@example.com)
    host mx.example.net [192.0.2.4]
    SMTP error from remote mail server after RCPT TO:<reader@example.com>:
    550 No such user here

------ This is a copy of the message, including all the headers. ------

Return-path: <b+x@bounce.example.org>
""",
    subject="Mail delivery failed: returning message to sender",
    headers="X-Failed-Recipients: reader@example.com\r\nAuto-Submitted: auto-replied\r\n",
)
EXIM_DELAY = spoken(
    """This message was created automatically by mail delivery software.
A message that you sent has not been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.net.

The address to which the message has not yet been delivered is:

  reader@example.com
    host mx.example.net [192.0.2.4]: 451 try later

No action is required on your part. Delivery attempts will continue for
some time.
""",
    subject="Warning: message 1abc delayed 24 hours",
    headers="Auto-Submitted: auto-replied\r\n",
)
EXCHANGE = spoken(
    """Your message did not reach some or all of the intended recipients.

      Subject:  Weekly
      Sent:     3/1/2027 10:00 AM

The following recipient(s) could not be reached:

      reader@example.com on 3/1/2027 10:00 AM
            The e-mail account does not exist at the organization this message was sent to.  Check the e-mail address, or contact the recipient directly to find out the correct address.
            <mx.example.net #5.1.1>
""",
    sender='"System Administrator" <postmaster@example.com>',
    subject="Undeliverable: Weekly",
)
OFFICE_365 = report(
    failed(
        "5.1.10",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient reader@example.com not found by SMTP address lookup",
    )
)
GMAIL_OLD = spoken(
    """Delivery to the following recipient failed permanently:

     reader@example.com

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the server for the recipient domain example.com by mx.example.com. [192.0.2.4].

The error that the other server returned was:
550 5.1.1 <reader@example.com>: Recipient address rejected: User unknown in virtual mailbox table

----- Original message -----

DKIM-Signature: v=1; a=rsa-sha256
""",
    sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
    subject="Delivery Status Notification (Failure)",
)
GMAIL = report(
    failed(
        "5.1.1",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n 550-5.1.1 double-checking the "
        "recipient's email address for typos or\r\n 550-5.1.1 unnecessary spaces. For more information, go to\r\n 550 5.1.1 "
        "https://support.google.com/mail/?p=NoSuchUser ffacd0b85a97d-38a - gsmtp",
    )
)
YAHOO = spoken(
    """Message from yahoo.com.
Unable to deliver message to the following address(es).

<reader@example.com>:
This user doesn't have a yahoo.com account (reader@example.com) [0]

--- Original message follows.

Return-Path: <b+x@bounce.example.org>
""",
    sender="MAILER-DAEMON@yahoo.com",
    subject="Delivery failure",
)
POSTFIX = spoken(
    """This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

                   The mail system

<reader@example.com>: host mx.example.com[192.0.2.4] said: 552 5.2.2
    <reader@example.com>: Mailbox full (in reply to RCPT TO command)
""",
    subject="Undelivered Mail Returned to Sender",
)
SENDMAIL = spoken(
    """The original message was received at Mon, 1 Mar 2027 10:00:00 GMT
from out.example.org [192.0.2.9]

   ----- The following addresses had permanent fatal errors -----
<reader@example.com>
    (reason: 550 5.1.1 <reader@example.com>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.example.com.:
>>> DATA
<<< 550 5.1.1 <reader@example.com>... User unknown
""",
    subject="Returned mail: see transcript for details",
)
DOMINO = spoken(
    """Your message

  Subject: Weekly

was not delivered to:

  reader@example.com

because:

  User reader (reader@example.com) not listed in Domino Directory
""",
    sender="postmaster@example.com",
    subject="DELIVERY FAILURE: User reader (reader@example.com) not listed in Domino Directory",
)
GROUPWISE = spoken(
    """The message that you sent was undeliverable to the following:
        reader@example.com (user not found)

Possibly truncated original message follows:
""",
    sender="Mailer-Daemon@example.com",
    subject="Message status - undeliverable",
)
HMAIL = spoken(
    """Your message did not reach some or all of the intended recipients.

   Sent: Mon, 1 Mar 2027 10:00:00 +0000
   Subject: Weekly

The following recipient(s) could not be reached:

reader@example.com
   Error Type: SMTP
   Remote server (192.0.2.4) issued an error.
   hMailServer sent: RCPT TO:<reader@example.com>
   Remote server replied: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org

hMailServer
""",
    sender="mailer-daemon@mail.example.net",
    subject="Message undeliverable: Weekly",
)
MIMECAST = report(failed("5.0.0", "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550 [x.uk12]"))
IMAIL = spoken(
    "User mailbox exceeds allowed size: reader@example.com\n\nOriginal message follows.\n\nReceived: from x\n",
    sender="Postmaster <postmaster@example.com>",
    subject="Undeliverable Mail",
)
HTML_NDR = spoken(
    "<html><body><p><b>Delivery has failed to these recipients or groups:</b></p><p><a href='mailto:reader@example.com'>"
    "reader@example.com</a><br>The email address you entered couldn&#39;t be found. Please check the address.</p>"
    "<p>Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound'</p></body></html>",
    sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.com>",
    subject="Undeliverable: Weekly",
    headers="MIME-Version: 1.0\r\nContent-Type: text/html; charset=us-ascii\r\n",
)
TWO_QMAIL = spoken(
    """Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<one@example.com>:
This address no longer accepts mail: mailbox full.

<two@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)
"""
)


def arf(kind="abuse", *, fields="Original-Rcpt-To: <reader@example.com>\r\n", inner=""):
    """Return a feedback report."""
    return (
        "From: fbl@provider.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"\r\n\r\n'
        "--B\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n"
        f"--B\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: P/1\r\nVersion: 1\r\n{fields}\r\n"
        f"--B\r\nContent-Type: message/rfc822\r\n\r\n{inner}Subject: Weekly\r\nFrom: a@example.org\r\n\r\nHello\r\n--B--\r\n"
    ).encode()


def reply(subject, *, headers="", text="I am away until Monday. My old mailbox does not exist any more.", sender=TO):
    """Return what somebody's mailbox answers."""
    return spoken(text, sender=sender, subject=subject, headers=headers)
