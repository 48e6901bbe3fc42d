"""What is written to the person, to the account's owners and to the DPO: service mails through the outbox.

Call inside the platform's scope.
"""

from datetime import date, datetime
from typing import Any

from django.conf import settings

from accounts.services import outbox
from privacy.models import PrivacyRequest
from privacy.services import clocks, texts

# Why a request may be refused, with its ground in law. Objections are not among the types that can be refused at all.
REFUSALS = {
    "not_identified": "We could not establish that you are the person the data is about (GDPR Art. 12(2)).",
    "unfounded": "The request is manifestly unfounded or excessive (GDPR Art. 12(5)).",
    "law": "A law obliges us or the account owner to keep the data (GDPR Art. 17(3)(b)).",
    "claims": "The data is needed to establish, exercise or defend legal claims (GDPR Art. 17(3)(e)).",
    "rights_of_others": "Granting it would harm the rights and freedoms of others (GDPR Art. 15(4)).",
    "not_held": "We hold no data about you in the account you named.",
}


def to_person(request: PrivacyRequest, template: str, *, now: datetime, **more: Any) -> None:
    """Write to the address of the request; nothing happens once that has been erased."""
    address = texts.read(request, "sealed_email")
    if not address:
        return
    outbox.put_mail(
        template=template,
        to=address,
        context={
            "reference": request.reference,
            "type": request.get_type_display(),
            "due": clocks.show(min(request.promised_due, request.legal_due or request.promised_due)),
            "platform": settings.PLATFORM_NAME,
            "dpo": settings.DPO_ADDRESS,
            "site": settings.SITE_URL,
            **more,
        },
        language=request.language,
        account_id=None,
        now=now,
    )


def receipt(request: PrivacyRequest, *, now: datetime) -> None:
    """Tell the person what was done, in numbers."""
    outcome = request.outcome or {}
    done = [f"{each['title']}: {each['rows']}" for each in outcome.get("done", []) if each["rows"]]
    to_person(request, "privacy_receipt", now=now, done=done, kept=outcome.get("kept", []))


def refusal(request: PrivacyRequest, *, reason: str, now: datetime) -> None:
    """Tell the person no, why, and what they can do about it."""
    to_person(request, "privacy_refused", now=now, ground=REFUSALS[request.refusal_code], reason=reason)


def alert_dpo(*, overdue: int, due_soon: int, today: date, now: datetime) -> None:
    """Remind the Data Protection Officer of what is due."""
    outbox.put_mail(
        template="privacy_alert",
        to=settings.DPO_ADDRESS,
        context={
            "overdue": overdue,
            "due_soon": due_soon,
            "today": clocks.show(today),
            "url": f"{settings.SITE_URL}/admin/privacy/privacyrequest/",
            "platform": settings.PLATFORM_NAME,
        },
        account_id=None,
        now=now,
    )
