"""Tables of how fast an account may send, when it may not, and of when a mailing stops itself."""

from django.db import models

from delivery.models import Connection, Mailing, SendingDomain
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class SendingLimit(TenantModel):
    """Messages an hour of the whole account, of one connection or of one domain.

    The owner's own is a wish and only ever lowers; the platform's stands in the place of the default.
    """

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="limits")
    domain = TenantForeignKey(SendingDomain, on_delete=models.CASCADE, null=True, related_name="limits")
    own_per_hour = models.PositiveIntegerField(null=True)
    platform_per_hour = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "connection", "domain"), name="one_limit_each", nulls_distinct=False
            ),
        )


class SendingRules(TenantModel):
    """An account's quiet hours, by its own clock, and when its mailings stop themselves. Empty: the platform's rules."""

    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    bounce_percent = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    complaint_percent = models.DecimalField(max_digits=4, decimal_places=2, null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account",), name="one_set_of_rules_per_account"),)


class WarmUp(TenantModel):
    """A domain's plan of daily volumes: how much it sends on each day since it began. Off: as much as it likes."""

    domain = TenantForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="warm_ups")
    began_on = models.DateField(help_text="The plan's first day, UTC.")
    is_on = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "domain"), name="one_warm_up_per_domain"),)


class WarmUpDay(TenantModel):
    """How many messages of a domain left, or are about to, on one day (UTC) of its plan."""

    warm_up = TenantForeignKey(WarmUp, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    volume = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "warm_up", "day"), name="one_volume_per_day"),)


class MailingHealth(TenantModel):
    """How a mailing is received: hard bounces and complaints, and up to which level its owner goes on nevertheless."""

    class Stop(models.TextChoices):
        NONE = "", "Not stopped"
        BOUNCES = "bounces", "Hard bounces"
        COMPLAINTS = "complaints", "Complaints"

    mailing = TenantForeignKey(Mailing, on_delete=models.CASCADE, related_name="health")
    hard_bounces = models.PositiveIntegerField(default=0, db_default=0)
    complaints = models.PositiveIntegerField(default=0, db_default=0)
    bounce_level = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Each doubles the threshold.")
    complaint_level = models.PositiveSmallIntegerField(default=0, db_default=0)
    stopped_for = models.CharField(max_length=10, choices=Stop, default=Stop.NONE, db_default="", blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "mailing"), name="one_health_per_mailing"),)
