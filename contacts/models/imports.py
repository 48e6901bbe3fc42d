"""Imports of contacts from files."""

from django.db import models
from django.db.models.functions import Now

from contacts.models.lists import List
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Import(TenantModel):
    """One file on its way in."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Waiting for its columns to be matched"
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Known(models.TextChoices):
        FILL = "fill", "Fill in what is empty"
        OVERWRITE = "overwrite", "Overwrite"
        SKIP = "skip", "Leave as they are"

    file_name = models.CharField(max_length=255)
    path = models.CharField(max_length=300, help_text="Under MEDIA_DIR; removed when the import has ended.")
    size = models.BigIntegerField()
    encoding = models.CharField(max_length=30, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    columns = models.JSONField(default=list, help_text="Headers in their order.")
    mapping = models.JSONField(default=dict, help_text="Column number → field.")
    list = TenantForeignKey(List, on_delete=models.SET_NULL, null=True, related_name="imports")
    known = models.CharField(max_length=10, choices=Known, default=Known.FILL)
    consent_wording = models.TextField(max_length=1000, blank=True, help_text="The basis for writing to them.")
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Slices begun since a piece was committed last."
    )
    position = models.BigIntegerField(default=0, help_text="Rows read and committed: where a resumed run goes on.")
    rows_total = models.BigIntegerField(null=True)
    rows_added = models.BigIntegerField(default=0)
    rows_changed = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    rows_duplicate = models.BigIntegerField(default=0)
    rows_refused = models.BigIntegerField(default=0)
    rows_kept_out = models.BigIntegerField(default=0, help_text="Unsubscribed, suppressed, restricted or erased.")
    error = models.CharField(max_length=300, blank=True)


class ImportRefusal(TenantModel):
    """A row that could not be taken: its line, the value and the reason."""

    import_run = TenantForeignKey(Import, on_delete=models.CASCADE, related_name="refusals", db_index=False)
    line = models.BigIntegerField()
    value = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)

    class Meta:
        indexes = (models.Index(fields=("account", "import_run", "line"), name="refusals_of_import"),)
