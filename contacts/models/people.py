"""Contacts and what is known of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Concat, Lower, Now, Trim

from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Contact(TenantModel):
    """A person an account may write to. `email` is normalised; `email_hash` is the account's keyed hash of it."""

    class Source(models.TextChoices):
        MEMBER = "member", "Added by a member"
        IMPORT = "import", "Import"
        FORM = "form", "Form"
        API = "api", "API"
        PREFERENCES = "preferences", "Preference centre"
        AUTOMATION = "automation", "Automation"
        DEMO = "demo", "Sample data"

    email = models.CharField(max_length=254)
    email_hash = models.BinaryField(max_length=32)
    first_name = models.CharField(max_length=100, blank=True, db_default="")
    last_name = models.CharField(max_length=100, blank=True, db_default="")
    language = models.CharField(max_length=10, blank=True, db_default="")
    country = models.CharField(max_length=2, blank=True, db_default="")
    time_zone = models.CharField(max_length=64, blank=True, db_default="")
    date_of_birth = models.DateField(null=True)
    gender = models.CharField(max_length=30, blank=True, db_default="")
    phone = models.CharField(max_length=20, blank=True, db_default="", help_text="E.164: +353861234567.")
    values = models.JSONField(
        default=dict, db_default={}, help_text="Custom values by field key, as `contacts.fields`."
    )
    sealed_values = models.BinaryField(null=True, help_text="Values of sensitive fields: sealed JSON by field key.")
    value_sources = models.JSONField(
        default=dict,
        db_default={},
        help_text="Field → [source, its id, when]; what is not named came in with the contact.",
    )
    source = models.CharField(max_length=12, choices=Source)
    source_id = models.BigIntegerField(null=True, help_text="Which import or form.")
    tracking_off = models.BooleanField(db_default=False)
    paused_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    # What the table is searched in and sorted by: the name, where there is one, before the address.
    search_key = models.GeneratedField(
        expression=Lower(Trim(Concat("first_name", models.Value(" "), "last_name", models.Value(" "), "email"))),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("account", "email"), name="one_contact_per_address"),
            models.UniqueConstraint(fields=("account", "email_hash"), name="one_contact_per_address_hash"),
        )
        indexes = (
            models.Index(fields=("account", "-created_at", "-id"), name="contact_by_age"),
            models.Index(fields=("account", "-updated_at", "-id"), name="contact_by_change"),
            models.Index(fields=("account", "search_key", "id"), name="contact_by_name"),
            models.Index(fields=("account", "source", "source_id"), name="contact_by_source"),
            models.Index(fields=("account", "country", "id"), name="contact_by_country"),
            models.Index(
                fields=("account", "paused_until"),
                condition=models.Q(paused_until__isnull=False),
                name="contacts_paused",
            ),
        )

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email


class DepartedContact(TenantModel):
    """A contact that was deleted, and whose it was: messages, opt-outs and bounces of then still belong to the person.

    No foreign key, because the contact is gone. The person may be in again, as another contact.
    """

    contact_id = models.BigIntegerField()
    email_hash = models.BinaryField(max_length=32)
    departed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "contact_id"), name="one_departure_per_contact"),)
        indexes = (models.Index(fields=("email_hash",), name="departures_of_address"),)


class CustomField(TenantModel):
    """A field that the account adds to its contacts."""

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        LONG_TEXT = "long_text", "Long text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        DATETIME = "datetime", "Date and time"
        BOOLEAN = "boolean", "Yes or no"
        CHOICE = "choice", "One of several"
        CHOICES = "choices", "Any of several"
        URL = "url", "Web address"

    key = models.SlugField(max_length=40)
    label = models.CharField(max_length=60)
    type = models.CharField(max_length=10, choices=Type, default=Type.TEXT)
    help = models.CharField(max_length=200, blank=True, db_default="")
    choices = ArrayField(models.CharField(max_length=100), default=list, db_default=[])
    required = models.BooleanField(default=False, db_default=False)
    default = models.CharField(max_length=200, blank=True, db_default="")
    sensitive = models.BooleanField(
        default=False, db_default=False, help_text="Kept sealed: not to be filtered by, shown on demand."
    )
    position = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "key"), name="one_field_per_key"),)


class Tag(TenantModel):
    """An internal label."""

    name = models.CharField(max_length=60)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "name"), name="one_tag_per_name"),)

    def __str__(self) -> str:
        return self.name


class ContactTag(TenantModel):
    """A tag on a contact."""

    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="tag_links", db_index=False)
    tag = TenantForeignKey(Tag, on_delete=models.CASCADE, related_name="contact_links", db_index=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "contact", "tag"), name="one_tag_per_contact"),)
        indexes = (models.Index(fields=("account", "tag"), name="contacts_by_tag"),)


class ContactEvent(TenantModel):
    """One entry of a contact's timeline that no other table tells: added, changed, subscribed and so on."""

    contact = TenantForeignKey(Contact, on_delete=models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=30)
    details = models.JSONField(default=dict, db_default={})

    class Meta:
        indexes = (models.Index(fields=("account", "contact", "-id"), name="timeline_of_contact"),)
