"""Mail to the platform's bounce addresses that nobody understood, kept for a person to look at. A platform table."""

from django.db import models


class ReviewMail(models.Model):
    """One mail, sealed. Once somebody decided, its text goes and what was decided stays until it is swept."""

    class Decision(models.TextChoices):
        HARD = "hard", "A hard bounce"
        SOFT = "soft", "A soft bounce"
        COMPLAINT = "complaint", "A complaint"
        IGNORED = "ignored", "Nothing"

    received_at = models.DateTimeField()
    content_hash = models.BinaryField(max_length=32, unique=True, help_text="So that the same mail is kept once.")
    sealed_content = models.BinaryField(null=True, help_text="The mail, sealed; emptied by the decision.")
    why = models.CharField(max_length=200, help_text="What was not understood.")
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, null=True, related_name="+")
    mailing_id = models.BigIntegerField(null=True, help_text="By the token that the mail was sent to.")
    sequence = models.IntegerField(null=True)
    contact_id = models.BigIntegerField(null=True)
    decision = models.CharField(max_length=9, choices=Decision, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("decision", "received_at"), name="review_mail_waiting"),)
