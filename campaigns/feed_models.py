"""Tables of feeds: somebody else's news that become campaigns on a schedule."""

from django.db import models

from campaigns.models import Campaign
from emailconcert.lib.tenancy import TenantForeignKey, TenantModel


class Feed(TenantModel):
    """A feed's address, and when its news are mailed. What is said to whom is its pattern's to tell."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"

    class Every(models.TextChoices):
        DAY = "day", "Every day"
        WEEK = "week", "Every week"
        MONTH = "month", "Every month"

    name = models.CharField(max_length=120)
    url = models.TextField()
    pattern = TenantForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="feeds", help_text="Each run becomes a copy of it."
    )
    state = models.CharField(max_length=6, choices=State, default=State.PAUSED)
    every = models.CharField(max_length=5, choices=Every, default=Every.WEEK)
    weekday = models.PositiveSmallIntegerField(default=0, help_text="0: Monday; for each week.")
    month_day = models.PositiveSmallIntegerField(
        default=1, help_text="For each month; the last day where it is shorter."
    )
    clock = models.TimeField()
    zone = models.CharField(max_length=64)
    most_items = models.PositiveSmallIntegerField(default=5)
    only_if_new = models.BooleanField(default=True)
    by_itself = models.BooleanField(default=False, help_text="Sent without anybody's looking; else a draft is made.")
    begin_with = models.PositiveSmallIntegerField(
        default=0, help_text="How many of the items there were are mailed too."
    )
    next_at = models.DateTimeField(null=True, help_text="When it runs next; none while it is paused.")
    retry_at = models.DateTimeField(null=True, help_text="When what failed is tried again.")
    problem = models.CharField(max_length=300, blank=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="Runs that failed one after the other.")
    wanted_at = models.DateTimeField(null=True, help_text="When somebody last wanted it looked at.")
    looked_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    etag = models.CharField(max_length=200, blank=True)
    modified = models.CharField(max_length=100, blank=True)
    title = models.CharField(max_length=300, blank=True)
    link = models.TextField(blank=True)
    items = models.JSONField(default=list, help_text="Its newest items, as they were when it was last looked at.")
    begun_at = models.DateTimeField(null=True, help_text="When the items were noted that are not mailed.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "pattern"), name="one_feed_per_pattern"),)
        indexes = (
            models.Index(fields=("next_at",), condition=models.Q(next_at__isnull=False), name="feeds_by_next"),
            models.Index(fields=("wanted_at",), condition=models.Q(wanted_at__isnull=False), name="feeds_wanted"),
        )

    def __str__(self) -> str:
        return self.name


class FeedRun(TenantModel):
    """One time that a feed was due, and what came of it."""

    class State(models.TextChoices):
        MADE = "made", "Made a campaign"
        NOTHING = "nothing", "Nothing new"
        FAILED = "failed", "Failed"

    feed = TenantForeignKey(Feed, on_delete=models.CASCADE, related_name="runs", db_index=False)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State)
    ended_at = models.DateTimeField()
    items = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    campaign = TenantForeignKey(Campaign, on_delete=models.SET_NULL, null=True, related_name="feed_runs")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "feed", "due_at"), name="one_feed_run_per_time"),)


class FeedItem(TenantModel):
    """An item that a run has seen: it was mailed by that run, or is not to be mailed at all."""

    feed = TenantForeignKey(Feed, on_delete=models.CASCADE, related_name="seen_items", db_index=False)
    key_hash = models.BinaryField(
        max_length=32, help_text="SHA-256 of its identity, or of its address where it has none."
    )
    title = models.CharField(max_length=300, blank=True)
    url = models.TextField(blank=True)
    seen_at = models.DateTimeField()
    run = TenantForeignKey(FeedRun, on_delete=models.SET_NULL, null=True, related_name="mailed_items")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "feed", "key_hash"), name="one_feed_item_per_key"),)
