"""What lower apps want mailed or announced, written in the same transaction as its cause."""

from django.db import models


class Outbox(models.Model):
    """One mail or domain event, waiting for its handler. Readable by the platform role only."""

    class Kind(models.TextChoices):
        MAIL = "mail", "Mail"
        EVENT = "event", "Domain event"

    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=5, choices=Kind)
    topic = models.CharField(max_length=60)
    sealed_payload = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, help_text="Given up after the last attempt.")
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = (models.Index(fields=("due_at",), condition=models.Q(failed_at=None), name="outbox_due"),)
