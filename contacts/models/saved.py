"""How the table of contacts is looked at: views that the account shares, and each member's own columns."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from emailconcert.lib.tenancy import TenantModel


class SavedView(TenantModel):
    """Filters, order and columns under a name, for everybody in the account."""

    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True, help_text="As in the page's address.")
    columns = ArrayField(models.CharField(max_length=50), default=list, db_default=[])
    is_default = models.BooleanField(default=False, db_default=False, help_text="What the page of contacts opens with.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "name"), name="one_view_per_name"),
            models.UniqueConstraint(
                fields=("account",), condition=models.Q(is_default=True), name="one_default_view_per_account"
            ),
        )

    def __str__(self) -> str:
        return self.name


class TableColumns(TenantModel):
    """The columns that one member chose."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+", db_index=False)
    columns = ArrayField(models.CharField(max_length=50), default=list, db_default=[])

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "user"), name="one_choice_of_columns_per_member"),)
