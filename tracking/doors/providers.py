"""Reading what providers report: their signatures and payloads are checked and normalised by django-anymail's own views.

Where a provider signs, its key is the secret; where it does not, a password that we made stands in the address.
"""

import base64
import binascii
import hashlib
import hmac
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from anymail.exceptions import (
    AnymailError,
    AnymailInsecureWebhookWarning,
    AnymailNotSupportedWarning,
    AnymailWebhookValidationFailure,
)
from anymail.signals import AnymailTrackingEvent
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest

USER = "emailconcert"
_SVIX_AGE = timedelta(minutes=5)


class Refused(Exception):
    """The request does not prove that the provider made it, or can't be read."""


@dataclass(frozen=True)
class Provider:
    """A provider: anymail's view of its events, and what its secret is. No `key` means a password that we make."""

    label: str
    view: str
    key: str = ""
    secret: str = ""


PROVIDERS = {
    "amazon_ses": Provider("Amazon SES", "amazon_ses.AmazonSESTrackingWebhookView"),
    "brevo": Provider("Brevo", "brevo.BrevoTrackingWebhookView"),
    "mailersend": Provider(
        "MailerSend", "mailersend.MailerSendTrackingWebhookView", "signing_secret", "Signing secret"
    ),
    "mailgun": Provider(
        "Mailgun", "mailgun.MailgunTrackingWebhookView", "webhook_signing_key", "HTTP webhook signing key"
    ),
    "mailjet": Provider("Mailjet", "mailjet.MailjetTrackingWebhookView"),
    "mandrill": Provider("Mandrill", "mandrill.MandrillCombinedWebhookView", "webhook_key", "Webhook key"),
    "postal": Provider("Postal", "postal.PostalTrackingWebhookView", "webhook_key", "Public key of the server"),
    "postmark": Provider("Postmark", "postmark.PostmarkTrackingWebhookView"),
    "resend": Provider("Resend", "resend.ResendTrackingWebhookView", "svix", "Signing secret (whsec_…)"),
    "sendgrid": Provider(
        "SendGrid", "sendgrid.SendGridTrackingWebhookView", "tracking_webhook_verification_key", "Verification key"
    ),
    "sparkpost": Provider("SparkPost", "sparkpost.SparkPostTrackingWebhookView"),
    "unisender_go": Provider("Unisender Go", "unisender_go.UnisenderGoTrackingWebhookView", "api_key", "API key"),
}
_MODULES = {"amazon_sesv1": "amazon_ses", "amazon_sesv2": "amazon_ses", "sendinblue": "brevo"}
_MORE = {"amazon_ses": {"auto_confirm_sns_subscriptions": False}}


def provider_of(backend: str) -> str | None:
    """Return the provider's name by the path of its anymail backend; None where it reports nothing."""
    module = backend.removeprefix("anymail.backends.").partition(".")[0]
    name = _MODULES.get(module, module)
    return name if name in PROVIDERS else None


def read_events(*, name: str, secret: str, url: str, request: HttpRequest, now: datetime) -> list[AnymailTrackingEvent]:
    """Return what a request reports. Raises `Refused`."""
    provider = PROVIDERS[name]
    try:
        if provider.key == "svix":
            _check_svix(request, secret, now)
        view = _view(name, secret, url)
        view.run_validators(request)
        events = view.parse_events(request)
    except (AnymailWebhookValidationFailure, AnymailError, SuspiciousOperation, BadRequest) as error:
        raise Refused(type(error).__name__) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError) as error:
        raise Refused("not readable") from error
    return [event for event in events if isinstance(event, AnymailTrackingEvent)]


def _view(name: str, secret: str, url: str) -> Any:
    provider = PROVIDERS[name]
    module, _, view = provider.view.partition(".")
    found = getattr(import_module(f"anymail.webhooks.{module}"), view)
    checked = type(view, (found,), {"warn_if_no_basic_auth": False})
    options: dict[str, Any] = dict(_MORE.get(name, {}))
    if not provider.key:
        options["webhook_secret"] = f"{USER}:{secret}"
    elif provider.key != "svix":
        options[provider.key] = secret
    if name == "mandrill":
        options["webhook_url"] = url
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnymailNotSupportedWarning)  # SendGrid's: our tests hold it to its payloads
        warnings.simplefilter("ignore", AnymailInsecureWebhookWarning)  # Resend's: its signature is checked above
        return checked(**options)


def _check_svix(request: HttpRequest, secret: str, now: datetime) -> None:
    """Check Resend's signature. Source: docs.svix.com, "Verifying webhooks manually". Raises `Refused`."""
    number, moment = request.headers.get("svix-id", ""), request.headers.get("svix-timestamp", "")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        age = abs(now.timestamp() - int(moment))
    except (binascii.Error, ValueError):
        raise Refused("no signature") from None
    made = hmac.new(key, f"{number}.{moment}.".encode() + request.body, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(made).decode()}"
    given = request.headers.get("svix-signature", "").split()
    if age > _SVIX_AGE.total_seconds() or not any(
        hmac.compare_digest(wanted.encode(), each.encode()) for each in given
    ):
        raise Refused("wrong signature")
