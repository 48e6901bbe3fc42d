"""What members and the platform did. Append-only: the application's role may insert and read, nothing else.

The chain holds opaque ids and digests; who and where from stand beside it in `AuditActor`, which can be erased without
breaking it. A sealer appends `AuditSeal` rows after commit, so that nobody waits for the chain.
"""

from django.db import models


class AuditEvent(models.Model):
    """One thing done. `account` is empty for the platform's own."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="audit_events")
    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    target_kind = models.CharField(max_length=40, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    digest = models.BinaryField(max_length=32, help_text="Keyed hash of the facts in the side table.")

    class Meta:
        indexes = (models.Index(fields=("account", "-id"), name="audit_by_account"),)


class AuditActor(models.Model):
    """Who, where from and the details: erasable, and bound to the event by its digest."""

    event = models.OneToOneField(AuditEvent, on_delete=models.CASCADE, primary_key=True, related_name="actor")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    network = models.CharField(max_length=45, blank=True)
    details = models.JSONField(default=dict)
    salt = models.BinaryField(max_length=16)


class AuditSeal(models.Model):
    """A link of the chain: position in the account's chain and the keyed hash over the one before and the event."""

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, primary_key=True, related_name="seal")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    position = models.BigIntegerField()
    mac = models.BinaryField(max_length=32)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "position"), name="one_seal_per_position", nulls_distinct=False),
        )


class AuditHead(models.Model):
    """How long an account's chain is, bound by a keyed hash, so that cutting the end off is seen."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    position = models.BigIntegerField()
    last_mac = models.BinaryField(max_length=32)
    mac = models.BinaryField(max_length=32)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account",), name="one_head_per_chain", nulls_distinct=False),)
