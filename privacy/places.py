"""Where privacy stands in the navigation."""

from emailconcert.shell import nav

_REGISTERS = tuple(
    f"/admin/privacy/{name}/"
    for name in ("erasureledger", "suppression", "restriction", "consent", "retentionrun", "privacyrequest/registers")
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
