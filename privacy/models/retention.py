"""When the retention sweeper ran."""

from django.db import models


class RetentionRun(models.Model):
    """One run of the sweeper over one class of data."""

    retention_class = models.CharField(max_length=40)
    ran_at = models.DateTimeField()
    rows = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("retention_class", "-ran_at"), name="last_run_of_class"),)
