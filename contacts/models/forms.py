"""Hosted forms and what was sent in through them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from contacts.models.lists import List
from contacts.models.people import Contact
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Form(TenantModel):
    """A sign-up form at /f/{slug}; the slug is unique on the platform, through the Directory."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=60)
    fields = ArrayField(models.CharField(max_length=40), default=list, help_text="Fields asked beside the address.")
    list = TenantForeignKey(List, on_delete=models.CASCADE, related_name="forms")
    title = models.CharField(max_length=150)
    intro = models.TextField(max_length=1000, blank=True)
    consent_wording = models.TextField(max_length=1000)
    button = models.CharField(max_length=40, default="Subscribe")
    thanks = models.TextField(max_length=1000, default="Thank you. You are subscribed.")
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "slug"), name="one_form_per_slug"),)

    def __str__(self) -> str:
        return self.name


class FormSubmission(TenantModel):
    """One submission. What was typed stays sealed here until the person confirms."""

    form = TenantForeignKey(Form, on_delete=models.CASCADE, related_name="submissions", db_index=False)
    contact = TenantForeignKey(Contact, on_delete=models.SET_NULL, null=True, related_name="submissions")
    email_hash = models.BinaryField(max_length=32)
    sealed_values = models.BinaryField(null=True)
    secret_hash = models.BinaryField(max_length=32, null=True)
    network = models.CharField(max_length=45, blank=True)
    form_version = models.PositiveIntegerField()
    submitted_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=("account", "form", "-id"), name="submissions_of_form"),
            models.Index(fields=("account", "email_hash"), name="submissions_of_address"),
        )
