"""Where a provider reports what became of messages that went through it."""

from django.db import models

from delivery.models import Connection
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class WebhookDoor(TenantModel):
    """One connection's address for events. Its token is signed and names this row; the secret proves who reports."""

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, related_name="webhook_doors")
    sealed_secret = models.BinaryField(help_text="The provider's signing key, or a password that we made, sealed.")
    created_at = models.DateTimeField()
    last_event_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "connection"), name="one_webhook_per_connection"),)
