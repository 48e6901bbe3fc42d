"""Lists and who stands on them."""

from django.db import models
from django.db.models.functions import Now

from contacts.models.people import Contact
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class List(TenantModel):
    """What contacts subscribe to."""

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True, help_text="Shown on forms and preference pages.")
    is_public = models.BooleanField(default=True, help_text="Offered on preference pages.")
    double_opt_in = models.BooleanField(default=True)
    welcome_subject = models.CharField(max_length=150, blank=True, db_default="", help_text="Without one, no mail.")
    welcome_text = models.TextField(max_length=5000, blank=True, db_default="")
    sender_id = models.BigIntegerField(null=True, help_text="Of delivery's senders; the account's first without one.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "name"), name="one_list_per_name"),)

    def __str__(self) -> str:
        return self.name


class Subscription(TenantModel):
    """A contact's standing on one list."""

    class State(models.TextChoices):
        PENDING = "pending", "Not confirmed yet"
        SUBSCRIBED = "subscribed", "Subscribed"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"

    list = TenantForeignKey(List, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="subscriptions", db_index=False)
    state = models.CharField(max_length=12, choices=State)
    source = models.CharField(max_length=12, choices=Contact.Source)
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    unsubscribe_reason = models.CharField(max_length=200, blank=True, db_default="")
    welcomed_at = models.DateTimeField(null=True, help_text="When the welcome mail was asked for.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "list", "contact"), include=("state",), name="one_standing_per_list"
            ),
        )
        indexes = (models.Index(fields=("account", "contact"), name="subscriptions_of_contact"),)
