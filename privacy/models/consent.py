"""Consent that can be shown."""

from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Wording(TenantModel):
    """The exact words somebody agreed to, archived by hash."""

    text_hash = models.BinaryField(max_length=32)
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "text_hash"), name="one_wording_per_hash"),)


class Consent(TenantModel):
    """Who agreed, when, how and to which words. No foreign key to the contact: evidence may outlive it."""

    class Channel(models.TextChoices):
        FORM = "form", "Form"
        IMPORT = "import", "Import"
        MEMBER = "member", "Recorded by a member"
        PREFERENCES = "preferences", "Preference page"

    address_hash = models.BinaryField(max_length=32)
    wording = TenantForeignKey(Wording, on_delete=models.PROTECT, related_name="consents", db_index=False)
    channel = models.CharField(max_length=12, choices=Channel)
    list_id = models.BigIntegerField(null=True)
    source_id = models.BigIntegerField(null=True, help_text="Which form or import.")
    source_version = models.PositiveIntegerField(null=True)
    network = models.CharField(max_length=45, blank=True, db_default="")
    given_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("account", "address_hash"), name="consents_of_address"),)
