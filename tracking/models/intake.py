"""What was learnt about a message after sending, and how far spool files have been replayed."""

from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantModel


class Notice(TenantModel):
    """One bounce or complaint about one message: the strikes that suppress, and the memory that makes them count once."""

    class Source(models.TextChoices):
        SESSION = "session", "Said while sending"
        MAIL = "mail", "Mailed report"
        PROVIDER = "provider", "Provider's webhook"

    mailing_id = models.BigIntegerField()
    sequence = models.IntegerField()
    contact_id = models.BigIntegerField(null=True)
    kind = models.SmallIntegerField(help_text="Bounce or complaint, as in events.")
    status = models.CharField(max_length=11, blank=True, db_default="", help_text="RFC 3463, for example 5.1.1.")
    source = models.CharField(max_length=8, choices=Source)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "mailing_id", "sequence", "kind", "status"), name="one_notice_per_message"
            ),
        )
        indexes = (models.Index(fields=("account", "contact_id", "at"), name="notices_of_contact"),)


class SpoolPosition(models.Model):
    """How far a spool file has been replayed, moved in the transaction that replays. A platform table."""

    name = models.CharField(max_length=200, unique=True, help_text="Host and file.")
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(db_default=Now())
