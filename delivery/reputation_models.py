"""Tables of how an account's mail is received, by day, domain and mailbox provider."""

from django.db import models

from delivery.models import SendingDomain
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


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


class DmarcPolicy(models.TextChoices):
    """What receivers are asked to do with mail that fails, or did."""

    NONE = "none", "None"
    QUARANTINE = "quarantine", "To spam"
    REJECT = "reject", "Refused"


class DmarcReport(TenantModel):
    """One receiver's aggregate report about a verified domain. Anybody can write one: it is shown, and decides nothing."""

    domain = TenantForeignKey(SendingDomain, on_delete=models.CASCADE, related_name="dmarc_reports")
    org = models.CharField(max_length=100, help_text="Who reports, by their own word.")
    report_id = models.CharField(max_length=200)
    day = models.DateField(help_text="On which it begins, UTC.")
    policy = models.CharField(max_length=10, choices=DmarcPolicy)
    received_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "domain", "org", "report_id"), name="one_dmarc_report"),
        )
        indexes = (
            models.Index(fields=("account", "domain", "day"), name="dmarc_reports_by_day"),
            models.Index(fields=("received_at",), name="dmarc_reports_to_sweep"),
        )


class DmarcSource(TenantModel):
    """Messages of a report that came from one network and were judged alike."""

    report = TenantForeignKey(DmarcReport, on_delete=models.CASCADE, related_name="sources")
    network = models.CharField(max_length=45, blank=True, help_text="Truncated address; empty: all others.")
    messages = models.BigIntegerField()
    dkim = models.BooleanField(help_text="Signed in the domain's name.")
    spf = models.BooleanField(help_text="Sent from where the domain says.")
    disposition = models.CharField(max_length=10, choices=DmarcPolicy)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "report", "network", "dkim", "spf", "disposition"), name="one_dmarc_source"
            ),
        )


class BlocklistCheck(models.Model):
    """Which blocklists one of the platform's addresses, or a verified domain, is on. A platform table; decides nothing."""

    name = models.CharField(max_length=253, unique=True, help_text="An address or a domain.")
    listed = models.JSONField(default=dict, help_text="What each list says that it is on.")
    silent = models.JSONField(default=list, help_text="Lists that gave no answer.")
    checked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
