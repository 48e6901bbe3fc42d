"""What the guard over special categories found."""

from django.db import models

from emailconcert.lib.tenancy import TenantModel


class SpecialCategoryFinding(TenantModel):
    """A name that was refused, or values that were kept out; the Data Protection Officer allows or upholds it.

    One row per account, name and category: once allowed, what has this name passes.
    """

    class State(models.TextChoices):
        OPEN = "open", "To be decided"
        ALLOWED = "allowed", "Allowed"
        UPHELD = "upheld", "Upheld"

    class About(models.TextChoices):
        NAME = "name", "Name"
        VALUE = "value", "Values"

    about = models.CharField(max_length=5, choices=About)
    place = models.CharField(max_length=30, help_text="What is named, or the way the values came: import, form, api…")
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200, help_text="The name without case and accents.")
    category = models.CharField(max_length=20)
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    sealed_sample = models.BinaryField(null=True, help_text="One value, for the decision; gone once decided.")
    times = models.PositiveIntegerField(default=1)
    found_at = models.DateTimeField()
    last_found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "name_key", "category"), name="one_finding_per_name"),
        )
        indexes = (models.Index(fields=("state", "-found_at"), name="findings_to_decide"),)
