"""Amazon SES, whose library answers in a shape of its own. Source: SES API v2, SendEmail, "Errors"."""

from typing import Any

from anymail.exceptions import AnymailAPIError

from delivery.models import Outcome, Reason
from delivery.services.outcomes import LATER, UNCONFIRMED, Verdict

_NOT_NOW = {"TooManyRequestsException", "ThrottlingException", "Throttling", "LimitExceededException"}
_ABOUT_THE_MESSAGE = {"MessageRejected", "BadRequestException"}
_NEVER_REACHED = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"}
_SERVERS_FAULT = 500


class RefusedByAmazon(Exception):
    """Nothing goes through until the owner acts; the words are for them."""


def asked_once(backend: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return a backend's options so that its library asks once: asked again after a timeout, it may send twice."""
    if "amazon_ses" not in backend:
        return options
    given = options.get("client_params", {})
    return {**options, "client_params": {**given, "config": {"retries": {"total_max_attempts": 1}}}}


def verdict_of(error: AnymailAPIError) -> Verdict:
    """Return what an error means: an answer below 500 says that the message was not taken. Raises `RefusedByAmazon`."""
    if type(error.__cause__).__name__ in _NEVER_REACHED:
        raise RefusedByAmazon("Your provider can't be reached. Resume when it is back. Nobody was left out.")
    answer = error.response if isinstance(error.response, dict) else {}
    said = answer.get("Error", {})
    code, words = str(said.get("Code", "")), str(said.get("Message", "")).lower()
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _NOT_NOW and "daily" not in words:
        return LATER
    if not 400 <= status < _SERVERS_FAULT:
        return UNCONFIRMED
    if code in _ABOUT_THE_MESSAGE and "not verified" not in words:
        return Verdict(Outcome.FAILED, Reason.REJECTED)
    raise RefusedByAmazon(
        f"Your provider refuses the account (it answered {code[:60]}): check its key, its quota and its domain, "
        "then resume. Nobody was left out."
    )
