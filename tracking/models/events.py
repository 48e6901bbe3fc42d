"""What happened to a message, as it came in and as it is kept."""

from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantManager


class Kind(models.IntegerChoices):
    """What an event tells."""

    OPEN = 1, "Open"
    CLICK = 2, "Click"
    UNSUBSCRIBE = 3, "Unsubscribe"
    BOUNCE = 4, "Bounce"
    COMPLAINT = 5, "Complaint"


class Inbox(models.Model):
    """Events as the edge commits them, before it answers. The edge may only insert; a worker empties it.

    The edge knows no account: the worker finds it by the mailing.
    """

    kind = models.SmallIntegerField(choices=Kind)
    mailing_id = models.BigIntegerField()
    sequence = models.IntegerField()
    link = models.SmallIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())
    network = models.CharField(max_length=45, db_default="", help_text="Truncated address.")
    agent = models.CharField(max_length=300, db_default="")
    method = models.CharField(max_length=4, db_default="GET")
    spool_key = models.BinaryField(null=True, help_text="Host, file and offset, for events replayed from a spool.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("spool_key",), name="one_event_per_spool_entry"),)


class Event(models.Model):
    """One event. Partitioned by month of `at`, made in SQL; never the target of a foreign key."""

    pk = models.CompositePrimaryKey("account_id", "at", "id")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    at = models.DateTimeField()
    id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=Kind)
    mailing_id = models.BigIntegerField()
    sequence = models.IntegerField()
    contact_id = models.BigIntegerField(null=True)
    link = models.SmallIntegerField(null=True)
    is_machine = models.BooleanField()
    rule = models.CharField(max_length=30, help_text="The rule that told a machine from a person.")
    agent = models.CharField(max_length=60, help_text="Mail program or browser, by family.")
    country = models.CharField(max_length=2)

    objects = TenantManager()

    class Meta:
        managed = False
        db_table = "tracking_event"
