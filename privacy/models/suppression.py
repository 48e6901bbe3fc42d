"""Who is never mailed. Keyed by account and keyed hash of the address, so that it outlives the contact."""

from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantModel


class Suppression(TenantModel):
    """An address never to be mailed by this account. Erasure empties `sealed_address`; the hash stays."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", "Opted out of all mail"
        OBJECTED = "objected", "Objected to marketing"
        BOUNCED = "bounced", "Hard bounce"
        COMPLAINED = "complained", "Spam complaint"
        MANUAL = "manual", "Added by a member"
        IMPORTED = "imported", "Imported"
        ERASED = "erased", "Erased"

    address_hash = models.BinaryField(max_length=32)
    sealed_address = models.BinaryField(null=True)
    reason = models.CharField(max_length=12, choices=Reason)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "address_hash"), name="one_suppression_per_address"),)


class DomainSuppression(TenantModel):
    """A domain to which this account never sends."""

    domain = models.CharField(max_length=253)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "domain"), name="one_suppression_per_domain"),)


class Restriction(TenantModel):
    """A person whose data may be stored and nothing else (GDPR Art. 18)."""

    address_hash = models.BinaryField(max_length=32)
    since = models.DateTimeField(db_default=Now())
    request_id = models.BigIntegerField(null=True, help_text="The privacy request, a platform row.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "address_hash"), name="one_restriction_per_address"),)


class ErasureLedger(models.Model):
    """What was erased, for ever: also in a file outside the database. Append-only, a platform table, no foreign key.

    Account 0 stands for login profiles.
    """

    account_number = models.BigIntegerField()
    address_hash = models.BinaryField(max_length=32)
    erased_at = models.DateTimeField()
    reference = models.CharField(max_length=20)
    mac = models.BinaryField(max_length=32, help_text="Keyed hash over the entry before and this one.")

    class Meta:
        indexes = (models.Index(fields=("account_number", "address_hash"), name="erased_by_address"),)
