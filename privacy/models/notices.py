"""Versions of the privacy notice and the Terms."""

from django.db import models


class NoticeVersion(models.Model):
    """One text as it was posted. Platform table; never edited once in force."""

    class Document(models.TextChoices):
        NOTICE = "notice", "Privacy notice"
        TERMS = "terms", "Terms of service"

    document = models.CharField(max_length=10, choices=Document)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=10, default="en")
    text = models.TextField(help_text="Markdown.")
    effective_on = models.DateField()
    is_material = models.BooleanField(default=True)
    posted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("document", "version", "language"), name="one_text_per_version"),
        )

    def __str__(self) -> str:
        return f"{self.get_document_display()} {self.version}"
