"""Tables of what members keep to build mails from."""

from django.db import models

from emailconcert.lib.tenancy import TenantModel


class SavedBlock(TenantModel):
    """A part of a mail that the account keeps for the visual editor, as a small MJML mail of its own."""

    name = models.CharField(max_length=80)
    source = models.TextField()
    in_column = models.BooleanField(help_text="It stands in a column; otherwise it is a section of its own.")
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, help_text="It can be brought back for a day.")

    class Meta:
        indexes = (models.Index(fields=("account", "name"), name="saved_blocks_by_name"),)

    def __str__(self) -> str:
        return self.name
