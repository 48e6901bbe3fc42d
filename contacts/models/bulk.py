"""What is done to many contacts at once, and what exactly it changed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models.lists import List
from contacts.models.people import Contact, Tag
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class BulkAction(TenantModel):
    """One action on a selection, or on all who match a query, in the order of their ids."""

    class Kind(models.TextChoices):
        TAG = "tag", "Tag"
        UNTAG = "untag", "Take a tag off"
        SUBSCRIBE = "subscribe", "Subscribe"
        UNSUBSCRIBE = "unsubscribe", "Unsubscribe"
        DELETE = "delete", "Delete"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Stopped"
        UNDOING = "undoing", "Being undone"
        UNDONE = "undone", "Undone"

    kind = models.CharField(max_length=12, choices=Kind)
    query = models.CharField(max_length=2000, blank=True, help_text="Filters, as in the page's address.")
    selected = ArrayField(models.BigIntegerField(), default=list, db_default=[], help_text="Instead of a query.")
    until_id = models.BigIntegerField(help_text="Who came in later is not in it.")
    tag = TenantForeignKey(Tag, on_delete=models.SET_NULL, null=True, related_name="+")
    list = TenantForeignKey(List, on_delete=models.SET_NULL, null=True, related_name="+")
    about = models.CharField(max_length=100, blank=True, help_text="The tag's or list's name then.")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    total = models.BigIntegerField(help_text="How many matched when it was started.")
    seen = models.BigIntegerField(default=0, db_default=0)
    changed = models.BigIntegerField(default=0, db_default=0)
    left_out = models.BigIntegerField(default=0, db_default=0, help_text="Opted out or restricted.")
    put_back = models.BigIntegerField(default=0, db_default=0, help_text="Changes that undo took back.")
    position = models.BigIntegerField(default=0, db_default=0, help_text="The last contact (undoing: change) done.")
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Slices begun since a piece was committed last."
    )
    error = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        indexes = (models.Index(fields=("account", "-id"), name="bulk_actions_by_age"),)


class BulkChange(TenantModel):
    """One contact that an action changed; kept for as long as it can be undone."""

    action = TenantForeignKey(BulkAction, on_delete=models.CASCADE, related_name="changes", db_index=False)
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="+", db_index=False)
    before = models.CharField(max_length=12, blank=True, db_default="", help_text="The subscription's state.")
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("account", "action", "id"), name="changes_of_bulk_action"),
            models.Index(fields=("account", "contact"), name="bulk_changes_of_contact"),
        )
