"""Tables of suppression, consent, requests, the erasure ledger, notices and retention."""

from privacy.models.consent import Consent, Wording
from privacy.models.findings import SpecialCategoryFinding
from privacy.models.notices import NoticeVersion
from privacy.models.requests import ClockPause, Package, PrivacyRequest, RequestEvent, RequestToken
from privacy.models.retention import RetentionRun
from privacy.models.suppression import DomainSuppression, ErasureLedger, Restriction, Suppression

__all__ = [
    "ClockPause",
    "Consent",
    "DomainSuppression",
    "ErasureLedger",
    "NoticeVersion",
    "Package",
    "PrivacyRequest",
    "RequestEvent",
    "RequestToken",
    "Restriction",
    "RetentionRun",
    "SpecialCategoryFinding",
    "Suppression",
    "Wording",
]
