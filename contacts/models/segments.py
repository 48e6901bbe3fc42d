"""Saved filters."""

from django.db import models

from emailconcert.lib.tenancy import TenantModel


class Segment(TenantModel):
    """A saved, re-evaluated filter: a tree of conditions that `contacts.conditions` knows."""

    name = models.CharField(max_length=100)
    definition = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "name"), name="one_segment_per_name"),)

    def __str__(self) -> str:
        return self.name
