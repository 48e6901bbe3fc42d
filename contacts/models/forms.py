"""Hosted forms, their versions, what was sent in through them, and how many came."""

from django.db import models
from django.db.models.functions import Now

from contacts.models.people import Contact
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Form(TenantModel):
    """A sign-up form at /f/{slug}; the slug is unique on the platform, through the Directory."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0, help_text="The one that people see; 0 before the first.")
    draft = models.JSONField(default=dict, db_default={}, help_text="The blueprint as it is being edited.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "slug"), name="one_form_per_slug"),)

    def __str__(self) -> str:
        return self.name


class FormVersion(TenantModel):
    """A form as it was published: everything that people saw and agreed to. Never changed."""

    form = TenantForeignKey(Form, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    blueprint = models.JSONField(help_text="As `contacts.hosted.blueprint`.")
    wordings = models.JSONField(help_text="Language → consent → id of its archived wording.")
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "form", "number"), name="one_form_version"),)


class FormDay(TenantModel):
    """How often a form was seen, sent in and confirmed on one day (UTC). Numbers only, nobody is known by them."""

    form = TenantForeignKey(Form, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    views = models.PositiveIntegerField(default=0, db_default=0)
    submissions = models.PositiveIntegerField(default=0, db_default=0)
    confirmations = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "form", "day"), name="one_count_per_form_and_day"),)


class FormSubmission(TenantModel):
    """One submission. What was typed stays sealed here until the person confirms."""

    form = TenantForeignKey(Form, on_delete=models.CASCADE, related_name="submissions", db_index=False)
    contact = TenantForeignKey(Contact, on_delete=models.SET_NULL, null=True, related_name="submissions")
    email_hash = models.BinaryField(max_length=32)
    sealed_values = models.BinaryField(null=True)
    secret_hash = models.BinaryField(max_length=32, null=True)
    network = models.CharField(max_length=45, blank=True)
    form_version = models.PositiveIntegerField()
    language = models.CharField(max_length=10, blank=True, db_default="")
    submitted_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("account", "form", "-id"), name="submissions_of_form"),
            models.Index(fields=("account", "email_hash"), name="submissions_of_address"),
        )
