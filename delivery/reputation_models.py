"""Tables of how an account's mail is received, by day, domain and mailbox provider."""

from django.db import models

from emailconcert.lib.tenancy import TenantModel


class ReputationDay(TenantModel):
    """What became of the messages that left on one day (UTC), whenever it became known.

    By the domain in From and by mailbox provider; providers without a name of their own are one, `other`, so that no row
    speaks of a domain that is one person's.
    """

    day = models.DateField()
    domain = models.CharField(max_length=253)
    provider = models.CharField(max_length=20)
    sent = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0, help_text="Refused while sending, as in the ledger.")
    hard_bounces = models.PositiveIntegerField(default=0, db_default=0)
    soft_bounces = models.PositiveIntegerField(default=0, db_default=0)
    refused = models.PositiveIntegerField(default=0, db_default=0, help_text="For policy or content.")
    complaints = models.PositiveIntegerField(default=0, db_default=0)
    unsubscribes = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "day", "domain", "provider"), name="one_row_per_day_and_provider"
            ),
        )
