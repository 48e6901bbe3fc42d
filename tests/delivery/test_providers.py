import socket
import threading
from datetime import UTC, datetime

import pytest
from anymail.exceptions import AnymailAPIError, AnymailRequestsAPIError
from anymail.message import AnymailRecipientStatus
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from django.core import mail
from django.core.mail import get_connection

from delivery import queries
from delivery.models import Connection, Mailing, Outcome, Reason
from delivery.services import amazon, compiling, connections, holding, providers, starting
from delivery.services.compiling import CannotMail
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict
from emailconcert.lib.tenancy import account_scope
from tests.delivery import makers
from tests.factories import AccountFactory

pytestmark = pytest.mark.django_db(transaction=True)
BACKEND = "anymail.backends.test.EmailBackend"


def connection_of(account, backend=BACKEND, options=None):
    with account_scope(account):
        return Connection.objects.create(
            name="Provider", kind="anymail", backend=backend,
            sealed_settings=connections.seal_settings(options or {}, account_id=account.pk),
        )  # fmt: skip


def run(mailing):
    return starting.run_slot(
        account_id=mailing.account_id, mailing_id=mailing.pk, seconds=10, should_yield=lambda: False
    )


@pytest.fixture
def mailing(journals):
    mail.outbox = []
    account = AccountFactory()
    return makers.make_started(account=account, people=3, connection=connection_of(account))


def test_mailing_goes_out_through_a_provider_with_headers_of_each_person(mailing):
    run(mailing)

    assert sorted(message.to[0] for message in mail.outbox) == ["p1@example.com", "p2@example.com", "p3@example.com"]
    links = {message.extra_headers["List-Unsubscribe"] for message in mail.outbox}
    assert len(links) == 3
    assert {message.extra_headers["List-Unsubscribe-Post"] for message in mail.outbox} == {"List-Unsubscribe=One-Click"}
    found = queries.ledger(mailing)
    assert found.adds_up
    assert found.sent == 3
    with account_scope(mailing.account_id):
        assert Mailing.objects.get(pk=mailing.pk).state == Mailing.State.DONE


class Response:
    reason = "x"
    text = "x"

    def __init__(self, code):
        self.status_code = code

    def json(self):
        return {}


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (AnymailRequestsAPIError("x", response=Response(400)), "failed"),
        (AnymailRequestsAPIError("x", response=Response(429)), "queued"),
        (AnymailRequestsAPIError("x", response=Response(408)), "queued"),
        (AnymailRequestsAPIError("x", response=Response(503)), "unconfirmed"),
        (AnymailRequestsAPIError("x"), "unconfirmed"),
        ({"recipient_status": {"p1@example.com": AnymailRecipientStatus("1", "rejected")}}, "failed"),
    ],
)
def test_providers_answer_decides(journals, monkeypatch, answer, part):
    mail.outbox = []
    account = AccountFactory()
    mailing = makers.make_started(account=account, people=1, connection=connection_of(account))
    compose = providers.compose

    def composed(*args):
        message = compose(*args)
        message.anymail_test_response = answer
        return message

    monkeypatch.setattr(providers, "compose", composed)
    run(mailing)

    found = queries.ledger(mailing)
    assert found.adds_up
    assert getattr(found, part) == 1
    assert datetime.now(UTC)


@pytest.mark.parametrize("code", [401, 402, 403, 404])
def test_refusal_of_the_account_holds_the_mailing_and_fails_nobody(mailing, monkeypatch, code):
    compose = providers.compose

    def composed(*args):
        message = compose(*args)
        message.anymail_test_response = AnymailRequestsAPIError("x", response=Response(code))
        return message

    with monkeypatch.context() as refused:
        refused.setattr(providers, "compose", composed)
        run(mailing)

    with account_scope(mailing.account_id):
        held = Mailing.objects.get(pk=mailing.pk)
    assert held.state == Mailing.State.PAUSED
    assert f"refuses the account (it answered {code})" in held.held_reason
    found = queries.ledger(mailing)
    assert (found.adds_up, found.queued) == (True, 3)

    holding.resume_mailing(mailing=mailing, now=datetime.now(UTC))
    run(mailing)
    assert queries.ledger(mailing).sent == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v3/", "http://no-such-host.invalid/v3/"])
def test_provider_that_cannot_be_reached_holds_the_mailing_and_leaves_nothing_unconfirmed(journals, monkeypatch, url):
    monkeypatch.setattr(providers, "_CONNECT_WAITS", (0.01,))
    account = AccountFactory()
    options = {"api_key": "x", "api_url": url, "sender_domain": "shop.example"}
    through = connection_of(account, "anymail.backends.mailgun.EmailBackend", options)
    mailing = makers.make_started(account=account, people=3, connection=through)

    run(mailing)

    with account_scope(account):
        held = Mailing.objects.get(pk=mailing.pk)
    assert (held.state, queries.ledger(mailing).queued) == (Mailing.State.PAUSED, 3)
    assert held.held_reason.startswith("Your provider can't be reached.")


def test_connection_that_breaks_after_the_request_leaves_its_message_unconfirmed(journals):
    account = AccountFactory()
    with socket.create_server(("127.0.0.1", 0)) as server:
        hang_up = lambda: server.accept()[0].close()  # noqa: E731, PLW0108  # accepted in the thread
        threading.Thread(target=hang_up, daemon=True).start()
        options = {
            "api_key": "x", "api_url": f"http://127.0.0.1:{server.getsockname()[1]}/", "sender_domain": "shop.example",
        }  # fmt: skip
        through = connection_of(account, "anymail.backends.mailgun.EmailBackend", options)
        mailing = makers.make_started(account=account, people=1, connection=through)
        run(mailing)

    assert queries.ledger(mailing).unconfirmed == 1


@pytest.mark.parametrize("name", ["mailersend", "mandrill", "postal", "scaleway"])
def test_provider_without_headers_of_each_person_is_refused(name):
    account = AccountFactory()

    with pytest.raises(CannotMail, match=f"(?i){name}"):
        makers.make_mailing(account=account, connection=connection_of(account, f"anymail.backends.{name}.EmailBackend"))
    assert compiling.check_connection(None) is None


def amazon_error(code, status, words=""):
    answer = {"Error": {"Code": code, "Message": words}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "SendEmail")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (amazon_error("TooManyRequestsException", 429), LATER),
        (amazon_error("MessageRejected", 400, "Bad content"), Verdict(Outcome.FAILED, Reason.REJECTED)),
        (amazon_error("MessageRejected", 400, "Email address is not verified."), "held"),
        (amazon_error("TooManyRequestsException", 429, "Daily message quota exceeded."), "held"),
        (amazon_error("UnrecognizedClientException", 403), "held"),
        (amazon_error("AccountSuspendedException", 400), "held"),
        (EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com"), "held"),
        (amazon_error("InternalFailure", 500), UNCONFIRMED),
        (ReadTimeoutError(endpoint_url="https://email.eu-west-1.amazonaws.com"), UNCONFIRMED),
    ],
)
def test_amazons_answers_leave_unconfirmed_only_what_may_have_left(answer, expected):
    error = AnymailAPIError("x", response=getattr(answer, "response", None))
    error.__cause__ = answer
    if expected == "held":
        with pytest.raises(amazon.RefusedByAmazon):
            amazon.verdict_of(error)
    else:
        assert amazon.verdict_of(error) == expected


def test_amazon_is_asked_once_for_each_message():
    options = {"client_params": {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}}
    path = "anymail.backends.amazon_ses.EmailBackend"
    with get_connection(path, **amazon.asked_once(path, options)) as backend:
        assert backend.client.meta.config.retries["total_max_attempts"] == 1
    assert amazon.asked_once("anymail.backends.brevo.EmailBackend", options) is options


def test_settings_that_no_provider_takes_hold_the_mailing_in_words(journals):
    account = AccountFactory()
    options = {"client_params": {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "no region!"}}
    through = connection_of(account, "anymail.backends.amazon_ses.EmailBackend", options)
    mailing = makers.make_started(account=account, people=1, connection=through)

    assert run(mailing) is False

    with account_scope(account):
        held = Mailing.objects.get(pk=mailing.pk)
    assert (held.state, queries.ledger(mailing).queued) == (Mailing.State.PAUSED, 1)
    assert "can't be used" in held.held_reason
