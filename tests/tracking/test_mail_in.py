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
        env={**os.environ, "MAIL_IN_PORT": str(port), "DATABASE_URL": url, "SPOOL_DIR": str(tmp_path)},
        cwd=settings.BASE_DIR,
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 30
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


def test_mail_in_acts_before_it_answers(server):
    mailing = make_mailing(people=2)
    bounced, leaving = (signing.message_token(mailing.pk, n) for n in (1, 2))

    server.sendmail("", [f"b+{bounced}@bounce.example.org"], dsn())
    server.sendmail("reader@example.com", [f"u+{leaving}@bounce.example.org"], "Subject: unsubscribe\r\n\r\n")

    with account_scope(mailing.account_id):
        assert [row.reason for row in Suppression.objects.all()] == ["bounced"]
        assert Subscription.objects.filter(state="unsubscribed").count() == 1


def test_mail_in_refuses_other_mailboxes(server):
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        server.sendmail("a@example.com", ["info@example.org"], "Subject: hi\r\n\r\n")
