"""Codes mailed to a contact, which open what is stored of them on their preference page."""

from django.db import models
from django.db.models.functions import Now

from contacts.models.people import Contact
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class MailedCode(TenantModel):
    """The last code mailed to one contact: 6 digits, kept as a keyed hash, 10 minutes, 5 tries, used once."""

    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="codes", db_index=False)
    code_hash = models.BinaryField(max_length=32)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "contact"), name="one_code_per_contact"),)
