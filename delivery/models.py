"""Tables of mailings and their messages, sending domains and connections.

`Message` is partitioned by ranges of the mailing's id, made in SQL (migration 0002), lean, and never the target of a
foreign key. Its `outcome` is final once set; what is learnt later is its `signal`.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantForeignKey, TenantManager, TenantModel


class SendingDomain(TenantModel):
    """A domain of the account's, and how its DNS records stand."""

    domain = models.CharField(max_length=253)
    zone = models.CharField(
        max_length=253, blank=True, help_text="What its DNS console is called; empty: not known yet."
    )
    verified_at = models.DateTimeField(null=True, help_text="Since when mail is sent in its name; empty: it is not.")
    broken_at = models.DateTimeField(null=True, help_text="When it was verified no longer, and the owners were told.")
    misses = models.PositiveSmallIntegerField(
        default=0, help_text="Checks of ours in a row that missed a needed record."
    )
    asked_at = models.DateTimeField(null=True, help_text="When somebody last asked for a check.")
    checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(
        db_default=Now(), help_text="When we look by ourselves; also the lease of a check."
    )
    findings = models.JSONField(default=dict, help_text="Per record: how it stands, what was found, what to do.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "domain"), name="one_domain_per_account"),)
        indexes = (models.Index(fields=("next_check_at",), name="domains_to_check"),)

    def __str__(self) -> str:
        return self.domain


class DkimKey(TenantModel):
    """A key that signs for a domain under a selector of its own, and where it is in its life."""

    class Algorithm(models.TextChoices):
        RSA = "rsa", "RSA"
        ED25519 = "ed25519", "Ed25519"

    class State(models.TextChoices):
        NEW = "new", "To be published"
        PUBLISHED = "published", "Published"
        SIGNING = "signing", "Signs"
        RETIRED = "retired", "Retired"

    domain = TenantForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="keys")
    selector = models.CharField(max_length=40)
    algorithm = models.CharField(max_length=7, choices=Algorithm)
    state = models.CharField(max_length=9, choices=State, default=State.NEW)
    sealed_private_key = models.BinaryField(help_text="PKCS#8, sealed with the account's key.")
    public_key = models.TextField(help_text="The DNS record's value.")
    found_at = models.DateTimeField(null=True, help_text="Since when its record is seen.")
    signing_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "domain", "selector"), name="one_key_per_selector"),)

    def __str__(self) -> str:
        return f"{self.selector}._domainkey"


class Sender(TenantModel):
    """A name and address that mail is sent from."""

    name = models.CharField(max_length=100)
    email = models.CharField(max_length=254)
    domain = TenantForeignKey(SendingDomain, on_delete=models.SET_NULL, null=True, related_name="senders")
    verified_at = models.DateTimeField(null=True, help_text="The mailbox said yes.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "email"), name="one_sender_per_address"),)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Connection(TenantModel):
    """How mail leaves: an SMTP server, or a provider through django-anymail. None means the platform's."""

    class Kind(models.TextChoices):
        SMTP = "smtp", "SMTP server"
        ANYMAIL = "anymail", "Provider"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind)
    backend = models.CharField(max_length=100, blank=True, help_text="For a provider: the anymail backend's path.")
    sealed_settings = models.BinaryField(help_text="Address and credentials as JSON, sealed with the account's key.")
    provider = models.CharField(max_length=20, default="smtp", db_default="smtp", help_text="Key of delivery.esps.")
    shown = models.CharField(max_length=255, blank=True, help_text="What may be shown of its settings, no secret.")
    for_domain = TenantForeignKey(SendingDomain, on_delete=models.SET_NULL, null=True, related_name="connections")
    for_kind = models.CharField(max_length=13, blank=True, help_text="Only this kind of mailing; empty: any.")
    is_default = models.BooleanField(default=False, help_text="Carries what no rule sends elsewhere.")
    test_asked_at = models.DateTimeField(null=True)
    tested_at = models.DateTimeField(null=True)
    test_steps = models.JSONField(default=list, help_text="[what was tried, whether it worked, words] in turn.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Mailing(TenantModel):
    """Compiled content sent to many people."""

    class Kind(models.TextChoices):
        CAMPAIGN = "campaign", "Campaign"
        AUTOMATION = "automation", "Automation"
        TRANSACTIONAL = "transactional", "Transactional"
        TEST = "test", "Test mail"

    class State(models.TextChoices):
        COMPILED = "compiled", "Compiled"
        MATERIALISING = "materialising", "Gathering its audience"
        SENDING = "sending", "Sending"
        PAUSED = "paused", "Paused"
        CANCELLED = "cancelled", "Cancelled"
        DONE = "done", "Done"

    kind = models.CharField(max_length=13, choices=Kind)
    state = models.CharField(max_length=13, choices=State, default=State.COMPILED)
    held_reason = models.CharField(max_length=200, blank=True, help_text="Why it is paused, if not by a member.")
    connection = TenantForeignKey(Connection, on_delete=models.SET_NULL, null=True, related_name="mailings")
    domain = TenantForeignKey(SendingDomain, on_delete=models.SET_NULL, null=True, related_name="mailings")
    from_name = models.CharField(max_length=100)
    from_email = models.CharField(max_length=254)
    reply_to = models.CharField(max_length=254, blank=True)
    program = models.BinaryField(help_text="The compiled content, as delivery.content writes it.")
    list_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Lists it goes to; empty for none.")
    beside_lists = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="Set where it goes to segments: the lists chosen beside them. `list_ids` is empty then, so that an "
        "opt-out is one from all mail.",
    )
    list_name = models.CharField(max_length=100, blank=True, help_text="For List-Id.")
    tracks_opens = models.BooleanField(default=True)
    tracks_clicks = models.BooleanField(default=True)
    audience = models.BigIntegerField(default=0, help_text="Messages materialised.")
    excluded = models.JSONField(default=dict, help_text="Left out before that: counts by reason.")
    created_at = models.DateTimeField(auto_now_add=True)
    start_at = models.DateTimeField(null=True, help_text="Nothing leaves before.")
    is_timed = models.BooleanField(
        default=False, db_default=False, help_text="Its batches have times of their own, which may be missed."
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("state", "start_at"),
                condition=models.Q(state__in=("materialising", "sending")),
                name="mailings_under_way",
            ),
        )


class Link(TenantModel):
    """A link of a mailing that is counted; `number` stands in the tracking address."""

    mailing = TenantForeignKey(Mailing, on_delete=models.CASCADE, related_name="links", db_index=False)
    number = models.PositiveSmallIntegerField()
    url = models.TextField()
    label = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "mailing", "number"), name="one_link_per_number"),)
        indexes = (models.Index(fields=("mailing", "number"), name="links_for_the_edge"),)


class Batch(TenantModel):
    """Messages that one worker claims: sequences `first` to `last` of a mailing. Its counts are settled ones."""

    class State(models.TextChoices):
        OPEN = "open", "Waiting"
        LEASED = "leased", "With a worker"
        DONE = "done", "Done"

    mailing = TenantForeignKey(Mailing, on_delete=models.CASCADE, related_name="batches", db_index=False)
    number = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()
    state = models.CharField(max_length=6, choices=State, default=State.OPEN, db_default=State.OPEN)
    not_before = models.DateTimeField(db_default=Now())
    worker = models.CharField(max_length=100, blank=True, db_default="")
    host = models.CharField(max_length=100, blank=True, db_default="")
    boot_id = models.CharField(max_length=40, blank=True, db_default="")
    journal = models.CharField(max_length=200, blank=True, db_default="")
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    claimed = ArrayField(
        models.IntegerField(),
        null=True,
        help_text="While leased: the sequences the worker took, where not all that wait.",
    )
    put_off = models.JSONField(
        default=dict, db_default={}, help_text="Per sequence that a server asked to wait: times asked, and until when."
    )
    sending = models.PositiveIntegerField(default=0, db_default=0)
    sent = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    skipped = models.PositiveIntegerField(default=0, db_default=0)
    unconfirmed = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "mailing", "number"), name="one_batch_per_number"),)
        indexes = (
            models.Index(fields=("mailing", "number"), condition=models.Q(state="open"), name="batches_to_claim"),
            models.Index(fields=("lease_until",), condition=models.Q(state="leased"), name="batches_leased"),
        )


class Outcome(models.IntegerChoices):
    """What became of a message; the last four are final."""

    QUEUED = 0, "Queued"
    SENDING = 1, "Sending"
    SENT = 2, "Sent"
    FAILED = 3, "Failed"
    SKIPPED = 4, "Skipped"
    UNCONFIRMED = 5, "Unconfirmed"


class Reason(models.IntegerChoices):
    """Why a message was skipped, failed, or is unconfirmed."""

    NONE = 0, ""
    UNSUBSCRIBED = 1, "Unsubscribed"
    SUPPRESSED = 2, "On the suppression list"
    RESTRICTED = 3, "Restricted"
    ERASED = 4, "Erased"
    PAUSED = 5, "Paused by the person"
    DUPLICATE = 6, "Duplicate address"
    TEMPLATE_ERROR = 7, "Content could not be filled in"
    LIMIT = 8, "Over a limit"
    CANCELLED = 9, "Cancelled"
    EXCLUDED = 10, "In an excluded list or segment"
    REJECTED = 20, "Rejected by the mail server"
    MAILBOX_UNKNOWN = 21, "No such mailbox"
    MAILBOX_FULL = 22, "Mailbox full"
    POLICY = 23, "Refused for policy or content"
    UNREACHABLE = 24, "The mail server could not be reached"
    CONNECTION_BROKE = 30, "The connection broke after the mail was handed over"
    WORKER_ENDED = 31, "The program that sent it was stopped before the answer came"
    HOST_GONE = 32, "The computer that sent it is gone, or was restarted"


class Signal(models.IntegerChoices):
    """What was learnt after sending."""

    NONE = 0, ""
    DELIVERED = 1, "Delivered"
    SOFT_BOUNCE = 2, "Soft bounce"
    HARD_BOUNCE = 3, "Hard bounce"
    COMPLAINED = 4, "Spam complaint"


class Message(models.Model):
    """One mailing to one contact. Key: account, mailing, sequence (from 1)."""

    pk = models.CompositePrimaryKey("account_id", "mailing_id", "sequence")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    mailing = TenantForeignKey(Mailing, on_delete=models.DO_NOTHING, db_index=False, related_name="messages")
    sequence = models.IntegerField()
    contact_id = models.BigIntegerField(null=True, help_text="Emptied by erasure.")
    outcome = models.SmallIntegerField(choices=Outcome, default=Outcome.QUEUED)
    reason = models.SmallIntegerField(choices=Reason, default=Reason.NONE)
    signal = models.SmallIntegerField(choices=Signal, default=Signal.NONE)
    reply_code = models.SmallIntegerField(null=True, help_text="The mail server's last reply.")
    settled_at = models.DateTimeField(null=True)

    objects = TenantManager()

    class Meta:
        managed = False
        db_table = "delivery_message"


# Django looks for an app's tables here.
from delivery.limit_models import MailingHealth, SendingLimit, SendingRules, WarmUp, WarmUpDay  # noqa: E402, F401
from delivery.reputation_models import BlocklistCheck, DmarcReport, DmarcSource, ReputationDay  # noqa: E402, F401
