"""Privacy requests: rows of the platform, because their account may be unknown.

Owners read those about their contacts from `with_controller` on; a policy of the database sees to it. Texts are sealed
with the platform's ring.
"""

from django.db import models


class PrivacyRequest(models.Model):
    """One request of one person. Deadlines are dates; instants are UTC beside the zone they were reckoned in."""

    class Type(models.TextChoices):
        ACCESS = "access", "See my data"
        COPY = "copy", "Get a copy of my data"
        AMEND = "amend", "Correct my data"
        RESTRICT = "restrict", "Limit the use of my data"
        ERASE = "erase", "Erase my data"
        OBJECT = "object", "Stop marketing to me"
        COMPLAINT = "complaint", "Complain"

    class Channel(models.TextChoices):
        FORM = "form", "Form"
        EMAIL = "email", "Email to the DPO"
        LETTER = "letter", "Letter"
        ACCOUNT = "account", "Profile page"

    class SubjectKind(models.TextChoices):
        CONTACT = "contact", "Contact"
        USER = "user", "Login profile"
        AGENT = "agent", "Agent"

    class Regime(models.TextChoices):
        EU = "eu", "European Union"
        UK = "uk", "United Kingdom"
        CALIFORNIA = "california", "California"
        OTHER = "other", "Elsewhere"

    class State(models.TextChoices):
        UNVERIFIED = "unverified", "Waiting for verification"
        ID_INFO_ASKED = "id_info_asked", "Asked for proof of identity"
        VERIFIED = "verified", "Verified"
        WITH_CONTROLLER = "with_controller", "With the account owner"
        REVIEW = "review", "In review"
        CLARIFYING = "clarifying", "Waiting for clarification"
        APPROVED = "approved", "Approved"
        EXECUTING = "executing", "Being carried out"
        RESTRICTED = "restricted", "Restricted"
        LIFT_NOTIFIED = "lift_notified", "Person told of lifting"
        LIFTED = "lifted", "Restriction lifted"
        DONE = "done", "Done"
        PARTLY_DONE = "partly_done", "Partly done"
        FAILED = "failed", "Failed, to be tried again"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        LAPSED = "lapsed", "Lapsed"

    class Answer(models.TextChoices):
        NONE = "", "No answer yet"
        AGREE = "agree", "Agreed"
        OBJECT = "object", "Objected"
        SILENT = "silent", "Silent"

    reference = models.CharField(max_length=20, unique=True, help_text="Random and public.")
    type = models.CharField(max_length=10, choices=Type)
    channel = models.CharField(max_length=8, choices=Channel)
    subject_kind = models.CharField(max_length=8, choices=SubjectKind)
    regime = models.CharField(max_length=10, choices=Regime, default=Regime.OTHER)
    state = models.CharField(max_length=16, choices=State, default=State.UNVERIFIED)
    sealed_full_name = models.BinaryField(null=True)
    sealed_email = models.BinaryField(null=True)
    sealed_business_name = models.BinaryField(null=True)
    sealed_details = models.BinaryField(null=True)
    email_hash = models.BinaryField(max_length=32, help_text="Keyed hash within account 0, the platform.")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.SET_NULL, null=True, related_name="+", help_text="The account matched."
    )
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    contact_hash = models.BinaryField(max_length=32, null=True, help_text="Address hash within the matched account.")
    language = models.CharField(max_length=10, default="en")
    zone = models.CharField(max_length=64, default="UTC")
    received_at = models.DateTimeField()
    id_asked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.CharField(max_length=20, blank=True, help_text="link, session or manual.")
    promised_due = models.DateField()
    promise_restarted_at = models.DateTimeField(
        null=True, help_text="Counted from a late verification from then on, and the person was told."
    )
    legal_due = models.DateField(null=True)
    extended_at = models.DateTimeField(null=True)
    sealed_extension_reason = models.BinaryField(null=True)
    controller_asked_at = models.DateTimeField(null=True)
    controller_answer = models.CharField(max_length=7, choices=Answer, blank=True, default=Answer.NONE)
    sealed_controller_reason = models.BinaryField(null=True)
    dry_run = models.JSONField(null=True, help_text="Counts only.")
    dry_run_viewed_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    second_approver = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    execute_after = models.DateTimeField(null=True, help_text="The end of the cooling-off.")
    sealed_override_reason = models.BinaryField(null=True)
    executed_at = models.DateTimeField(null=True)
    outcome = models.JSONField(null=True, help_text="Counts only: what went, what was kept and why.")
    refusal_code = models.CharField(max_length=30, blank=True)
    sealed_refusal = models.BinaryField(null=True)
    ledger_entry = models.ForeignKey("privacy.ErasureLedger", on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0, help_text="Reminders to verify that were mailed.")
    alerted_on = models.DateField(null=True, help_text="When the DPO was last reminded.")

    class Meta:
        indexes = (
            models.Index(fields=("promised_due",), condition=models.Q(closed_at=None), name="open_requests_by_date"),
            models.Index(fields=("email_hash",), name="requests_of_address"),
            models.Index(fields=("account",), name="requests_of_account"),
        )

    def __str__(self) -> str:
        return self.reference


class RequestEvent(models.Model):
    """One step in the life of a request. Append-only."""

    request = models.ForeignKey(PrivacyRequest, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    from_state = models.CharField(max_length=16, blank=True)
    to_state = models.CharField(max_length=16)
    actor = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    actor_kind = models.CharField(max_length=10, help_text="person, dpo, owner or system.")
    sealed_note = models.BinaryField(null=True)


class RequestToken(models.Model):
    """A single-use link of a request; only its hash is kept. 256 bits, 24 hours."""

    class Purpose(models.TextChoices):
        VERIFY = "verify", "Verify identity"
        PACKAGE = "package", "Fetch the package"

    request = models.ForeignKey(PrivacyRequest, on_delete=models.CASCADE, related_name="tokens")
    purpose = models.CharField(max_length=8, choices=Purpose)
    secret_hash = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ClockPause(models.Model):
    """A stretch in which a clock stood still where the regime allows it."""

    request = models.ForeignKey(PrivacyRequest, on_delete=models.CASCADE, related_name="pauses")
    kind = models.CharField(max_length=14, help_text="identity or clarification.")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class Package(models.Model):
    """The data of an access or copy request: a sealed file, whose key is destroyed at expiry."""

    request = models.OneToOneField(PrivacyRequest, on_delete=models.CASCADE, related_name="package")
    path = models.CharField(max_length=300)
    sealed_key = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    downloads = models.PositiveSmallIntegerField(default=0)
    code_hash = models.BinaryField(max_length=32, null=True, help_text="The fresh code, hashed.")
    code_expires_at = models.DateTimeField(null=True)
    code_attempts = models.PositiveSmallIntegerField(default=0)
