"""A worker for the chaos test: settles what dead ones held and sends, until it is killed or the mailing is over."""

import time
from datetime import UTC, datetime

from delivery.models import Mailing
from delivery.services import recovering, sending
from emailconcert.lib.tenancy import account_scope


def main(account_id, mailing_id):
    while True:
        recovering.recover_batches(now=datetime.now(UTC))
        sending.run_slot(account_id=account_id, mailing_id=mailing_id, seconds=30, should_yield=lambda: False)
        with account_scope(account_id):
            if Mailing.objects.get(pk=mailing_id).state == Mailing.State.DONE:
                return
        time.sleep(0.1)
