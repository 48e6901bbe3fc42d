"""Where privacy stands in the navigation."""

from accounts import audit_words, settings_pages
from emailconcert.shell import nav

_REGISTERS = tuple(
    f"/admin/privacy/{name}/"
    for name in (
        "erasureledger",
        "suppression",
        "restriction",
        "consent",
        "retentionrun",
        "specialcategoryfinding",
        "privacyrequest/registers",
    )
)

nav.register(
    "Queue",
    "admin:privacy_privacyrequest_changelist",
    "inbox",
    10,
    ("admin:privacy_privacyrequest_changelist", "admin:privacy_privacyrequest_change"),
    site="dpo",
)
nav.register("Registers", "admin:privacy_registers", "book-open", 30, _REGISTERS, site="dpo")
nav.register(
    "Notices", "admin:privacy_noticeversion_changelist", "file-text", 40, ("/admin/privacy/noticeversion/",), site="dpo"
)
nav.register_profile("Your data", "privacy:profile", "shield", 50)
settings_pages.register_own("Your data", "privacy:profile", 50, words="privacy copy erase delete profile gdpr")
settings_pages.register("Privacy", "privacy:owner", 70, words="requests gdpr erase data protection")
audit_words.register(
    {
        "finding.allowed": "Allowed a special category",
        "finding.upheld": "Upheld a special-category finding",
        "privacy.asked": "Asked for their own data",
        "privacy.answered": "Answered a privacy request",
        "privacy.entered": "Entered a privacy request",
        "privacy.verified": "Verified a person's identity",
        "privacy.proof_asked": "Asked for proof of identity",
        "privacy.clarification_asked": "Asked a person to clarify",
        "privacy.clarified": "Noted a clarification",
        "privacy.extended": "Extended a privacy request",
        "privacy.promise_restarted": "Counted the 30 days from verification",
        "privacy.matched": "Chose the account of a privacy request",
        "privacy.dry_run": "Looked at a dry run",
        "privacy.approved": "Approved a privacy request",
        "privacy.approved_second": "Approved an erasure as the second person",
        "privacy.cooling_off_overridden": "Carried an erasure out without waiting",
        "privacy.refused": "Refused a privacy request",
        "privacy.reopened": "Opened a lapsed privacy request again",
        "privacy.retried": "Tried a privacy request again",
        "privacy.lift_announced": "Announced the end of a restriction",
        "privacy.lifted": "Lifted a restriction",
        "privacy.objected": "Carried out an objection to marketing",
        "privacy.erased": "Erased a person",
        "privacy.handed_over": "Made a package of a person's data",
        "privacy.restricted": "Restricted a person's data",
        "privacy.done": "Carried out a privacy request",
    }
)
