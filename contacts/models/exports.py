"""Files of contacts that were written for a member to fetch."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantModel


class Export(TenantModel):
    """One file: sealed under a key of its own, gone after a week."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel (XLSX)"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        WITHDRAWN = "withdrawn", "Withdrawn"

    name = models.CharField(max_length=100, help_text="What is in it, in words.")
    query = models.CharField(max_length=2000, blank=True, help_text="Filters, as in the page's address.")
    selected = ArrayField(models.BigIntegerField(), default=list, db_default=[], help_text="Instead of a query.")
    columns = ArrayField(models.CharField(max_length=50), default=list, db_default=[])
    format = models.CharField(max_length=4, choices=Format, default=Format.CSV)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    rows_total = models.BigIntegerField(null=True)
    rows_done = models.BigIntegerField(default=0, db_default=0)
    size = models.BigIntegerField(default=0, db_default=0)
    path = models.CharField(max_length=300, blank=True, db_default="", help_text="Under MEDIA_DIR.")
    sealed_key = models.BinaryField(null=True, help_text="The file's key; destroyed when it expires.")
    downloads = models.PositiveIntegerField(default=0, db_default=0)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Runs begun: the last one counts.")
    error = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        indexes = (models.Index(fields=("account", "-id"), name="exports_by_age"),)
