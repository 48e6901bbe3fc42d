"""A mail server misbehaves in every way; its own log is held against the ledger."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from delivery.models import Batch, Mailing
from delivery.services import easing, sending, settling
from delivery.wire import sending as wire_sending
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from tests.delivery import judging, makers, rough_server
from tests.delivery.rough_server import ANYWHERE, READABLE, TAKEN_UNHEARD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.flaky(reruns=1)]

# What becomes in the end of a message that meets this once, at each step.
CASES = {
    **{(step, manner): "sent" for step in ("mail", "rcpt", "data", "body") for manner in (*ANYWHERE, *READABLE)},
    **{(step, "twice"): "sent" for step in ("mail", "rcpt", "body")},
    **{(step, "no"): "failed" for step in ("rcpt", "data", "body")},
    **{("body", manner): "unconfirmed" for manner in ("vanish", "hang", "garbage", *TAKEN_UNHEARD)},
    ("cut", "cut"): "unconfirmed",
    ("data", "twice"): "unconfirmed",
}
del CASES[("mail", "no")]  # it is about the sender, and holds the mailing (test_sending.py)


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    """No waiting between attempts; how fast we may send is another matter."""
    monkeypatch.setattr(settling, "_FIRST_WAIT", timedelta(0))
    monkeypatch.setattr(wire_sending, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(easing, "slow_down", lambda **_: None)


def send(mailing, server, *, timeout=5, runs=12):
    settings.EMAIL_URL = f"smtp://127.0.0.1:{server.port}?timeout={timeout}"
    for _ in range(runs):
        with account_scope(mailing.account_id):
            if Mailing.objects.get(pk=mailing.pk).state == Mailing.State.DONE:
                return
            Batch.objects.filter(state=Batch.State.OPEN).update(not_before=datetime.now(UTC))
        sending.run_slot(account_id=mailing.account_id, mailing_id=mailing.pk, seconds=30, should_yield=lambda: False)


def meeting_once(mailing, cases):
    """Plan that each message in turn meets a case, once."""
    left = {signing.message_token(mailing.pk, number): case for number, case in enumerate(cases, 1)}

    def plan(step, session):
        if session.token in left and left[session.token][0] == step:
            return left.pop(session.token)[1]
        return None

    return plan


@pytest.mark.parametrize("pipelining", [True, False])
def test_each_misbehaviour_leaves_its_message_where_it_belongs(journals, monkeypatch, pipelining):
    monkeypatch.setattr(settings, "EMAIL_URL", "")
    cases = {case: end for case, end in CASES.items() if "hang" not in case[1]}
    mailing = makers.make_started(people=len(cases))

    with rough_server.running(meeting_once(mailing, cases), pipelining=pipelining) as server:
        send(mailing, server)
        judging.judge(mailing, server, people=len(cases))

    rows = judging.outcomes_of(mailing)
    ends = {case: rows[signing.message_token(mailing.pk, number)][1] for number, case in enumerate(cases, 1)}
    assert {case: end.name.lower() for case, end in ends.items()} == cases


def test_server_that_hangs_holds_nobody_up_for_long(journals, monkeypatch):
    monkeypatch.setattr(settings, "EMAIL_URL", "")
    monkeypatch.setattr(settings, "SMTP_CONNECTIONS", 8)
    cases = {case: end for case, end in CASES.items() if "hang" in case[1]}
    mailing = makers.make_started(people=len(cases))

    with rough_server.running(meeting_once(mailing, cases)) as server:
        send(mailing, server, timeout=4)
        found, taken = judging.judge(mailing, server, people=len(cases))

    assert (found.sent, found.unconfirmed, taken) == (3, 2, 1)


@pytest.mark.parametrize("step", ["connect", "ehlo"])
def test_server_that_lets_nobody_in_loses_nobody(journals, monkeypatch, step):
    monkeypatch.setattr(settings, "EMAIL_URL", "")
    monkeypatch.setattr(settings, "SMTP_CONNECTIONS", 2)
    manners = iter(["vanish", "421", "garbage", "in bytes", "vanish", "later", "in lines"])
    mailing = makers.make_started(people=3)

    with rough_server.running(lambda asked, session: next(manners, None) if asked == step else None) as server:
        send(mailing, server)
        found, _ = judging.judge(mailing, server, people=3)

    assert (found.sent, found.unconfirmed) == (3, 0)


def test_server_that_vanishes_in_the_middle_and_comes_back(journals, monkeypatch):
    monkeypatch.setattr(settings, "EMAIL_URL", "")
    mailing = makers.make_started(people=60)

    def plan(step, session):
        if step == "body" and session.message in (20, 40):
            asyncio.ensure_future(server._vanish())  # noqa: RUF006  # it ends this session, too
            asyncio.get_running_loop().call_later(0.2, lambda: asyncio.ensure_future(server._listen()))
        return

    with rough_server.running(plan, pause=0.002) as server:
        send(mailing, server)
        found, _ = judging.judge(mailing, server, people=60)

    assert found.sent + found.unconfirmed == 60
    assert found.unconfirmed <= 2 * settings.SMTP_CONNECTIONS
