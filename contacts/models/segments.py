"""Saved filters."""

from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantModel


class Segment(TenantModel):
    """A saved, re-evaluated filter: a tree of conditions that `contacts.conditions` knows."""

    name = models.CharField(max_length=100)
    definition = models.JSONField(default=dict)
    people = models.BigIntegerField(null=True, help_text="How many there were at `counted_at`.")
    counted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "name"), name="one_segment_per_name"),)

    def __str__(self) -> str:
        return self.name
