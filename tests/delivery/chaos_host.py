"""A worker of some host, for the chaos runs: settles what dead ones held and sends, until it is killed or all is over."""

import os
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error, connection

from delivery.models import Mailing
from delivery.services import easing, recovering, sending, settling
from delivery.wire import journal
from delivery.wire import sending as wire_sending
from emailconcert.lib.tenancy import account_scope


def main(account_id, mailing_id, host):
    """`host`: its name, boot, journals and mail server."""
    os.setsid()  # a process group of its own, like a container
    _become(host)
    while True:
        try:
            if _work(account_id, mailing_id):
                return
        except (Error, redis.RedisError, OSError):
            connection.close()
        time.sleep(0.05)


def _become(host):
    socket.gethostname = lambda: host["name"]
    journal.boot_id = lambda: host["boot"]
    for module in (recovering.journal, sending.claiming):
        module.boot_id = journal.boot_id
    settings.JOURNAL_DIR = Path(host["journals"])
    settings.EMAIL_URL = host["email_url"]
    settling._FIRST_WAIT = timedelta(milliseconds=100)
    wire_sending._FIRST_WAIT = 0.05
    easing.slow_down = lambda **_: None


def _work(account_id, mailing_id):
    recovering.recover_batches(now=datetime.now(UTC))
    sending.run_slot(account_id=account_id, mailing_id=mailing_id, seconds=30, should_yield=lambda: False)
    settling.finish_mailing(account_id=account_id, mailing_id=mailing_id, now=datetime.now(UTC))
    with account_scope(account_id):
        return Mailing.objects.get(pk=mailing_id).state == Mailing.State.DONE
