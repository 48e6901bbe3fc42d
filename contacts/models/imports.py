"""Imports of contacts from files."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models.people import Contact
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Import(TenantModel):
    """One file on its way in."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Waiting for its columns to be matched"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Checked, not started"
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

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
    sheets = models.JSONField(default=list, db_default=[], help_text="Names of a workbook's sheets; empty for text.")
    sheet = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Which of them, from 0.")
    day_first = models.BooleanField(default=True, db_default=True, help_text="3/4 is the third of April.")
    mapping = models.JSONField(
        default=dict, help_text="Column number → field, or `new:` and a type until it is started."
    )
    list_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[], help_text="Lists they are put on.")
    tags = ArrayField(models.CharField(max_length=60), default=list, db_default=[], help_text="Tags that all get.")
    checked = models.JSONField(default=dict, db_default={}, help_text="The dry run: its position and its counts.")
    known = models.CharField(max_length=10, choices=Known, default=Known.FILL)
    consent_wording = models.TextField(max_length=1000, blank=True, help_text="The basis for writing to them.")
    consent_on = models.DateField(null=True, help_text="When they agreed; null where only the import's day is known.")
    consent_source = models.CharField(max_length=200, blank=True, db_default="", help_text="Where they agreed.")
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
    rows_opted_out = models.BigIntegerField(
        default=0, db_default=0, help_text="The file says that they unsubscribed, complained or bounced: suppressed."
    )
    error = models.CharField(max_length=300, blank=True)
    undo_before_at = models.DateTimeField(null=True, help_text="Of added contacts: where undoing goes on (made at).")
    undo_before_id = models.BigIntegerField(null=True, help_text="The contact of that moment that was looked at last.")
    undone_at = models.DateTimeField(null=True)
    rows_removed = models.BigIntegerField(default=0, db_default=0, help_text="Added contacts that undoing took out.")
    rows_restored = models.BigIntegerField(default=0, db_default=0, help_text="Known contacts that got back what was.")
    rows_left = models.BigIntegerField(default=0, db_default=0, help_text="What others changed since: left as it is.")


class ImportRefusal(TenantModel):
    """A row that could not be taken: its line, the value and the reason."""

    import_run = TenantForeignKey(Import, on_delete=models.CASCADE, related_name="refusals", db_index=False)
    line = models.BigIntegerField()
    value = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)

    class Meta:
        indexes = (models.Index(fields=("account", "import_run", "line"), name="refusals_of_import"),)


class ImportChange(TenantModel):
    """What an import changed of a contact that was there before; for undoing it, and kept as long as that is possible.

    Contacts that it added need no row: they name the import as their source.
    """

    import_run = TenantForeignKey(Import, on_delete=models.CASCADE, related_name="changes", db_index=False)
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="import_changes", db_index=False)
    values = models.JSONField(
        default=dict, db_default={}, help_text="Field → [value before, value written, its source before]."
    )
    list_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[], help_text="Lists it was put on.")
    tag_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[], help_text="Tags it was given.")

    class Meta:
        indexes = (
            models.Index(fields=("account", "import_run", "id"), name="changes_of_import"),
            models.Index(fields=("account", "contact"), name="import_changes_of_contact"),
        )
