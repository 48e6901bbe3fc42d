import os
import smtplib
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from contacts.models import Subscription
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from tests.tracking.makers import make_mailing
from tests.tracking.test_signals import dsn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = settings.DATABASE_URL.replace("/emailconcert?", f"/{connection.settings_dict['NAME']}?")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "mail_in"],
        env={
            **os.environ,
            "MAIL_IN_PORT": str(port),
            "MAIL_IN_LMTP": f"unix:{tmp_path}/lmtp",
            "DATABASE_URL": url,
        },
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 120
    while True:
        try:
            smtp = smtplib.SMTP("127.0.0.1", port, timeout=10)
            break
        except OSError:
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.1)
    yield smtp
    smtp.close()
    process.terminate()
    assert process.wait(20) == 0


def test_mail_in_acts_before_it_answers_and_takes_nothing_else(server, tmp_path):
    mailing = make_mailing(people=4)
    one, two, three, leaving = (signing.message_token(mailing.pk, n) for n in (1, 2, 3, 4))

    server.sendmail("", [f"b+{one}@bounce.example.org"], dsn())
    server.sendmail("reader@example.com", [f"u+{leaving}@bounce.example.org"], "Subject: unsubscribe\r\n\r\n")
    with smtplib.LMTP(str(tmp_path / "lmtp")) as lmtp:
        lmtp.ehlo()
        lmtp.mail("")
        wanted = [f"b+{two}@bounce.example.org", "info@example.org", f"b+{three}@bounce.example.org"]
        assert [lmtp.rcpt(each)[0] for each in wanted] == [250, 550, 250]
        assert [lmtp.data(dsn())[0], lmtp.getreply()[0]] == [250, 250]  # one for each that was taken

    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["bounced"] * 3
        assert Subscription.objects.filter(state="unsubscribed").count() == 1
    for stranger in ("info@example.org", "b+" + "A" * 32 + "@bounce.example.org", one + "@bounce.example.org"):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            server.sendmail("", [stranger], dsn())
    with pytest.raises(smtplib.SMTPResponseException, match="552"):
        server.sendmail("", ["fbl@example.org"], b"x" * (6 * 1024 * 1024))
